"""Compile a field without a selection to an expression, from the declaration that the resolver uses too."""

from typing import Any

import graphene
from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import F
from django.db.models.expressions import Combinable
from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLOutputType,
    GraphQLScalarType,
)

from crm.actors import Actor
from crm.database.statements import NotCompilable
from crm.graphql.compiler.expressions import (
    Bounded,
    DateTime,
    Encoded,
    Float,
    Integer,
    Json,
    OrError,
    OrNull,
    Plain,
    Quoted,
)
from crm.graphql.core.arguments import enum_value
from crm.graphql.core.fields import Attribute, Computed, ModelField
from crm.graphql.core.large_columns import is_large

# Not the big ones: GraphQL's Int has 32 bits, so their values need a check.
SMALL = (models.IntegerField, models.SmallIntegerField)
TEXTS = (models.CharField, models.TextField)


def _find_column(model: type[models.Model], path: str) -> tuple[ModelField, bool]:
    """Return the column at the end of a path such as ``file__name``, and whether its value may be null."""
    nullable = False
    column: Any = None
    for name in path.split("__"):
        try:
            column = model._meta.get_field(name)
        except FieldDoesNotExist:
            raise NotCompilable("column") from None
        if not column.concrete:
            raise NotCompilable("column")
        # After a row that is missing, the value is null whatever the column says.
        nullable = nullable or column.null
        if column.is_relation:
            model = column.related_model
    return column, nullable


def is_large_field(declared: graphene.Field | None, name: str, model: type[models.Model]) -> bool:
    """Return whether a field reads a column whose values have no small bound."""
    path = declared.loads[0] if isinstance(declared, Attribute) else name
    try:
        return not isinstance(declared, Computed) and is_large(_find_column(model, path)[0])
    except NotCompilable:
        return False


def leaf(
    declared: graphene.Field,
    name: str,
    model: type[models.Model],
    kind: GraphQLOutputType,
    actor: Actor,
    *,
    most_bytes: int,
) -> Json:
    """Return the expression of a field without a selection, if it is exactly what the resolver returns.

    A large value is answered if it has no more than ``most_bytes``.
    """
    value_type = kind.of_type if isinstance(kind, GraphQLNonNull) else kind
    if isinstance(declared, Computed):
        expression, nullable = _computed(declared.expression(actor), value_type), True
    elif isinstance(declared, Attribute) and declared.plain:
        expression, nullable = _column(model, declared.loads[0], value_type, most_bytes)
    # A field that graphene-django made from the model: its default resolver reads the attribute.
    elif type(declared).__module__.startswith("graphene") and declared.resolver is None:
        expression, nullable = _column(model, name, value_type, most_bytes)
    else:
        raise NotCompilable(f"resolver of {name}")
    if not nullable:
        return expression
    return OrError(expression, F("pk")) if isinstance(kind, GraphQLNonNull) else OrNull(expression)


def _column(
    model: type[models.Model], path: str, kind: GraphQLOutputType, most_bytes: int
) -> tuple[Json, bool]:
    column, nullable = _find_column(model, path)
    # A foreign key has the values of the key that it refers to.
    stored: ModelField = getattr(column, "target_field", column)
    converted = _converted(F(path), stored, kind)
    if is_large(column):
        converted = Bounded(F(path), converted, most=most_bytes)
    return converted, nullable


def _converted(expression: Combinable, stored: ModelField, kind: GraphQLOutputType) -> Json:
    name = getattr(kind, "name", None)
    if isinstance(kind, GraphQLList):
        raise NotCompilable("list of values")
    if isinstance(kind, GraphQLEnumType):
        return _of_enum(expression, kind)
    match name:
        case "ID" if isinstance(stored, models.IntegerField | models.UUIDField):
            return Quoted(expression)
        case "String" if isinstance(stored, TEXTS):
            return Encoded(expression)
        case "Int" if isinstance(stored, models.BigIntegerField):
            return Integer(expression)
        case "Int" if isinstance(stored, SMALL):
            return Plain(expression)
        case "Float" if isinstance(stored, models.IntegerField | models.DecimalField | models.FloatField):
            return Float(expression)
        # As many digits behind the point as the column has, in both executors.
        case "Decimal" if isinstance(stored, models.DecimalField):
            return Quoted(expression)
        case "Boolean" if isinstance(stored, models.BooleanField):
            return Plain(expression)
        case "DateTime" if isinstance(stored, models.DateTimeField):
            return DateTime(expression)
        # To Django, a DateTimeField is a DateField too.
        case "Date" if isinstance(stored, models.DateField) and not isinstance(stored, models.DateTimeField):
            return Encoded(expression)
        case "Mixed" | "JSON" if isinstance(stored, models.JSONField):
            return Plain(expression)
    raise NotCompilable(f"{name} from {type(stored).__name__}")


def _computed(expression: Combinable, kind: GraphQLOutputType) -> Json:
    if isinstance(kind, GraphQLEnumType):
        return _of_enum(expression, kind)
    if not isinstance(kind, GraphQLScalarType):
        raise NotCompilable("computed object")
    match kind.name:
        case "Int":
            return Integer(expression)
        case "ID":
            return Quoted(expression)
        case "String" | "Boolean":
            return Encoded(expression)
    raise NotCompilable(f"computed {kind.name}")


def _of_enum(expression: Combinable, kind: GraphQLEnumType) -> Json:
    for name, value in kind.values.items():
        # The column holds the value, and the response has the name: only equal ones need no translation.
        if name != str(enum_value(value.value)):
            raise NotCompilable("enum of other values")
    return Encoded(expression)
