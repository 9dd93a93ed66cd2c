"""From ``orderBy`` to an order that always ends with the id."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import graphene
from django.db.models import F
from django.db.models.expressions import OrderBy

from crm.graphql.filters import ListFilterSet
from crm.graphql.inputs import column_enum, studly


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


def order(clauses: Sequence[Mapping[str, Any]] | None, filterset: type[ListFilterSet]) -> list[OrderBy | str]:
    """Give the order of a list: its clauses, rows without a value last, then the id."""
    expressions: list[OrderBy | str] = []
    columns = {column.name: column for column in filterset._meta.model._meta.concrete_fields}
    columns |= {column.attname: column for column in columns.values()}
    for clause in clauses or []:
        name = filterset.order_columns[getattr(clause["column"], "value", clause["column"])]
        descending = getattr(clause["order"], "value", clause["order"]) == Direction.DESC.value
        # Only columns that may be empty say where the empty ones go: the others can use their index.
        # What is computed for the list has no column that tells.
        nullable = name not in columns or columns[name].null
        expressions.append(OrderBy(F(name), descending=descending, nulls_last=True if nullable else None))
    return [*expressions, "pk"]
