"""From ``orderBy`` to an order that always ends with the id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

import graphene
from django.db.models import F, Field
from django.db.models.expressions import OrderBy

from crm.graphql.core.arguments import column_enum, studly
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
    """One column of an order.

    :param name: path of the column from the row.
    :param field: what the column holds.
    :param nullable: whether a row may have no value in it; such rows come last, both ways.
    """

    name: str
    field: Field[Any, Any]
    nullable: bool
    descending: bool = False

    @property
    def expression(self) -> OrderBy:
        # Only columns that may be empty say where the empty ones go: the others can use their index.
        return OrderBy(F(self.name), descending=self.descending, nulls_last=True if self.nullable else None)


def order(clauses: Sequence[Mapping[str, Any]] | None, filterset: type[ListFilterSet]) -> tuple[Key, ...]:
    """Give the order of a list: its clauses, then the id; a column that comes again decides nothing."""
    keys: dict[str, Key] = {}
    columns_of: Any = filterset
    for clause in clauses or []:
        name = filterset.order_columns[getattr(clause["column"], "value", clause["column"])]
        descending = getattr(clause["order"], "value", clause["order"]) == Direction.DESC.value
        keys.setdefault(name, Key(name, *_held(columns_of, name), descending))
    return (*keys.values(), Key("pk", *_held(columns_of, "pk")))


@cache
def _held(filterset: type[ListFilterSet], name: str) -> tuple[Field[Any, Any], bool]:
    """Give what a column holds, and whether it may be empty."""
    if name in filterset.computed_columns:
        computed = filterset.computed_columns[name]
        return computed, computed.null
    model = filterset.row_model
    nullable = False
    *steps, last = name.split("__")
    for step in steps:
        relation: Any = model._meta.get_field(step)
        nullable, model = nullable or relation.null, relation.related_model
    field: Any = model._meta.pk if last == "pk" else model._meta.get_field(last)
    return getattr(field, "target_field", field), nullable or field.null
