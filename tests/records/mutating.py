"""Run mutations that take one input."""

from collections.abc import Mapping
from typing import Any

from crm.actors import Actor
from tests.clients import GraphQLSchema, ask
from tests.tenants.walk import operations, selection_of

OPERATIONS = operations(GraphQLSchema)


def attempt(mutation: str, given: Mapping[str, Any], *, actor: Actor, selection: str = "") -> dict[str, Any]:
    """Run a mutation with an input, and return the whole answer."""
    field = OPERATIONS[f"Mutation.{mutation}"]
    document = (
        f"mutation ($input: {field.args['input'].type}) {{"
        f" {mutation}(input: $input) {selection or selection_of(field)} }}"
    )
    return ask(document, actor=actor, variables={"input": given})


def mutate(mutation: str, given: Mapping[str, Any], *, actor: Actor, selection: str = "") -> Any:
    """Run a mutation that must succeed, and return its result."""
    answer = attempt(mutation, given, actor=actor, selection=selection)
    assert "errors" not in answer, answer["errors"]
    return answer["data"][mutation]


def refused_paths(mutation: str, given: Mapping[str, Any], *, actor: Actor) -> list[str]:
    """Run a mutation that must be refused as not valid, and return the paths of the input that are named."""
    [error] = attempt(mutation, given, actor=actor)["errors"]
    assert error["extensions"]["code"] == "VALIDATION", error
    return list(error["extensions"]["validation"])
