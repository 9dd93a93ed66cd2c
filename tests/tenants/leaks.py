"""Find data of another company in an answer."""

import json
from collections.abc import Iterator
from typing import Any

from crm.actors import Actor
from crm.models import Filesystem
from tests.clients import GraphQLSchema, data
from tests.tenants.world import MARK, Side

#: Types that are no model's, by the table of the rows behind them.
TABLES = {"Filesystem": Filesystem._meta.db_table}
#: Types whose ids are the same in every company.
COMMON = {"AgentStatus"}
SHARED = {"people_contacttype"}


def table_of(type_name: str) -> str:
    """Return the table that stores the rows of a schema type."""
    if type_name in TABLES:
        return TABLES[type_name]
    graphene_type: Any = GraphQLSchema.type_map[type_name]
    table: str = graphene_type.graphene_type._meta.model._meta.db_table
    return table


def objects(answer: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of an answer that has a type name and an id."""
    if isinstance(answer, dict):
        if "__typename" in answer and "id" in answer:
            yield answer
        for value in answer.values():
            yield from objects(value)
    elif isinstance(answer, list):
        for item in answer:
            yield from objects(item)


def foreign(answer: Any, other: Side) -> list[str]:
    """Return the objects of the other company in an answer, and its mark if a text contains it."""
    found = [
        f"{row['__typename']} {row['id']}"
        for row in objects(answer)
        if row["__typename"] not in COMMON and int(row["id"]) in other.keys[table_of(row["__typename"])]
    ]
    return found + [MARK] * (MARK in json.dumps(answer).casefold())


def read(document: str, *, actor: Actor, other: Side) -> dict[str, Any]:
    """Execute a document that must succeed and hold nothing of the other company."""
    answer = data(document, actor=actor)
    assert foreign(answer, other) == [], document
    return answer
