"""Mutations of many people."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.bulk import BulkResult, ids_argument
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from people.services import bulk

MAY = Action.CHANGE_PEOPLE


class PeopleBulkMutation(graphene.ObjectType):
    """What can be changed about many people."""

    delete_peoples = MutationField(BulkResult, name="deletePeoples", permission=MAY, ids=ids_argument())
    restore_peoples = MutationField(BulkResult, name="restorePeoples", permission=MAY, ids=ids_argument())

    @staticmethod
    def resolve_delete_peoples(_root: Any, info: GraphQLResolveInfo, *, ids: list[str]) -> Any:
        return bulk.delete_people(ids, actor=actor_of(info))

    @staticmethod
    def resolve_restore_peoples(_root: Any, info: GraphQLResolveInfo, *, ids: list[str]) -> Any:
        return bulk.restore_people(ids, actor=actor_of(info))
