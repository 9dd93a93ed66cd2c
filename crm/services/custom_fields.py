"""The custom fields of a record, merged by name."""

from collections.abc import Iterable
from typing import Required, TypedDict

from django.core.exceptions import ValidationError

from crm.custom_field_values import written
from crm.models.custom_fields import (
    LONGEST_NAME,
    NOT_STORABLE,
    CustomFieldDefinition,
    WithCustomFields,
    is_storable,
)
from crm.texts import is_blank, name_key, normalized_json, single_line


class CustomFieldValues(TypedDict, total=False):
    """The input of one custom field, with its value as ``data`` or as ``value``."""

    name: Required[str]
    data: object
    value: object
    #: Whether the value is the text of a file, which may stand for a value that is no text.
    is_written: bool


def merge(record: WithCustomFields, values: Iterable[CustomFieldValues] | None) -> None:
    """Set the given custom fields of a record in memory; null removes one, no list removes all.

    A defined field goes by the name and in the form of its definition.

    :raises ValidationError: keyed ``custom_fields.N.name`` or ``.value``.
    """
    merged = {} if values is None else dict(record.custom_fields)
    for index, item in enumerate(values or ()):
        name = single_line(item["name"])
        if is_blank(name) or len(name) > LONGEST_NAME:
            raise ValidationError(
                {f"custom_fields.{index}.name": [f"A name has 1 to {LONGEST_NAME} characters."]}
            )
        # Both names mean the same, so a client may send both if they agree.
        if "data" in item and "value" in item and item["data"] != item["value"]:
            raise ValidationError({f"custom_fields.{index}.value": ["Give data or value, not both."]})
        value = item["data"] if "data" in item else item.get("value")
        # Before anything walks through it: the depth of a value is bounded here.
        if not is_storable(value):
            raise ValidationError({f"custom_fields.{index}.value": [NOT_STORABLE]})
        value = normalized_json(value)
        definition = record.definitions().get(name_key(name))
        stored = merged.get(name if definition is None else definition.name)
        if item.get("is_written") and stored is not None and written(stored) == value:
            continue
        if definition is not None:
            name, value = definition.name, _read(definition, value, path=f"custom_fields.{index}.value")
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = value
    record.custom_fields = merged


def _read(definition: CustomFieldDefinition, value: object, *, path: str) -> object:
    try:
        read = None if value is None else definition.read(value)
    except ValueError as refused:
        raise ValidationError({path: [str(refused)]}) from refused
    if read is None and definition.required:
        raise ValidationError({path: ["This field is required."]})
    return read
