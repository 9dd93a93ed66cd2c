"""Asking a list for rows, in the words of its arguments."""

from typing import Any

from crm.actors import Actor
from crm.graphql.core.arguments import studly
from tests.clients import data, refusal

SEARCHED = {"agents", "companies", "leads", "members", "organizations", "peoples", "tags", "users"}


def document(field: str, selection: str = "id") -> str:
    """Give the query of a list by where, order and search, which only some lists have."""
    searched = field in {
        "agents",
        "companies",
        "leads",
        "members",
        "organizations",
        "peoples",
        "tags",
        "users",
    }
    name = f"Query{studly(field)}"
    return (
        f"query($where: {name}WhereWhereConditions, $orderBy: [{name}OrderByOrderByClause!]"
        f"{', $search: String' if searched else ''}) {{ {field}(where: $where, orderBy: $orderBy, first: 100"
        f"{', search: $search' if searched else ''}) {{ data {{ {selection} }} }} }}"
    )


def listed(field: str, column: str, *, actor: Actor, **arguments: Any) -> list[Any]:
    """Give one column of the rows that a list answers, in the order of the answer."""
    rows = data(document(field, column), actor=actor, variables=arguments)[field]["data"]
    return [row[column] for row in rows]


def refused(field: str, *, actor: Actor, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """Give message and extensions of a list's refusal."""
    error = refusal(document(field), actor=actor, variables=arguments)
    return error["message"], error["extensions"]


def where(column: str, operator: str | None = None, *value: Any) -> dict[str, Any]:
    """Give a condition; without an operator it is EQ, without a value it has none."""
    condition: dict[str, Any] = {"column": column}
    if operator is not None:
        condition["operator"] = operator
    if value:
        condition["value"] = value[0]
    return condition
