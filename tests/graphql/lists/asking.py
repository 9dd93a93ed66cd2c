"""Query a list by its arguments."""

from typing import Any

from crm.actors import Actor
from crm.graphql.core.arguments import studly
from tests.clients import data, refusal

#: The lists that have a search.
SEARCHED = {"agents", "companies", "leads", "members", "organizations", "peoples", "tags", "users"}


def document(field: str, selection: str = "id") -> str:
    """Return the query of a list with its filters, its order and, if it has one, its search."""
    searched = field in SEARCHED
    name = f"Query{studly(field)}"
    return (
        f"query($where: {name}WhereWhereConditions, $orderBy: [{name}OrderByOrderByClause!]"
        f"{', $search: String' if searched else ''}) {{ {field}(where: $where, orderBy: $orderBy, first: 100"
        f"{', search: $search' if searched else ''}) {{ data {{ {selection} }} }} }}"
    )


def listed(field: str, column: str, *, actor: Actor, **arguments: Any) -> list[Any]:
    """Query a list, and return one column of its rows in order."""
    rows = data(document(field, column), actor=actor, variables=arguments)[field]["data"]
    return [row[column] for row in rows]


def refused(field: str, *, actor: Actor, **arguments: Any) -> tuple[str, dict[str, Any]]:
    """Query a list that is refused, and return the message and the extensions of the error."""
    error = refusal(document(field), actor=actor, variables=arguments)
    return error["message"], error["extensions"]


def where(column: str, operator: str | None = None, *value: Any) -> dict[str, Any]:
    """Return a condition; without an operator it is EQ, without a value it has none."""
    condition: dict[str, Any] = {"column": column}
    if operator is not None:
        condition["operator"] = operator
    if value:
        condition["value"] = value[0]
    return condition
