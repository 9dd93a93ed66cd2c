"""Every mutation: a record that answers something else has a new version, every other keeps its own."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from graphql import OperationType

from crm.actors import Role
from crm.graphql.execution import Operation, prepare, run
from tests.clients import GraphQLSchema
from tests.stored import rolled_back
from tests.tenants.cases import CASES, coordinate_of, own_arguments, with_value
from tests.tenants.walk import document, operations, selection_of
from tests.tenants.world import World, make_world
from tests.versions.answers import OF_OTHERS, OWN, read_answers, wrong_versions
from tests.versions.extra_calls import extra_calls

OPERATIONS = operations(GraphQLSchema)
#: Mutations that are a change of a record of their own accord, each with the reason.
ALWAYS = {
    "Mutation.mergePeople": "the winner's history says what was merged into it",
    "Mutation.mergeOrganizations": "the winner's history says what was merged into it",
    "Mutation.undoMerge": "the winner's history says what was taken out of it",
}
TYPES = {"Person": "People", "Organization": "Organization", "Lead": "Lead"}


def calls(world: World) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield a name, a coordinate and arguments: each case, and with each id that it may take."""
    for name, case in CASES.items():
        coordinate = coordinate_of(name)
        if not coordinate.startswith("Mutation."):
            continue
        arguments = own_arguments(case, world.own)
        yield name, coordinate, arguments
        for path, kind in case.ids.items():
            if path in case.refused or path in case.closed:
                continue
            filled = arguments
            for place, value in case.besides.get(path, {}).items():
                filled = with_value(filled, place, value)
            yield f"{name} with {path}", coordinate, with_value(filled, path, world.own.key(kind))
    for coordinate, arguments in extra_calls(world):
        yield f"{coordinate} {arguments}", coordinate, arguments


def call(world: World, coordinate: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    field = OPERATIONS[coordinate]
    operation = Operation(
        query=document(coordinate, field, arguments, selection_of(field)), variables=dict(arguments)
    )
    actor = world.own.tenant.actors.admin
    assert actor.role is Role.ADMIN
    return run(prepare(GraphQLSchema, operation, actor=actor, allow=frozenset(OperationType)))


@pytest.mark.parametrize("model", OWN)
def test_every_field_is_covered_or_excluded_with_a_reason(model):
    type_: Any = GraphQLSchema.get_type(TYPES[model.__name__])

    assert sorted(type_.fields) == sorted([*OWN[model], *OF_OTHERS[model]])
    assert all(OF_OTHERS[model].values())


@pytest.mark.one_database
@pytest.mark.django_db
def test_a_record_has_a_new_version_exactly_if_it_answers_something_else(capsys):
    world = make_world()
    before = read_answers()
    wrong, refused, changing, tried = [], [], set(), 0
    for name, coordinate, arguments in calls(world):
        tried += 1
        with rolled_back():
            answer = call(world, coordinate, arguments)
            after = read_answers()
        if "errors" in answer:
            refused.append(f"{name}: {answer['errors']}")
        found = wrong_versions(before, after)
        if coordinate in ALWAYS:
            found = [each for each in found if not each.endswith("without a change")]
        wrong += [f"{name}: {each}" for each in found]
        if any(after[key][1] != before[key][1] for key in before.keys() & after.keys()):
            changing.add(coordinate)

    with capsys.disabled():
        print(f"\nversions: {tried} calls, {len(changing)} mutations change records")
    assert "\n".join(wrong) == ""
    assert "\n".join(refused) == ""
