"""Runs prepared operations, by compiled statements where possible and by graphql-core otherwise."""

from graphql import ExecutionResult, GraphQLError, GraphQLSchema, OperationType, execute_sync
from orjson import Fragment, dumps, loads

from crm.actors import Actor
from crm.database.deadlines import has_ended
from crm.errors import TimedOut
from crm.graphql.compiler import StartedQuery, start_query
from crm.graphql.core import errors
from crm.graphql.core.budget import BYTES, Budget, Path
from crm.graphql.core.permissions import Context, Selection
from crm.graphql.execution.bounded import BoundedExecution
from crm.graphql.execution.faulty_texts import refusing
from crm.graphql.execution.operations import OK, SERVICE_UNAVAILABLE, JsonObject, Operation, Prepared, Refused
from crm.graphql.execution.preparing import prepare
from crm.graphql.limits import limits
from crm.json_encoding import encode_json
from crm.services.idempotency import Once, Replayed

QUERY_AND_MUTATION = frozenset({OperationType.QUERY, OperationType.MUTATION})


def respond(
    prepared: Prepared,
    *,
    root_value: object = None,
    once: Once | None = None,
    begun: StartedQuery | None = None,
) -> tuple[int, JsonObject]:
    """Run an operation, perhaps ``begun``; return the HTTP status and the answer, for ``orjson``.

    The status is 200, or 503 if no field could be answered because the database is away or took too long.
    """
    truncated: list[Path] = []
    result = (begun or begin(prepared)).result() or _execute(prepared, root_value, once, truncated)
    raised = [error for error in result.errors or [] if not isinstance(error.original_error, Replayed)]
    errors.log_refusals(raised)
    if prepared.kind == "query" and has_ended():
        # Whatever was read until then: a part of an answer that looks whole helps nobody.
        return SERVICE_UNAVAILABLE, {"errors": [errors.domain_error(TimedOut())]}
    in_mutation = prepared.kind == "mutation"
    formatted = [errors.field_error(error, in_mutation=in_mutation) for error in raised[: limits().errors]]
    if once is not None:
        formatted = once.finish(result.data, formatted, truncated)
    answer: JsonObject = {"data": result.data}
    extensions = dict(prepared.extensions or {})
    if truncated and result.data is not None:
        extensions["truncated"] = truncated
    if extensions:
        answer["extensions"] = extensions
    if not formatted:
        return OK, answer
    answer["errors"] = formatted
    answered = any(value is not None for value in (result.data or {}).values())
    if not answered and any(errors.database_refusal(error) for error in raised):
        return SERVICE_UNAVAILABLE, {"errors": answer["errors"]}
    return OK, answer


def _execute(
    prepared: Prepared, root_value: object, once: Once | None, truncated: list[Path]
) -> ExecutionResult:
    """Run an operation by graphql-core; the paths of cut lists are added to ``truncated``."""
    context = Context(actor=prepared.actor, once=once, selections=_selections(prepared))
    result = execute_sync(
        prepared.schema,
        prepared.document.node,
        root_value=root_value,
        context_value=context,
        variable_values=prepared.raw_variables,
        operation_name=prepared.node.name.value if prepared.node.name else None,
        hide_suggestions=True,
        execution_context_class=BoundedExecution,
        middleware=[refusing(prepared.refused)] if prepared.refused else None,
    )
    truncated.extend(context.budget.truncated)
    return _checked(result, context.budget, is_mutation=prepared.kind == "mutation")


def _checked(result: ExecutionResult, budget: Budget, *, is_mutation: bool) -> ExecutionResult:
    """Return the result, or an error in its place if it has too many bytes; counted only where it may."""
    if result.data is None or budget.fits_surely or len(encode_json(result.data)) <= budget.most_bytes:
        return result
    error = budget.error(BYTES)
    if is_mutation:
        error = error.after_mutation()
    return ExecutionResult(None, [GraphQLError(error.message, original_error=error)])


def _selections(prepared: Prepared) -> dict[tuple[object, ...], Selection]:
    # Shared by all runs of the document, unless @skip or @include depend on variables.
    if prepared.node.variable_definitions:
        return {}
    kept: dict[tuple[object, ...], Selection] = prepared.document.memo.setdefault("selections", {})
    return kept


def begin(prepared: Prepared) -> StartedQuery:
    """Start to answer an operation: everything that can be done without the database."""
    if prepared.kind != "query" or prepared.actor is None or prepared.refused:
        return StartedQuery(prepared.schema)
    return start_query(
        schema=prepared.schema,
        document=prepared.document,
        operation=prepared.node,
        actor=prepared.actor,
        variables=prepared.variables,
    )


def run(prepared: Prepared, *, root_value: object = None) -> JsonObject:
    """Run an operation, for a subscription with the event as ``root_value``; return the masked answer."""
    return _plain(respond(prepared, root_value=root_value)[1])


def execute(
    schema: GraphQLSchema,
    operation: Operation,
    *,
    actor: Actor | None,
    allow: frozenset[OperationType] = QUERY_AND_MUTATION,
) -> tuple[int, JsonObject]:
    try:
        prepared = prepare(schema, operation, actor=actor, allow=allow)
    except Refused as refused:
        return refused.status, refused.answer
    status, answer = respond(prepared)
    return status, _plain(answer)


def _plain(answer: JsonObject) -> JsonObject:
    # Compiled reads leave JSON as text; readers in this process want values.
    data = answer.get("data") or {}
    read = {key: loads(dumps(value)) for key, value in data.items() if isinstance(value, Fragment)}
    return {**answer, "data": data | read} if read else answer
