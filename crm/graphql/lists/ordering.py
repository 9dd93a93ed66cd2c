"""The order of a list: the clauses of ``orderBy``, and then always the id."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import graphene
from django.db.models import F
from django.db.models.expressions import OrderBy

from crm.graphql.core.arguments import Values, column_enum, enum_value, studly
from crm.graphql.core.fields import ModelField
from crm.graphql.lists.columns import ListFilterSet


class Direction(Enum):
    """From the smallest to the largest, or the other way."""

    ASC = "ASC"
    DESC = "DESC"


SortOrder = graphene.Enum.from_enum(Direction, name="SortOrder")


def order_input(parent: str, field: str, filterset: type[ListFilterSet]) -> type[graphene.InputObjectType]:
    """Make the input type of one clause of a list's ``orderBy``, under Lighthouse's generated names."""
    base = f"{parent}{studly(field)}OrderBy"
    clause: type[graphene.InputObjectType] = type(
        f"{base}OrderByClause",
        (graphene.InputObjectType,),
        {
            "column": graphene.InputField(
                column_enum(f"{base}Column", filterset.order_columns), required=True
            ),
            "order": graphene.InputField(SortOrder, required=True),
        },
    )
    return clause


@dataclass(frozen=True)
class Key:
    """A column of an order, by its path from the row; rows without a value come last in both directions."""

    name: str
    field: ModelField
    nullable: bool
    descending: bool = False

    @property
    def expression(self) -> OrderBy:
        # PostgreSQL cannot use an ordinary index for NULLS LAST in descending order, so only a column that
        # has nulls says it.
        return OrderBy(F(self.name), descending=self.descending, nulls_last=True if self.nullable else None)


def order(clauses: Sequence[Values] | None, filterset: type[ListFilterSet]) -> tuple[Key, ...]:
    """Return the order of a list: its clauses, then the id, which makes it total."""
    keys: dict[str, Key] = {}
    for clause in clauses or []:
        name = filterset.order_columns[enum_value(clause["column"])]
        descending = enum_value(clause["order"]) == Direction.DESC.value
        # A column that comes a second time cannot change the order.
        keys.setdefault(name, Key(name, *_column(filterset, name), descending))
    return (*keys.values(), Key("pk", *_column(filterset, "pk")))


_columns: dict[tuple[type[ListFilterSet], str], tuple[ModelField, bool]] = {}


def _column(filterset: type[ListFilterSet], name: str) -> tuple[ModelField, bool]:
    """Return the field of a column, and whether it may be null."""
    if (filterset, name) not in _columns:
        _columns[filterset, name] = _find_column(filterset, name)
    return _columns[filterset, name]


def _find_column(filterset: type[ListFilterSet], name: str) -> tuple[ModelField, bool]:
    if name in filterset.computed_columns:
        computed = filterset.computed_columns[name]
        return computed, computed.null
    model = filterset.row_model
    nullable = False
    *relations, last = name.split("__")
    for each in relations:
        relation: Any = model._meta.get_field(each)
        nullable, model = nullable or relation.null, relation.related_model
    field: Any = model._meta.pk if last == "pk" else model._meta.get_field(last)
    # A foreign key has the values of the key that it refers to.
    return getattr(field, "target_field", field), nullable or field.null
