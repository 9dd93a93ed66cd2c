"""Each cell of the table of roles in the documentation, tried."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from graphql import OperationType

from crm.actors import Actor, Door, Scope
from crm.events.audience import Event
from crm.graphql.execution import Operation, Refused, prepare, run
from crm.graphql.execution.shared_subscriptions import EventRoot
from tests.clients import GraphQLSchema
from tests.stored import Watch, rolled_back
from tests.tenants.cases import CASES, coordinate_of, own_arguments
from tests.tenants.walk import document, operations, selection_of
from tests.tenants.world import World, make_world

TABLE = Path(__file__).parent.parent / "docs" / "roles.md"
COLUMNS = ("anonymous", "viewer", "agent", "manager", "admin", "token that may only read")
OPERATIONS = operations(GraphQLSchema)


def parse(text: str) -> dict[str, dict[str, str]]:
    """Read the table: operation, then column, then what the cell says."""
    rows = [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]
    assert tuple(rows[0][1:]) == COLUMNS
    return {row[0].strip("`"): dict(zip(COLUMNS, row[1:], strict=True)) for row in rows[2:]}


CELLS = parse(TABLE.read_text())


def missing(cells: dict[str, dict[str, str]]) -> set[str]:
    """Return operations without a row and rows without an operation."""
    return {coordinate_of(name) for name in cells} ^ set(OPERATIONS)


def actor_of(column: str, world: World) -> Actor | None:
    if column == "anonymous":
        return None
    actors = world.own.tenant.actors
    if column == "token that may only read":
        return replace(actors.admin, scopes=frozenset({Scope.READ}))
    actor: Actor = getattr(actors, column)
    return actor


def call(name: str, actor: Actor | None, world: World) -> dict[str, Any]:
    """Run an operation with legal arguments on own rows."""
    coordinate = coordinate_of(name)
    field = OPERATIONS[coordinate]
    arguments = own_arguments(case_of(name), world.own)
    operation = Operation(
        query=document(coordinate, field, arguments, selection_of(field)), variables=arguments
    )
    try:
        prepared = prepare(GraphQLSchema, operation, actor=actor, allow=frozenset(OperationType))
    except Refused as refused:
        return {"errors": refused.errors}
    # Whoever is let in at all reads the lead of an event.
    reader = actor or world.own.tenant.actors.admin
    return run(prepared, root_value=EventRoot(event=event_of(world), reader=reader))


def case_of(name: str) -> Any:
    return next(case for known, case in CASES.items() if known == name or coordinate_of(known) == name)


def event_of(world: World) -> Event:
    lead = world.own.rows["lead"]
    return Event(
        company_id=world.own.tenant.company.pk,
        entity="lead",
        object_id=lead.pk,
        kind="updated",
        before=None,
        after=None,
        door=Door.GRAPHQL,
    )


def test_every_operation_has_a_row():
    assert missing(CELLS) == set()


def test_a_new_operation_without_a_row_is_found():
    without = {name: row for name, row in CELLS.items() if name != "Mutation.createLead"}

    assert missing(without) == {"Mutation.createLead"}
    assert missing({**CELLS, "Query.secrets": {}}) == {"Query.secrets"}


def test_every_cell_says_yes_or_no():
    said = {cell for row in CELLS.values() for cell in row.values()}

    assert said == {"yes", "no"}


@pytest.mark.one_database
@pytest.mark.django_db
def test_every_cell_holds(capsys: pytest.CaptureFixture[str]):
    world = make_world()
    watch = Watch()
    wrong = []
    for name, row in CELLS.items():
        for column, said in row.items():
            with rolled_back():
                answer = call(name, actor_of(column, world), world)
                changed = said == "no" and watch.differs()
            watch.restart()
            codes = [str(error["extensions"]["code"]) for error in answer.get("errors", [])]
            expected = [] if said == "yes" else ["UNAUTHENTICATED" if column == "anonymous" else "FORBIDDEN"]
            if codes != expected or changed:
                wrong.append(f"{name}, {column}: {answer}")
    tried = sum(len(row) for row in CELLS.values())

    with capsys.disabled():
        print(f"\nroles: {tried - len(wrong)} of {tried} cells")

    assert wrong == []
