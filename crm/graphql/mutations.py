"""How a mutation is declared, and the mutations of the shared kernel."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.inputs import TagInput
from crm.graphql.types import Tag
from crm.services import tags


class Mutation(graphene.ObjectType):
    """What the shared kernel changes."""

    create_tag = MutationField(
        Tag,
        name="createTag",
        permission=Action.CHANGE_TAGS,
        prefix="input",
        input=graphene.Argument(TagInput, required=True),
    )
    update_tag = MutationField(
        Tag,
        name="updateTag",
        permission=Action.CHANGE_TAGS,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(TagInput, required=True),
    )
    delete_tag = MutationField(
        graphene.Boolean, name="deleteTag", permission=Action.CHANGE_TAGS, id=graphene.ID(required=True)
    )

    @staticmethod
    def resolve_create_tag(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, Tag, tags.create_tag(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_tag(_root: Any, info: GraphQLResolveInfo, *, id: str, input: Any) -> Any:
        return refetch(info, Tag, tags.update_tag(id, input, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_tag(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        tags.delete_tag(id, actor=actor_of(info))
        return True
