"""Answers one GraphQL request over HTTP; knows no Django request, since the WSGI fast path ends here too."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from django.db import DatabaseError, InterfaceError
from graphql import GraphQLSchema, OperationType

from crm.authentication import CsrfRefused
from crm.credentials import Credential
from crm.database.failures import log_failure
from crm.errors import CrmError, Unauthenticated, Unavailable
from crm.graphql.compiler import StartedQuery
from crm.graphql.core.errors import Code, domain_error, unexpected_error
from crm.graphql.execution import Operation, Prepared, Refused, begin, prepare, respond
from crm.graphql.http.idempotency import REPLAYED, once_of
from crm.graphql.http.responses import JSON, Answer, HttpRefusal, json_answer, rate_headers, refusal_answer

KINDS = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
METHOD_NOT_ALLOWED = 405


class OpenedExchange(NamedTuple):
    """The authenticated caller of an exchange and the operation, ready to run."""

    credential: Credential | None
    prepared: Prepared
    begun: StartedQuery


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """A well-formed HTTP request, and the functions that ``authenticate`` it and ``read`` its operation."""

    schema: GraphQLSchema
    method: str
    media_type: str
    authenticate: Callable[[], Credential | None]
    read: Callable[[Credential | None], Operation]
    idempotency_key: str | None = None

    def open(self) -> OpenedExchange:
        credential = self.authenticate()
        return self.begin(self.read(credential), credential)

    def begin(self, operation: Operation, credential: Credential | None) -> OpenedExchange:
        prepared = prepare(
            self.schema,
            operation,
            actor=credential.actor if credential else None,
            allow=KINDS[self.method],
            account=credential.account if credential else None,
        )
        return OpenedExchange(credential, prepared, begin(prepared))


def answer_exchange(
    exchange: Exchange, open_exchange: Callable[[Exchange], OpenedExchange] = Exchange.open
) -> Answer:
    """Run the operation of an exchange and return the answer, also for every expected error."""
    media_type = exchange.media_type
    try:
        credential, prepared, begun = open_exchange(exchange)
        once = once_of(exchange.idempotency_key, prepared, credential)
        status, body = respond(prepared, once=once, begun=begun)
    except Refused as refused:
        return json_answer(
            refused.answer,
            status=_refusal_status(refused.status, media_type),
            media_type=media_type,
            allow="POST" if refused.status == METHOD_NOT_ALLOWED else None,
            further=rate_headers(refused.allowance),
        )
    except HttpRefusal as refusal:
        return refusal_answer(refusal, media_type=media_type)
    except CrmError as error:
        if isinstance(error, Unavailable):
            log_failure(error, place="the body")
        status = _status(error, media_type)
        return json_answer({"errors": [domain_error(error)]}, status=status, media_type=media_type)
    except (DatabaseError, InterfaceError) as error:
        # Errors of single fields are handled in respond() already.
        failure = unexpected_error(error, place="authentication")
        status = 500 if failure["extensions"]["code"] == Code.INTERNAL else 503
        return json_answer({"errors": [failure]}, status=status, media_type=media_type)
    further = rate_headers(prepared.allowance)
    if once is not None and once.is_replay:
        further[REPLAYED] = "true"
    return json_answer(body, status=status, media_type=media_type, further=further)


def _status(error: CrmError, media_type: str) -> int:
    if isinstance(error, Unauthenticated):
        return 401
    if isinstance(error, CsrfRefused):
        return 403
    if isinstance(error, Unavailable):
        return 503
    return _refusal_status(400, media_type)


def _refusal_status(status: int, media_type: str) -> int:
    # GraphQL over HTTP: with application/json, a well-formed request gets 200 even if the document is
    # refused.
    return 200 if status == 400 and media_type == JSON else status
