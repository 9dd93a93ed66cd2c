"""Relationships of people to leads."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.lists.columns import IdColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from leads.services import relationships
from people import models
from people.graphql.inputs import PeopleRelationshipInput
from people.graphql.types import PeopleRelationship

MAY = Action.CHANGE_LOOKUPS


class PeopleRelationshipFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "name")}

    id = IdColumn("id")
    name = TextColumn("name")
    description = TextColumn("description")

    class Meta:
        model = models.PeopleRelationship
        fields: list[str] = []


class RelationshipQuery(graphene.ObjectType):
    """What can be asked of relationships."""

    people_relationships = list_field("peopleRelationships", PeopleRelationship, PeopleRelationshipFilterSet)


class RelationshipMutation(graphene.ObjectType):
    """What can be changed about relationships."""

    create_people_relationship = MutationField(
        PeopleRelationship,
        name="createPeopleRelationship",
        permission=MAY,
        prefix="input",
        input=graphene.Argument(PeopleRelationshipInput, required=True),
    )
    update_people_relationship = MutationField(
        PeopleRelationship,
        name="updatePeopleRelationship",
        permission=MAY,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(PeopleRelationshipInput, required=True),
    )
    delete_people_relationship = MutationField(
        graphene.Boolean,
        name="deletePeopleRelationship",
        permission=MAY,
        id=graphene.ID(required=True),
        replacement_id=graphene.ID(),
    )

    @staticmethod
    def resolve_create_people_relationship(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        made = relationships.create_relationship(input, actor=actor_of(info))
        return refetch(info, PeopleRelationship, made)

    @staticmethod
    def resolve_update_people_relationship(
        _root: Any, info: GraphQLResolveInfo, *, id: str, input: Any
    ) -> Any:
        changed = relationships.update_relationship(id, input, actor=actor_of(info))
        return refetch(info, PeopleRelationship, changed)

    @staticmethod
    def resolve_delete_people_relationship(
        _root: Any, info: GraphQLResolveInfo, *, id: str, replacement_id: str | None = None
    ) -> bool:
        relationships.delete_relationship(id, actor=actor_of(info), replacement_key=replacement_id)
        return True
