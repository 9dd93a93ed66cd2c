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
from crm.services import records


class RecordQuery(graphene.ObjectType):
    """What can be asked of a record whatever its kind."""

    custom_field = Guarded(
        Mixed,
        name="customField",
        name_=graphene.Argument(graphene.String, name="name", required=True),
        entity_type=graphene.Argument(EntityType, required=True),
        entity_id=graphene.ID(required=True),
    )
    custom_fields = Guarded(
        graphene.List(graphene.NonNull(CustomField)),
        name="customFields",
        required=True,
        entity_type=graphene.Argument(EntityType, required=True),
        entity_id=graphene.ID(required=True),
    )

    @staticmethod
    def resolve_custom_field(
        _root: Any, info: GraphQLResolveInfo, *, name_: str, entity_type: Any, entity_id: str
    ) -> Any:
        fields = _record(info, entity_type, entity_id).custom_fields
        return fields.get(name_.strip())

    @staticmethod
    def resolve_custom_fields(
        _root: Any, info: GraphQLResolveInfo, *, entity_type: Any, entity_id: str
    ) -> Any:
        return _record(info, entity_type, entity_id).listed_custom_fields()


class RecordMutation(graphene.ObjectType):
    """What can be changed about a record whatever its kind."""

    attach_tag_to_entity = MutationField(
        graphene.Boolean,
        name="attachTagToEntity",
        permission=Action.CHANGE_TAGS,
        prefix="input",
        input=graphene.Argument(AttachTagEntityInput, required=True),
    )
    detach_tag_from_entity = MutationField(
        graphene.Boolean,
        name="detachTagFromEntity",
        permission=Action.CHANGE_TAGS,
        prefix="input",
        input=graphene.Argument(AttachTagEntityInput, required=True),
    )
    set_custom_field = MutationField(
        graphene.Boolean,
        name="setCustomField",
        permission=Action.CHANGE_PEOPLE,
        prefix="input",
        input=graphene.Argument(CustomFieldInput, required=True),
    )
    delete_custom_field = MutationField(
        graphene.Boolean,
        name="deleteCustomField",
        permission=Action.CHANGE_PEOPLE,
        prefix="input",
        input=graphene.Argument(CustomFieldInput, required=True),
    )

    @staticmethod
    def resolve_attach_tag_to_entity(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        return _tie(info, input, present=True)

    @staticmethod
    def resolve_detach_tag_from_entity(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        return _tie(info, input, present=False)

    @staticmethod
    def resolve_set_custom_field(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        return _set(info, input, _value(input))

    @staticmethod
    def resolve_delete_custom_field(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> bool:
        return _set(info, input, None)


def _record(info: GraphQLResolveInfo, entity_type: Any, key: str) -> Any:
    model, _update = records.UPDATES[getattr(entity_type, "value", entity_type)]
    return model.objects.find(actor_of(info), key, argument="entity_id")


def _tie(info: GraphQLResolveInfo, values: Mapping[str, Any], *, present: bool) -> bool:
    records.tie_tag(
        values["tag_id"],
        values["entity_type"],
        values["entity_id"],
        present=present,
        actor=actor_of(info),
    )
    return True


def _set(info: GraphQLResolveInfo, values: Mapping[str, Any], value: Any) -> bool:
    records.set_custom_field(
        values["name"], value, values["entity_type"], values["entity_id"], actor=actor_of(info)
    )
    return True


def _value(values: Mapping[str, Any]) -> Any:
    if "data" in values and "value" in values and values["data"] != values["value"]:
        raise ValidationError({"value": ["Give data or value, not both."]})
    return values["data"] if "data" in values else values.get("value")
