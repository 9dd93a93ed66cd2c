"""Mutations of tags."""

import graphene

from crm.actors import Action
from crm.graphql.core.mutations import create_mutation, delete_mutation, update_mutation
from crm.graphql.inputs import TagInput
from crm.graphql.types import Tag
from crm.services import tags

PERMISSION = Action.CHANGE_TAGS


class Mutation(graphene.ObjectType):
    create_tag = create_mutation(Tag, tags.create_tag, TagInput, permission=PERMISSION)
    update_tag = update_mutation(Tag, tags.update_tag, TagInput, permission=PERMISSION)
    delete_tag = delete_mutation(tags.delete_tag, permission=PERMISSION)
