"""One request and its answer, whichever way the request came in: nothing here knows Django's requests."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from graphql import GraphQLSchema, OperationType

from crm.authentication import Credential, CsrfRefused
from crm.errors import CrmError, Unauthenticated
from crm.graphql.errors import domain_error, internal_error
from crm.graphql.execution import Operation, Refused, prepare, respond
from crm.graphql.view.answers import JSON, Answer, HttpRefusal, json_answer, refusal_answer
from crm.graphql.view.repeating import once_of

KINDS = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
METHOD_NOT_ALLOWED = 405


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request that is well-formed HTTP.

    :param media_type: that of the answer.
    :param authenticate: gives the credential, None if there is none; ``read`` then gives the operation. They
        may raise what the functions of ``crm.authentication`` and ``crm.graphql.view.requests`` raise.
    :param repeat_key: what the header ``Idempotency-Key`` holds.
    """

    method: str
    media_type: str
    authenticate: Callable[[], Credential | None]
    read: Callable[[Credential | None], Operation]
    repeat_key: str | None = None


def answer_to(schema: GraphQLSchema, exchange: Exchange) -> Answer:
    """Answer a request by running its operation on a schema; no error of the caller leaves this function."""
    media_type = exchange.media_type
    try:
        credential = exchange.authenticate()
        return _run(schema, exchange, exchange.read(credential), credential)
    except HttpRefusal as refusal:
        return refusal_answer(refusal, media_type=media_type)
    except CrmError as error:
        status = _status(error, media_type)
        return json_answer({"errors": [domain_error(error)]}, status=status, media_type=media_type)
    except (OperationalError, InterfaceError) as error:
        body = {"errors": [internal_error(error, place="authentication")]}
        return json_answer(body, status=503, media_type=media_type)


def _run(
    schema: GraphQLSchema, exchange: Exchange, operation: Operation, credential: Credential | None
) -> Answer:
    media_type = exchange.media_type
    try:
        prepared = prepare(
            schema,
            operation,
            actor=credential.actor if credential else None,
            allow=KINDS[exchange.method],
            account=credential.account if credential else None,
        )
    except Refused as refused:
        return json_answer(
            {"errors": refused.errors},
            status=_refusal_status(refused.status, media_type),
            media_type=media_type,
            allow="POST" if refused.status == METHOD_NOT_ALLOWED else None,
            retry_after=refused.retry_after,
        )
    status, body = respond(prepared, once=once_of(exchange.repeat_key, prepared, credential))
    return json_answer(body, status=status, media_type=media_type)


def _status(error: CrmError, media_type: str) -> int:
    if isinstance(error, Unauthenticated):
        return 401
    if isinstance(error, CsrfRefused):
        return 403
    return _refusal_status(400, media_type)


def _refusal_status(status: int, media_type: str) -> int:
    # Clients of plain JSON read the status as that of HTTP alone: a well-formed request was answered.
    return 200 if status == 400 and media_type == JSON else status
