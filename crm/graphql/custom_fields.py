"""Definitions of custom fields."""

from typing import Any

import graphene
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action
from crm.graphql.core.fields import Attribute
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import ChoiceColumn, IdColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from crm.services import custom_field_definitions as definitions

CustomFieldKind = graphene.Enum(
    "CustomFieldKind", [(value, value) for value in models.CustomFieldKind.values]
)


class CustomFieldDefinition(DjangoObjectType):
    """The type of a custom field of one kind of record."""

    class Meta:
        model = models.CustomFieldDefinition
        convert_choices_to_enum = False
        fields = ("id", "name", "label", "required", "weight", "created_at", "updated_at")

    model = Attribute(EntityType, "model", required=True)
    kind = Attribute(CustomFieldKind, "kind", required=True)
    choices = Attribute(graphene.List(graphene.NonNull(graphene.String)), "choices", required=True)


class CustomFieldDefinitionInput(graphene.InputObjectType):
    model = EntityType()
    name = graphene.String()
    label = graphene.String()
    kind = CustomFieldKind()
    choices = graphene.List(graphene.NonNull(graphene.String))
    required = graphene.Boolean()
    weight = graphene.Int()


class CustomFieldDefinitionFilterSet(ListFilterSet):
    order_columns = {name: name for name in ("id", "name", "weight")}

    id = IdColumn("id")
    model = ChoiceColumn("model", words=models.EntityKind.values)
    name = TextColumn("name")
    kind = ChoiceColumn("kind", words=models.CustomFieldKind.values)

    class Meta:
        model = models.CustomFieldDefinition
        fields: list[str] = []


class CustomFieldQuery(graphene.ObjectType):
    """What is defined."""

    custom_field_definitions = list_field(
        "customFieldDefinitions", CustomFieldDefinition, CustomFieldDefinitionFilterSet
    )


class CustomFieldMutation(graphene.ObjectType):
    """How it is defined."""

    create_custom_field_definition = MutationField(
        CustomFieldDefinition,
        name="createCustomFieldDefinition",
        permission=Action.CHANGE_LOOKUPS,
        prefix="input",
        input=graphene.Argument(CustomFieldDefinitionInput, required=True),
    )
    update_custom_field_definition = MutationField(
        CustomFieldDefinition,
        name="updateCustomFieldDefinition",
        permission=Action.CHANGE_LOOKUPS,
        prefix="input",
        id=graphene.ID(required=True),
        input=graphene.Argument(CustomFieldDefinitionInput, required=True),
    )
    delete_custom_field_definition = MutationField(
        graphene.Boolean,
        name="deleteCustomFieldDefinition",
        permission=Action.CHANGE_LOOKUPS,
        id=graphene.ID(required=True),
    )

    @staticmethod
    def resolve_create_custom_field_definition(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        made = definitions.create_definition(input, actor=actor_of(info))
        return refetch(info, CustomFieldDefinition, made)

    @staticmethod
    def resolve_update_custom_field_definition(
        _root: Any, info: GraphQLResolveInfo, *, id: str, input: Any
    ) -> Any:
        changed = definitions.update_definition(id, input, actor=actor_of(info))
        return refetch(info, CustomFieldDefinition, changed)

    @staticmethod
    def resolve_delete_custom_field_definition(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        definitions.delete_definition(id, actor=actor_of(info))
        return True
