"""Every id in every argument of every operation: another company's row is a row that does not exist."""

from collections.abc import Callable
from typing import Any

import pytest
from graphql import build_schema, print_schema

from crm.actors import Actor
from crm.errors import NotFound
from leads.graphql.subscriptions import LeadUpdate
from tests.clients import GraphQLSchema, ask
from tests.stored import Watch, rolled_back
from tests.tenants.cases import CASES, Case, coordinate_of, own_arguments, with_value
from tests.tenants.registry import gaps
from tests.tenants.walk import document, operations, selection_of
from tests.tenants.world import Side, World, rows_of

OPERATIONS = operations(GraphQLSchema)
#: An id, and a UUID, that no row has.
UNKNOWN = "9223372036854775807"
UNKNOWN_UUID = "00000000-0000-4000-8000-000000000000"
CELLS = [(name, path) for name, case in CASES.items() for path in (*case.ids, *case.ignored)]


def arguments_at(case: Case, side: Side, path: str, value: Any) -> dict[str, Any]:
    arguments = with_value(own_arguments(case, side), path, value)
    for beside, other_value in case.besides.get(path, {}).items():
        arguments = with_value(arguments, beside, other_value)
    return arguments


def call(name: str, arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    coordinate = coordinate_of(name)
    if coordinate == "Subscription.leadUpdate":
        return subscribe(arguments, actor)
    field = OPERATIONS[coordinate]
    text = document(coordinate, field, arguments, selection_of(field))
    return ask(text, actor=actor, variables=arguments)


def subscribe(arguments: dict[str, Any], actor: Actor) -> dict[str, Any]:
    """Check a subscription as a socket does before its first event, in the words of an answer."""
    try:
        LeadUpdate.check_subscription(actor, **arguments)
    except NotFound as missing:
        return {"errors": [{"extensions": {"code": missing.code, **missing.details}}]}
    return {"data": {"leadUpdate": None}}


def count(cells: Callable[[str, str], str | None], capsys: pytest.CaptureFixture[str], what: str) -> None:
    """Try every cell; print how many hold, and fail with what is wrong with the others."""
    wrong = [f"{name} {path}: {why}" for name, path in CELLS if (why := cells(name, path))]
    with capsys.disabled():
        print(f"\n{what}: {len(CELLS) - len(wrong)} of {len(CELLS)} cells")
    assert not wrong, "\n".join(wrong)


def test_every_operation_and_every_id_has_a_case():
    assert gaps(GraphQLSchema, CASES) == []


def test_a_new_operation_without_a_case_is_found():
    schema = print_schema(GraphQLSchema)
    doctored = schema.replace("  me: User!", "  me: User!\n  secrets: String").replace(
        "restoreLead(id: ID!)", "restoreLead(id: ID!, owner_id: ID)"
    )

    assert gaps(build_schema(doctored), CASES) == [
        "Query.secrets has no case",
        "Mutation.restoreLead(owner_id) has no case",
    ]


def test_a_case_without_an_operation_is_found():
    cases = {**CASES, "Query.secrets": Case(), "Query.me": Case(ids={"id": "user"})}

    assert gaps(GraphQLSchema, cases) == ["Query.me(id) takes no id", "Query.secrets is no operation"]


def test_an_id_of_another_company_is_one_that_does_not_exist(
    world: World, capsys: pytest.CaptureFixture[str]
):
    actor = world.own.tenant.actors.admin
    watch = Watch()

    def cell(name: str, path: str) -> str | None:
        case = CASES[name]
        foreign = world.other.rows[case.ids.get(path, "company")]
        keys = [str(foreign.pk), str(getattr(foreign, "uuid", UNKNOWN_UUID)), UNKNOWN]
        watch.restart()
        with rolled_back():
            answers = [call(name, arguments_at(case, world.own, path, key), actor) for key in keys]
            if path not in case.ignored and watch.differs():
                return "something was written"
        if any(answer != answers[0] for answer in answers) and path not in case.ignored:
            return f"answers differ: {answers}"
        return wrong_refusal(case, path, answers)

    count(cell, capsys, "ids of other companies")


def wrong_refusal(case: Case, path: str, answers: list[dict[str, Any]]) -> str | None:
    if path in case.ignored:
        return "not ignored" if any("errors" in answer for answer in answers) else None
    errors = answers[0].get("errors", [])
    if len(errors) != 1:
        return f"not refused: {answers[0]}"
    extensions = errors[0]["extensions"]
    expected = "VALIDATION" if path in case.closed else "NOT_FOUND"
    argument = extensions.get("argument", *extensions.get("validation", {"": ""}))
    return None if (extensions["code"], argument) == (expected, path) else f"refused with {extensions}"


def test_an_id_of_the_own_company_is_taken(world: World, capsys: pytest.CaptureFixture[str]):
    watch = Watch()
    before = rows_of(world.other, watch.before)

    def cell(name: str, path: str) -> str | None:
        case = CASES[name]
        key = world.own.key(case.ids.get(path, "company"))
        watch.restart()
        with rolled_back():
            answer = call(name, arguments_at(case, world.own, path, key), world.own.tenant.actors.admin)
            now = rows_of(world.other, watch.changed())
            if any(rows != before[table] for table, rows in now.items()):
                return "the other company changed"
        codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
        expected = "VALIDATION" if path in case.closed else case.refused.get(path)
        return None if codes == [expected] * bool(expected) else str(answer)

    count(cell, capsys, "ids of the own company")
