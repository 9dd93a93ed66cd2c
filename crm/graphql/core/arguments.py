"""Clean the arguments of a field, and name them in errors."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any

import graphene
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from graphql import (
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLResolveInfo,
    GraphQLScalarType,
)

from crm.errors import NotFound
from crm.texts import normalized, normalized_json

#: Coerced values by name: a field's arguments, or an input object. The schema, not Python, has their types.
Values = Mapping[str, Any]


def studly(name: str) -> str:
    return name[0].upper() + name[1:]


def enum_value(value: object) -> Any:
    """Return the value of an enum member; any other value as it is."""
    return getattr(value, "value", value)


def column_enum(name: str, columns: Iterable[str]) -> type[graphene.Enum]:
    """Make the enum of a list's columns: the upper-case name stands for the column."""
    enum: type[graphene.Enum] = graphene.Enum(name, [(column.upper(), column) for column in columns])
    return enum


def choice_enum(
    name: str,
    choices: Iterable[str],
    description: str | None = None,
    descriptions: Mapping[str, str] | None = None,
) -> type[graphene.Enum]:
    """Make an enum whose names are the stored values, such as the values of Django's ``TextChoices``.

    :param descriptions: descriptions of its values.
    """

    def described(member: Any) -> str | None:
        return description if member is None else (descriptions or {}).get(member.value)

    options = {"description": described} if description else {}
    enum: type[graphene.Enum] = graphene.Enum(name, [(choice, choice) for choice in choices], **options)
    return enum


def clean_arguments(info: GraphQLResolveInfo, arguments: Values) -> dict[str, Any]:
    """Return the coerced arguments of a field as plain values; absent ones stay absent.

    Strings are trimmed and in NFC, also in a ``Mixed``; an empty one becomes null where null is legal.
    """
    declared = info.parent_type.fields[info.field_name].args
    # graphene hands out an argument under its Python name, which may differ from its name in the API.
    by_python_name = {(argument.out_name or name): argument.type for name, argument in declared.items()}
    return {name: _clean(value, by_python_name[name]) for name, value in arguments.items()}


def _clean(value: Any, type_: GraphQLInputType, *, nullable: bool = True) -> Any:
    if isinstance(type_, GraphQLNonNull):
        return _clean(value, type_.of_type, nullable=False)
    if value is None:
        return None
    if isinstance(type_, GraphQLList):
        return [_clean(item, type_.of_type) for item in value]
    if isinstance(type_, GraphQLInputObjectType):
        types = {(field.out_name or name): field.type for name, field in type_.fields.items()}
        return {name: _clean(item, types[name]) for name, item in value.items()}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str) and isinstance(type_, GraphQLScalarType):
        text = normalized(value.strip())
        # Only for String: an empty ID or Mixed is a value that the service refuses or keeps.
        return None if text == "" and nullable and type_.name == "String" else text
    if isinstance(value, dict | list):
        return normalized_json(value)
    return value


@contextmanager
def input_paths(
    prefix: str, names: Mapping[str, str], *, outside: Collection[str] = ("id",)
) -> Iterator[None]:
    """Rename the fields in a service's errors to the paths of the input that caused them.

    ``prefix`` is the argument that holds the input, if any; arguments ``outside`` of it get no prefix.
    ``names`` are the API's names of model fields, where they differ.
    """

    def path(key: str) -> str:
        if key == NON_FIELD_ERRORS:
            return prefix or "input"
        head, dot, rest = key.partition(".")
        renamed = f"{names.get(head, head)}{dot}{rest}"
        return f"{prefix}.{renamed}" if prefix else renamed

    try:
        yield
    except ValidationError as refused:
        by_field = (
            refused.message_dict if hasattr(refused, "error_dict") else {NON_FIELD_ERRORS: refused.messages}
        )
        raise ValidationError({path(key): messages for key, messages in by_field.items()}) from refused
    except NotFound as missing:
        argument = missing.details["argument"]
        raise NotFound(argument if argument in outside else path(argument)) from missing
