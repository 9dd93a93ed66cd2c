"""Definitions of custom fields."""

import graphene
from graphene_django import DjangoObjectType

from crm import models
from crm.actors import Action
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.fields import Attribute
from crm.graphql.core.mutations import create_mutation, delete_mutation, update_mutation
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import ChoiceColumn, IdColumn, ListFilterSet, TextColumn
from crm.graphql.lists.paginator import list_field
from crm.services import custom_field_definitions as definitions

PERMISSION = Action.CHANGE_LOOKUPS
CustomFieldKind = choice_enum("CustomFieldKind", models.CustomFieldKind.values)


class CustomFieldDefinition(DjangoObjectType):
    """The type of a custom field of one kind of record."""

    class Meta:
        model = models.CustomFieldDefinition
        fields = ("id", "name", "label", "required", "weight", "created_at", "updated_at")

    model = Attribute(EntityType, "model", required=True)
    kind = Attribute(CustomFieldKind, "kind", required=True)
    choices = Attribute(graphene.List(graphene.NonNull(graphene.String)), "choices", required=True)


class CustomFieldDefinitionInput(graphene.InputObjectType):
    model = EntityType()
    # Optional for updates; the service requires model and name for a new definition.
    name = graphene.String()
    label = graphene.String()
    kind = CustomFieldKind()
    choices = graphene.List(graphene.NonNull(graphene.String))
    required = graphene.Boolean()
    weight = graphene.Int()


class CustomFieldDefinitionFilterSet(ListFilterSet):
    row_model = models.CustomFieldDefinition
    order_columns = {name: name for name in ("id", "name", "weight")}

    id = IdColumn("id")
    model = ChoiceColumn("model", words=models.EntityKind.values)
    name = TextColumn("name")
    kind = ChoiceColumn("kind", words=models.CustomFieldKind.values)


class CustomFieldQuery(graphene.ObjectType):
    custom_field_definitions = list_field(
        "customFieldDefinitions", CustomFieldDefinition, CustomFieldDefinitionFilterSet
    )


class CustomFieldMutation(graphene.ObjectType):
    create_custom_field_definition = create_mutation(
        CustomFieldDefinition,
        definitions.create_definition,
        CustomFieldDefinitionInput,
        permission=PERMISSION,
    )
    update_custom_field_definition = update_mutation(
        CustomFieldDefinition,
        definitions.update_definition,
        CustomFieldDefinitionInput,
        permission=PERMISSION,
    )
    delete_custom_field_definition = delete_mutation(definitions.delete_definition, permission=PERMISSION)
