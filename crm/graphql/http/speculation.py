"""Speculative authentication: send the first read together with the statement that authenticates a token.

A process remembers the credential that each token had last time, and prepares the operation with it. This
saves a round trip: +52 to 58 % requests a second for lists (ADR 22). A prediction grants nothing: the rows
are used only if the database now returns the very same actor.
"""

from collections.abc import Callable
from functools import partial

from django.db import DatabaseError, InterfaceError

from crm.authentication import BEARER, FetchRows
from crm.credentials import Credential
from crm.database.piggyback import fetch_with
from crm.errors import CrmError
from crm.graphql.documents import names_document
from crm.graphql.execution import Refused
from crm.graphql.http.handler import Exchange, OpenedExchange
from crm.graphql.http.responses import HttpRefusal
from crm.models.tokens import hash_token

#: Bounds the memory. When it is full, all are dropped: each costs one slower request to learn again.
MOST_PREDICTIONS = 10_000
_last_seen: dict[str, Credential] = {}


def predict(header: str) -> Credential | None:
    """Return the credential last seen for this header. A prediction only: never authorize with it."""
    return _last_seen.get(_digest(header))


def run_ahead(
    exchange: Exchange, *, header: str, authenticate: Callable[[FetchRows], Credential]
) -> OpenedExchange:
    """Open an exchange as ``Exchange.open`` does, with one statement less if the prediction is right."""
    digest = _digest(header)
    predicted = _last_seen.get(digest)
    ahead = _begin_ahead(exchange, predicted) if predicted else None
    first = ahead.begun.first if isinstance(ahead, OpenedExchange) else None
    try:
        credential = authenticate(partial(fetch_with, first))
    except CrmError:
        # Forget a token that is no longer valid, so that only one request reads ahead for it in vain.
        _last_seen.pop(digest, None)
        raise
    _remember(digest, credential)
    if predicted is None or ahead is None or credential.actor != predicted.actor:
        return exchange.begin(exchange.read(credential), credential)
    if isinstance(ahead, Refused):
        raise ahead
    return OpenedExchange(credential, ahead.prepared, ahead.begun)


def _begin_ahead(exchange: Exchange, predicted: Credential) -> OpenedExchange | Refused | None:
    """Prepare the operation for the predicted caller; None if it must wait for the real one.

    This charges the account before the token is checked, so an account without points reads nothing.
    """
    try:
        operation = exchange.read(None)
        if operation.query is not None and names_document(operation.extensions):
            # Preparing it would store the document for a company that the token may no longer open.
            return None
        return exchange.begin(operation, predicted)
    except Refused as refused:
        return refused
    except (HttpRefusal, CrmError, DatabaseError, InterfaceError):
        # The request fails again after authentication, where the error reaches the client in the right order.
        return None


def _remember(digest: str, credential: Credential) -> None:
    if len(_last_seen) >= MOST_PREDICTIONS:
        _last_seen.clear()
    _last_seen[digest] = credential


def _digest(header: str) -> str:
    # The hash, as in the database: raw tokens are not kept in memory.
    match = BEARER.fullmatch(header)
    return hash_token(match[1]) if match else ""
