"""Running what was prepared."""

from typing import Any

from graphql import GraphQLSchema, OperationType, execute_sync
from orjson import Fragment, dumps, loads

from crm.actors import Actor
from crm.graphql.compiler import Begun, begin_compiled
from crm.graphql.core import errors
from crm.graphql.core.permissions import Context
from crm.graphql.execution.operations import OK, SERVICE_UNAVAILABLE, Operation, Prepared, Refused
from crm.graphql.execution.preparing import prepare
from crm.graphql.limits import limits
from crm.services.idempotency import Once, Replayed

QUERY_AND_MUTATION = frozenset({OperationType.QUERY, OperationType.MUTATION})


def respond(
    prepared: Prepared, *, root_value: Any = None, once: Once | None = None, begun: Begun | None = None
) -> tuple[int, dict[str, Any]]:
    """Run an operation; give the HTTP status and the answer, which ``orjson`` can encode.

    :param once: the key under which the request may be repeated.
    :param begun: what ``begin`` gave for it.

    The status is 200, or 503 if nothing could be answered because the database is away.
    """
    result = (begun or begin(prepared)).result() or execute_sync(
        prepared.schema,
        prepared.document.node,
        root_value=root_value,
        context_value=Context(actor=prepared.actor, once=once, selections=_selections(prepared)),
        variable_values=prepared.raw_variables,
        operation_name=prepared.node.name.value if prepared.node.name else None,
        hide_suggestions=True,
    )
    raised = [error for error in result.errors or [] if not isinstance(error.original_error, Replayed)]
    formatted = [errors.field_error(error) for error in raised[: limits().errors]]
    if once is not None:
        formatted = once.finish(result.data, formatted)
    answer: dict[str, Any] = {"data": result.data}
    if not formatted:
        return OK, answer
    answer["errors"] = formatted
    answered = any(value is not None for value in (result.data or {}).values())
    if not answered and errors.database_away(raised):
        return SERVICE_UNAVAILABLE, {"errors": answer["errors"]}
    return OK, answer


def _selections(prepared: Prepared) -> dict[Any, Any]:
    """Give what is known of the selections: of the document itself, if no variable decides on them."""
    if prepared.node.variable_definitions:
        return {}
    kept: dict[Any, Any] = prepared.document.memo.setdefault("selections", {})
    return kept


def begin(prepared: Prepared) -> Begun:
    """Begin to answer an operation, as far as that goes without the database."""
    if prepared.kind != "query" or prepared.actor is None:
        return Begun(prepared.schema)
    return begin_compiled(
        schema=prepared.schema,
        document=prepared.document,
        operation=prepared.node,
        actor=prepared.actor,
        variables=prepared.variables,
    )


def run(prepared: Prepared, *, root_value: Any = None) -> dict[str, Any]:
    """Run an operation; give the answer, with its errors formatted and masked.

    Of a subscription this resolves the selection once, with the event as ``root_value``.
    """
    return _plain(respond(prepared, root_value=root_value)[1])


def execute(
    schema: GraphQLSchema,
    operation: Operation,
    *,
    actor: Actor | None,
    allow: frozenset[OperationType] = QUERY_AND_MUTATION,
) -> tuple[int, dict[str, Any]]:
    """Prepare and run an operation; give the HTTP status and the answer."""
    try:
        prepared = prepare(schema, operation, actor=actor, allow=allow)
    except Refused as refused:
        return refused.status, {"errors": refused.errors}
    status, answer = respond(prepared)
    return status, _plain(answer)


def _plain(answer: dict[str, Any]) -> dict[str, Any]:
    """Give an answer without fragments, for readers in this process."""
    data = answer.get("data") or {}
    read = {key: loads(dumps(value)) for key, value in data.items() if isinstance(value, Fragment)}
    return {**answer, "data": data | read} if read else answer
