"""Read a list to its end, by page numbers or by cursors."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from crm.actors import Actor
from crm.graphql.core.arguments import studly
from crm.graphql.lists.paginator import ListField
from tests.clients import GraphQLSchema, data

QUERY: Any = GraphQLSchema.query_type
LISTS: Mapping[str, ListField] = {
    declared.name or name: declared
    for name, declared in QUERY.graphene_type._meta.fields.items()
    if isinstance(declared, ListField)
}
Clauses = Sequence[Mapping[str, str]]


def document(field: str, *, further: str = "") -> str:
    """Return the query of a page of a list, with size, number, cursor and order as variables.

    :param further: other arguments that the list requires.
    """
    order = f"Query{studly(field)}OrderByOrderByClause"
    return (
        f"query($first: Int!, $page: Int, $after: String, $orderBy: [{order}!]) {{ {field}(first: $first,"
        f" page: $page, after: $after, orderBy: $orderBy{further})"
        " { data { id } paginatorInfo { endCursor hasMorePages } } }"
    )


def by_pages(field: str, order: Clauses, *, first: int, actor: Actor, further: str = "") -> list[str]:
    """Return the ids of all rows of a list, read by page numbers."""
    found: list[str] = []
    for page in range(1, 1000):
        variables = {"first": first, "page": page, "orderBy": order}
        answer = data(document(field, further=further), actor=actor, variables=variables)[field]
        found += [row["id"] for row in answer["data"]]
        if not answer["paginatorInfo"]["hasMorePages"]:
            break
    return found


def by_cursors(
    field: str,
    order: Clauses,
    *,
    first: int,
    actor: Actor,
    further: str = "",
    between: Callable[[], None] = lambda: None,
) -> list[str]:
    """Return the ids of all rows of a list, read by cursors.

    :param between: called after each page.
    """
    found: list[str] = []
    after = None
    for _ in range(1000):
        variables = {"first": first, "after": after, "orderBy": order}
        answer = data(document(field, further=further), actor=actor, variables=variables)[field]
        found += [row["id"] for row in answer["data"]]
        info = answer["paginatorInfo"]
        assert (info["endCursor"] is None) == (not answer["data"])
        if not info["hasMorePages"]:
            break
        after = info["endCursor"]
        between()
    return found
