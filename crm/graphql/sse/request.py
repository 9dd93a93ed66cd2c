"""Admits the request for an event stream, or refuses it; ``open_stream`` has to run in a thread."""

from dataclasses import dataclass
from functools import partial
from importlib import import_module

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.functional import SimpleLazyObject
from graphql import GraphQLSchema, OperationType

from crm.authentication import CsrfRefused, authenticate_request
from crm.credentials import Credential
from crm.errors import Unauthenticated
from crm.graphql.execution import Operation, Prepared
from crm.graphql.execution.admission import EVERY_KIND, admit
from crm.graphql.execution.subscriptions import Subscription
from crm.graphql.http.idempotency import HEADER, once_of
from crm.graphql.http.requests import MULTIPART, check_content, read_body, read_query_string
from crm.graphql.http.responses import HttpRefusal, preferred_type
from crm.graphql.sse.format import TYPE
from crm.graphql.websocket.handshake import session_user
from crm.origins import is_allowed
from crm.services.idempotency import Once

BAD_REQUEST, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, UNSUPPORTED = 400, 405, 406, 415
LAST_EVENT = "Last-Event-ID"
#: Another site can make a browser send a GET with cookies, so a GET must not change anything.
KINDS = {"POST": EVERY_KIND, "GET": frozenset({OperationType.SUBSCRIPTION})}


@dataclass(frozen=True, kw_only=True)
class AdmittedRequest:
    """An operation that may stream, the caller's credential, and the idempotency key of a mutation."""

    credential: Credential
    operation: Prepared | Subscription
    once: Once | None


def check(request: ASGIRequest) -> None:
    """Refuse a request that cannot be answered by an event stream by its method and headers."""
    try:
        request.get_host()
    except DisallowedHost as error:
        raise HttpRefusal(BAD_REQUEST, "This host is not served.") from error
    if request.method not in KINDS:
        raise HttpRefusal(METHOD_NOT_ALLOWED, "Send a POST or a GET.", allow="GET, POST")
    if preferred_type(request, [TYPE]) is None:
        raise HttpRefusal(NOT_ACCEPTABLE, f"The answer is {TYPE}.")
    if not _is_from_known_page(request):
        raise CsrfRefused("Event streams are for pages of this site and of CORS_ALLOWED_ORIGINS.")
    if request.method == "POST":
        if request.content_type == MULTIPART:
            raise HttpRefusal(UNSUPPORTED, "Send the request as JSON.")
        check_content(request)


def _is_from_known_page(request: ASGIRequest) -> bool:
    """Return whether a request is of a page of this site, of a site that may call the API, or of no page."""
    origin = request.META.get("HTTP_ORIGIN")
    if origin is None or is_allowed(origin):
        # A session does not count for another site: authenticate_request() and Sec-Fetch-Site see to that.
        return True
    verified: bool = CsrfViewMiddleware(HttpResponse)._origin_verified(request)  # type: ignore[attr-defined]  # private to Django
    return verified


def open_stream(schema: GraphQLSchema, request: ASGIRequest) -> AdmittedRequest:
    credential = _authenticate(request)
    operation = admit(
        schema,
        _read(request),
        credential,
        after=request.headers.get(LAST_EVENT) or None,
        allow=KINDS[str(request.method)],
    )
    once = (
        once_of(request.headers.get(HEADER), operation, credential)
        if isinstance(operation, Prepared)
        else None
    )
    return AdmittedRequest(credential=credential, operation=operation, once=once)


def _authenticate(request: ASGIRequest) -> Credential:
    store = import_module(settings.SESSION_ENGINE).SessionStore
    request.session = store(request.COOKIES.get(settings.SESSION_COOKIE_NAME))
    request.user = SimpleLazyObject(partial(session_user, request))  # type: ignore[assignment]  # as Django does
    # An EventSource cannot send a CSRF token; the browser states that a page of this site opened it.
    from_own_page = request.headers.get("Sec-Fetch-Site") == "same-origin"
    credential = authenticate_request(request, session_reads=from_own_page)
    if credential is None:
        raise Unauthenticated
    return credential


def _read(request: ASGIRequest) -> Operation:
    return read_query_string(request) if request.method == "GET" else read_body(request)
