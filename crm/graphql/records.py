"""Tags and custom fields of a record of any kind."""

from collections.abc import Mapping
from typing import Any

import graphene
from django.core.exceptions import ValidationError
from graphql import GraphQLResolveInfo

from crm.actors import Action
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.scalars import Mixed
from crm.graphql.inputs import AttachTagEntityInput, CustomFieldInput, EntityType
from crm.graphql.types import CustomField
from crm.records.registry import find_record
from crm.services import records

#: The input of a mutation here, cleaned.
Input = Mapping[str, Any]


class RecordQuery(graphene.ObjectType):
    custom_field = Guarded(
        Mixed,
        name_=graphene.Argument(graphene.String, name="name", required=True),
        entity_type=graphene.Argument(EntityType, required=True),
        entity_id=graphene.ID(required=True),
    )
    custom_fields = Guarded(
        graphene.List(graphene.NonNull(CustomField)),
        required=True,
        entity_type=graphene.Argument(EntityType, required=True),
        entity_id=graphene.ID(required=True),
    )

    @staticmethod
    def resolve_custom_field(
        _root: object, info: GraphQLResolveInfo, *, name_: str, entity_type: str, entity_id: str
    ) -> object:
        return find_record(entity_type, entity_id, actor_of(info)).custom_fields.get(name_.strip())

    @staticmethod
    def resolve_custom_fields(
        _root: object, info: GraphQLResolveInfo, *, entity_type: str, entity_id: str
    ) -> list[dict[str, Any]]:
        return find_record(entity_type, entity_id, actor_of(info)).listed_custom_fields()


class RecordMutation(graphene.ObjectType):
    attach_tag_to_entity = MutationField(
        graphene.Boolean,
        permission=Action.CHANGE_TAGS,
        prefix="input",
        input=graphene.Argument(AttachTagEntityInput, required=True),
    )
    detach_tag_from_entity = MutationField(
        graphene.Boolean,
        permission=Action.CHANGE_TAGS,
        prefix="input",
        input=graphene.Argument(AttachTagEntityInput, required=True),
    )
    set_custom_field = MutationField(
        graphene.Boolean,
        permission=Action.CHANGE_PEOPLE,
        prefix="input",
        input=graphene.Argument(CustomFieldInput, required=True),
    )
    delete_custom_field = MutationField(
        graphene.Boolean,
        permission=Action.CHANGE_PEOPLE,
        prefix="input",
        input=graphene.Argument(CustomFieldInput, required=True),
    )

    @staticmethod
    def resolve_attach_tag_to_entity(_root: object, info: GraphQLResolveInfo, *, input: Input) -> bool:
        records.attach_tag(input["tag_id"], input["entity_type"], input["entity_id"], actor=actor_of(info))
        return True

    @staticmethod
    def resolve_detach_tag_from_entity(_root: object, info: GraphQLResolveInfo, *, input: Input) -> bool:
        records.detach_tag(input["tag_id"], input["entity_type"], input["entity_id"], actor=actor_of(info))
        return True

    @staticmethod
    def resolve_set_custom_field(_root: object, info: GraphQLResolveInfo, *, input: Input) -> bool:
        return _set_custom_field(info, input, _value(input))

    @staticmethod
    def resolve_delete_custom_field(_root: object, info: GraphQLResolveInfo, *, input: Input) -> bool:
        return _set_custom_field(info, input, None)


def _set_custom_field(info: GraphQLResolveInfo, values: Input, value: object) -> bool:
    records.set_custom_field(
        values["name"], value, values["entity_type"], values["entity_id"], actor=actor_of(info)
    )
    return True


def _value(values: Input) -> object:
    # The input type has two names for the value.
    if "data" in values and "value" in values and values["data"] != values["value"]:
        raise ValidationError({"value": ["Give data or value, not both."]})
    return values["data"] if "data" in values else values.get("value")
