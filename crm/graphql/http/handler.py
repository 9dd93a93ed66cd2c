"""One request and its answer, whichever way the request came in: nothing here knows Django's requests."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, InterfaceError, OperationalError
from graphql import GraphQLSchema, OperationType

from crm.actors import Actor
from crm.authentication import CsrfRefused
from crm.credentials import Credential
from crm.database.piggyback import Piggyback
from crm.errors import CrmError, Unauthenticated
from crm.graphql.compiler import Begun
from crm.graphql.core.errors import domain_error, internal_error
from crm.graphql.documents import names_document
from crm.graphql.execution import Operation, Prepared, Refused, begin, prepare, respond
from crm.graphql.http.idempotency import once_of
from crm.graphql.http.responses import JSON, Answer, HttpRefusal, json_answer, refusal_answer

KINDS = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
METHOD_NOT_ALLOWED = 405


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A request that is well-formed HTTP.

    :param media_type: that of the answer.
    :param authenticate: gives the credential, None if there is none, and may send a companion along; ``read``
        then gives the operation. They may raise what the functions of ``crm.authentication`` and
        ``crm.graphql.http.requests`` raise.
    :param repeat_key: what the header ``Idempotency-Key`` holds.
    :param expected: what the credential was the last time, if that is known; ``read`` is then called twice.
    """

    method: str
    media_type: str
    authenticate: Callable[[Piggyback | None], Credential | None]
    read: Callable[[Credential | None], Operation]
    repeat_key: str | None = None
    expected: Credential | None = None


def answer_to(schema: GraphQLSchema, exchange: Exchange) -> Answer:
    """Answer a request by running its operation on a schema; no error of the caller leaves this function."""
    media_type = exchange.media_type
    try:
        ahead = _ahead(schema, exchange)
        credential = exchange.authenticate(ahead.companion if ahead else None)
        return _run(schema, exchange, credential, ahead)
    except HttpRefusal as refusal:
        return refusal_answer(refusal, media_type=media_type)
    except CrmError as error:
        status = _status(error, media_type)
        return json_answer({"errors": [domain_error(error)]}, status=status, media_type=media_type)
    except (OperationalError, InterfaceError) as error:
        body = {"errors": [internal_error(error, place="authentication")]}
        return json_answer(body, status=503, media_type=media_type)


@dataclass(frozen=True)
class _Ahead:
    """An operation that is begun for the actor who is expected, or refused, before it is known who asks."""

    actor: Actor
    operation: tuple[Prepared, Begun] | Refused

    @property
    def companion(self) -> Piggyback | None:
        return None if isinstance(self.operation, Refused) else self.operation[1].first


def _ahead(schema: GraphQLSchema, exchange: Exchange) -> _Ahead | None:
    """Begin an operation for the actor who is expected, so that one statement answers who asks, and what.

    Its points are taken from the account to which the token belongs, whether or not it is still good. What is
    wrong with the request is found out again, and said to whoever asks, on the usual way.
    """
    expected = exchange.expected
    if expected is None:
        return None
    try:
        operation = exchange.read(None)
        if operation.query is not None and names_document(operation.extensions):
            # It would be kept for a company that might not be the caller's any more.
            return None
        prepared = prepare(
            schema,
            operation,
            actor=expected.actor,
            allow=KINDS[exchange.method],
            account=expected.account,
        )
        return _Ahead(expected.actor, (prepared, begin(prepared)))
    except Refused as refused:
        return _Ahead(expected.actor, refused)
    except (HttpRefusal, CrmError, DatabaseError, InterfaceError):
        return None


def _run(
    schema: GraphQLSchema, exchange: Exchange, credential: Credential | None, ahead: _Ahead | None
) -> Answer:
    media_type = exchange.media_type
    try:
        prepared, begun = _operation(schema, exchange, credential, ahead)
    except Refused as refused:
        return json_answer(
            {"errors": refused.errors},
            status=_refusal_status(refused.status, media_type),
            media_type=media_type,
            allow="POST" if refused.status == METHOD_NOT_ALLOWED else None,
            retry_after=refused.retry_after,
        )
    status, body = respond(prepared, once=once_of(exchange.repeat_key, prepared, credential), begun=begun)
    return json_answer(body, status=status, media_type=media_type)


def _operation(
    schema: GraphQLSchema, exchange: Exchange, credential: Credential | None, ahead: _Ahead | None
) -> tuple[Prepared, Begun | None]:
    if ahead and credential and credential.actor == ahead.actor:
        if isinstance(ahead.operation, Refused):
            raise ahead.operation
        return ahead.operation
    prepared = prepare(
        schema,
        exchange.read(credential),
        actor=credential.actor if credential else None,
        allow=KINDS[exchange.method],
        account=credential.account if credential else None,
    )
    return prepared, None


def _status(error: CrmError, media_type: str) -> int:
    if isinstance(error, Unauthenticated):
        return 401
    if isinstance(error, CsrfRefused):
        return 403
    return _refusal_status(400, media_type)


def _refusal_status(status: int, media_type: str) -> int:
    # Clients of plain JSON read the status as that of HTTP alone: a well-formed request was answered.
    return 200 if status == 400 and media_type == JSON else status
