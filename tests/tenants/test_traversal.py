"""From each type, every path of relations leads to the caller's own rows."""

from collections import deque
from typing import Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from tests.clients import GraphQLSchema
from tests.tenants.leaks import read
from tests.tenants.walk import is_list_of_pages, operations, paths, relations, row_type, scalars
from tests.tenants.world import World

#: Each relation is read after the shortest path to its type, and after each relation that leads to it.
LONGEST = 2


def shortest_paths() -> dict[str, tuple[str, ...]]:
    """Return the shortest path of fields from the root query to each type of rows."""
    found: dict[str, tuple[str, ...]] = {}
    waiting: deque[tuple[GraphQLObjectType, tuple[str, ...]]] = deque()
    for coordinate, field in operations(GraphQLSchema).items():
        root, name = coordinate.split(".")
        kind = row_type(field)
        required = [argument for argument in field.args.values() if str(argument.type) == "ID!"]
        if root == "Query" and kind is not None and "id" in kind.fields and not required:
            waiting.append((kind, (name, "data") if is_list_of_pages(field) else (name,)))
    while waiting:
        kind, path = waiting.popleft()
        if kind.name not in found:
            found[kind.name] = path
            waiting.extend((below, (*path, name)) for name, below in relations(kind).items())
    return found


def document(path: tuple[str, ...], selection: str) -> str:
    kind: Any = GraphQLSchema.query_type
    opened = ""
    for name in path:
        kind = get_named_type(kind.fields[name].type)
        opened += f"{name} {{ "
        if not kind.name.endswith("Paginator"):
            opened += "__typename id " if "id" in kind.fields else "__typename "
    return f"{{ {opened} {selection} {'}' * len(path)} }}"


def fragment(type_: GraphQLObjectType) -> str:
    """Return a fragment, named as the type, of all its scalar fields."""
    return f"fragment {type_.name} on {type_.name} {{ __typename {scalars(type_)} }}"


def rows_at(answer: Any, path: tuple[str, ...]) -> list[Any]:
    """Return the rows at a path of an answer."""
    if isinstance(answer, list):
        return [row for item in answer for row in rows_at(item, path)]
    if answer is None or not path:
        return [] if answer is None else [answer]
    return rows_at(answer[path[0]], path[1:])


def type_at(type_: GraphQLObjectType, path: tuple[str, ...]) -> GraphQLObjectType:
    for name in path:
        type_ = relations(type_)[name]
    return type_


SHORTEST_PATHS = shortest_paths()
#: Steps of which each row takes one: an activity of a lead has no person as its record.
ONE_OF = ("record.lead", "record.people", "record.organization")
#: What comes next is not done by anybody yet.
NEVER = "next_activity.done_by"


def test_every_type_of_rows_is_reached():
    unreached = {
        name
        for name, kind in GraphQLSchema.type_map.items()
        if isinstance(kind, GraphQLObjectType) and "id" in kind.fields and name not in SHORTEST_PATHS
    }

    # None is a row: the timeline is read by its record, a refusal names the row it is for, and an event is
    # read by cursor, in tests/graphql/crm/test_record_events.py.
    assert unreached == {"BulkRefusal", "RecordEvent", "TimelineEntry"}


def test_every_path_leads_to_own_rows(world: World, settings: Any, capsys: pytest.CaptureFixture[str]):
    settings.GRAPHQL_LIMITS = {"cost": 10**9}
    actor = world.own.tenant.actors.admin
    tried = 0
    empty = []
    for type_name, start in SHORTEST_PATHS.items():
        kind = GraphQLSchema.type_map[type_name]
        assert isinstance(kind, GraphQLObjectType)
        # One query reads all paths that differ only in their last step.
        for path in ((), *paths(kind, longest=LONGEST - 1)):
            last = relations(type_at(kind, path))
            if not last:
                continue
            selection = " ".join(f"{name} {{ ...{leaf.name} }}" for name, leaf in last.items())
            # One fragment a type: most of the time of parsing and checking went to the same scalars.
            fragments = " ".join(sorted({fragment(leaf) for leaf in last.values()}))
            answer = read(
                f"{document((*start, *path), selection)} {fragments}", actor=actor, other=world.other
            )
            tried += len(last)
            empty += [
                f"{type_name}.{'.'.join((*path, name))}"
                for name, leaf in last.items()
                if "id" in leaf.fields and not rows_at(answer, (*start, *path, name))
            ]

    with capsys.disabled():
        print(f"\npaths of relations: {tried - len(empty)} of {tried} lead to rows, all of them own")
    # A path that leads nowhere would prove nothing.
    assert [path for path in empty if not path.endswith(ONE_OF) and NEVER not in path] == []
    # Where a record is of one kind, the other paths to it are empty; each kind is reached on some.
    assert [step for step in ONE_OF if f"Activity.{step}" in empty] == []
