"""Run API requests in tests through the execution function that every transport uses."""

from collections.abc import Mapping
from typing import Any

from graphql import OperationType

from config.schema import schema
from crm.actors import Actor
from crm.graphql.execution import Operation, Refused, prepare, run

GraphQLSchema = schema.graphql_schema
#: What no answer may hold: a trace of the inside.
LEAKS = ("Traceback", 'File "', "SELECT ", "INSERT ", "django.", "psycopg", "sqlite3", "Did you mean")


def ask(document: str, *, actor: Actor | None, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Execute a document and give the whole answer, which is checked for traces of the inside."""
    operation = Operation(query=document, variables=variables)
    try:
        prepared = prepare(GraphQLSchema, operation, actor=actor, allow=frozenset(OperationType))
    except Refused as refused:
        answer: dict[str, Any] = {"errors": refused.errors}
    else:
        answer = run(prepared)
    text = str(answer.get("errors", ""))
    assert not [leak for leak in LEAKS if leak in text], text
    return answer


def data(document: str, *, actor: Actor | None, variables: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Execute a document that must succeed, and give its data."""
    answer = ask(document, actor=actor, variables=variables)
    assert "errors" not in answer, answer["errors"]
    result: dict[str, Any] = answer["data"]
    return result


def refusal(
    document: str, *, actor: Actor | None, variables: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Execute a document that must be refused with one error, and give that error."""
    answer = ask(document, actor=actor, variables=variables)
    assert len(answer.get("errors", [])) == 1, answer
    error: dict[str, Any] = answer["errors"][0]
    return error
