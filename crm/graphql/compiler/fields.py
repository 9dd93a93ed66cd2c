"""A declared field as an expression of the database; both executors read the same declarations."""

from typing import Any

from django.db import models
from django.db.models import F
from graphql import (
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    get_nullable_type,
)

from crm.actors import Actor
from crm.database.statements import NotCompilable
from crm.graphql.compiler.expressions import Encoded, Float, Integer, Moment, OrError, OrNull, Plain, Quoted
from crm.graphql.core.fields import Attribute, Computed

SMALL = (models.IntegerField, models.SmallIntegerField)
TEXTS = (models.CharField, models.TextField)


def column_of(model: type[models.Model], path: str) -> Any:
    """Give the column at the end of a path such as ``file__name``, and whether it may be empty.

    :raises NotCompilable: if a part of the path is no column.
    """
    nullable = False
    column: Any = None
    for name in path.split("__"):
        try:
            column = model._meta.get_field(name)
        except models.FieldDoesNotExist:  # type: ignore[attr-defined]  # Django exports it
            raise NotCompilable("column") from None
        if not column.concrete:
            raise NotCompilable("column")
        nullable = nullable or column.null
        if column.is_relation:
            model = column.related_model
    return column, nullable


def leaf(declared: Any, name: str, model: type[models.Model], kind: Any, actor: Actor) -> Any:
    """Give the expression of a field without a selection.

    :param declared: the graphene field.
    :param kind: its type in the schema.
    :raises NotCompilable: if the database cannot give what the resolver gives.
    """
    if isinstance(declared, Computed):
        expression, nullable = _computed(declared.expression(actor), get_nullable_type(kind)), True
    elif isinstance(declared, Attribute) and declared.plain:
        expression, nullable = _column(model, declared.loads[0], get_nullable_type(kind))
    elif type(declared).__module__.startswith("graphene") and declared.resolver is None:
        expression, nullable = _column(model, name, get_nullable_type(kind))
    else:
        raise NotCompilable(f"resolver of {name}")
    if not nullable:
        return expression
    return OrError(expression, F("pk")) if isinstance(kind, GraphQLNonNull) else OrNull(expression)


def _column(model: type[models.Model], path: str, kind: Any) -> tuple[Any, bool]:
    column, nullable = column_of(model, path)
    # A key's own column holds what the column it points to holds.
    stored = column.target_field if column.is_relation else column
    return _converted(F(path), stored, kind), nullable


def _converted(expression: Any, stored: Any, kind: Any) -> Any:
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
        case "Boolean" if isinstance(stored, models.BooleanField):
            return Plain(expression)
        case "DateTime" if isinstance(stored, models.DateTimeField):
            return Moment(expression)
        case "Date" if isinstance(stored, models.DateField) and not isinstance(stored, models.DateTimeField):
            return Encoded(expression)
        case "Mixed" | "JSON" if isinstance(stored, models.JSONField):
            return Plain(expression)
    raise NotCompilable(f"{name} from {type(stored).__name__}")


def _computed(expression: Any, kind: Any) -> Any:
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


def _of_enum(expression: Any, kind: GraphQLEnumType) -> Any:
    for name, value in kind.values.items():
        if name != str(getattr(value.value, "value", value.value)):
            raise NotCompilable("enum of other values")
    return Encoded(expression)
