"""Mutations of many people."""

import graphene

from crm.actors import Action
from crm.graphql.core.mutations import bulk_mutation
from people.services import bulk

PERMISSION = Action.CHANGE_PEOPLE


class PeopleBulkMutation(graphene.ObjectType):
    delete_peoples = bulk_mutation(bulk.delete_people, name="deletePeoples", permission=PERMISSION)
    restore_peoples = bulk_mutation(bulk.restore_people, name="restorePeoples", permission=PERMISSION)
