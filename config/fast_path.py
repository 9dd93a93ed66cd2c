"""WSGI fast path for GraphQL POSTs with a token: skips Django's request, middleware and response.

These took 0.35 of 0.8 ms of CPU of a list (ADR 19). What they decide is the same for all requests with the
same host, scheme and media types, so it is computed once for each. All other requests go through Django.
"""

import logging
from collections.abc import Callable, Iterable
from functools import cache, lru_cache, partial
from http.client import responses
from io import BytesIO
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from graphql import GraphQLSchema

from config.checks import middleware_difference
from config.logs import request_id
from config.middleware import begin_request, log_end
from crm.authentication import COMPANY_HEADER, FetchRows, authenticate_token, parse_bearer
from crm.credentials import Credential
from crm.database.statements import Prepared
from crm.graphql.http.endpoint import check_request
from crm.graphql.http.handler import Exchange, answer_exchange
from crm.graphql.http.idempotency import HEADER
from crm.graphql.http.requests import MULTIPART, parse_body
from crm.graphql.http.responses import GRAPHQL_RESPONSE, JSON, Answer, preferred_type
from crm.graphql.http.speculation import run_ahead
from crm.graphql.limits import limits
from crm.request_origin import current_meta

logger = logging.getLogger("crm.fast_path")

Headers = list[tuple[str, str]]

PATH = "/graphql"
METHOD = "POST"
#: Clients send few combinations; the limit bounds the memory that a hostile one can fill.
MOST_ROUTES = 200
#: Django's headers that belong to its empty body, and the one of which the answer's own says more.
OMITTED_HEADERS = ("content-length", "content-type", "vary")


def _environ_name(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


COMPANY, IDEMPOTENCY_KEY = _environ_name(COMPANY_HEADER), _environ_name(HEADER)


class Route(NamedTuple):
    """The decisions of middleware and view about requests of one kind."""

    media_type: str
    added_headers: Headers


def with_fast_path(django: WSGIApplication, schema: GraphQLSchema) -> WSGIApplication:
    """Return Django's application behind the fast path, or alone where the fast path must not be used."""
    if not settings.GRAPHQL_FAST_PATH:
        return django
    difference = middleware_difference()
    if difference is not None:
        # An IP block or a maintenance mode would be skipped. manage.py check says the same.
        logger.warning("The GraphQL fast path is off, because MIDDLEWARE differs: %s", difference)
        return django
    return FastPath(django, schema)


def deciding_names() -> tuple[str, ...]:
    """Return the keys of a WSGI environment on which the known middleware and the view decide."""
    names = [
        "HTTP_HOST",
        "HTTP_ACCEPT",
        "HTTP_CONTENT_ENCODING",
        "CONTENT_TYPE",
        "SERVER_NAME",
        "SERVER_PORT",
        "wsgi.url_scheme",
    ]
    if settings.SECURE_PROXY_SSL_HEADER:
        names.append(settings.SECURE_PROXY_SSL_HEADER[0])
    if settings.USE_X_FORWARDED_HOST:
        names.append("HTTP_X_FORWARDED_HOST")
    if settings.USE_X_FORWARDED_PORT:
        names.append("HTTP_X_FORWARDED_PORT")
    if settings.CORS_ALLOWED_ORIGINS:
        names.append("HTTP_ORIGIN")
    if settings.DISALLOWED_USER_AGENTS:
        names.append("HTTP_USER_AGENT")
    return tuple(names)


class FastPath:
    """A WSGI application that answers GraphQL POSTs with a token, and hands all other requests to Django."""

    def __init__(self, django: WSGIApplication, schema: GraphQLSchema) -> None:
        self._django = django
        self._schema = schema
        self._deciding = deciding_names()
        self._route_by_values = lru_cache(MOST_ROUTES)(self._decide)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        route = self._route(environ)
        if route is None:
            return self._django(environ, start_response)
        return self._serve(environ, start_response, route)

    def _route(self, environ: WSGIEnvironment) -> Route | None:
        if (
            environ["PATH_INFO"] != PATH
            or "HTTP_AUTHORIZATION" not in environ
            or environ["REQUEST_METHOD"] != METHOD
            or environ.get("SCRIPT_NAME")
        ):
            return None
        length = environ.get("CONTENT_LENGTH", "")
        # Up to nine digits: int() refuses numbers of thousands.
        if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > limits().body:
            return None
        return self._route_by_values(*[environ.get(name) for name in self._deciding])

    def _decide(self, *values: str | None) -> Route | None:
        """Send a request with these ``deciding_names()`` and no body through middleware and view checks."""
        given = {name: value for name, value in zip(self._deciding, values, strict=True) if value is not None}
        fixed = {"REQUEST_METHOD": METHOD, "PATH_INFO": PATH, "CONTENT_LENGTH": "0", "wsgi.input": BytesIO()}
        request = WSGIRequest({**fixed, **given})
        media_type = preferred_type(request, [JSON, GRAPHQL_RESPONSE])
        accepted = False

        def view(request: HttpRequest) -> HttpResponseBase:
            nonlocal accepted
            check_request(request, media_type)
            accepted = request.content_type != MULTIPART
            return HttpResponse()

        handler: Callable[[HttpRequest], HttpResponseBase] = view
        for name in reversed(settings.MIDDLEWARE):
            # The request id differs from request to request: _serve() adds it.
            if name != "config.middleware.request_id":
                handler = import_string(name)(handler)
        try:
            response = handler(request)
        except Exception:
            # Refused. Django raises the same error again and makes an answer of it.
            return None
        # Middleware that answers itself, such as a redirect to https, never calls the view.
        if not accepted or media_type is None:
            return None
        added = [item for item in response.items() if item[0].lower() not in OMITTED_HEADERS]
        return Route(media_type, added)

    def _serve(
        self, environ: WSGIEnvironment, start_response: StartResponse, route: Route
    ) -> Iterable[bytes]:
        identifier, started = begin_request(environ)
        token, origin = request_id.set(identifier), current_meta.set(environ)
        try:
            status, own_headers, body = self._answer(environ, route.media_type)
            log_end(METHOD, PATH, status, started)
        finally:
            # As Django does on request_finished. It does so on request_started too, for connections that grew
            # old meanwhile; here such a one serves its last request, after the usual check of its health.
            close_old_connections()
            request_id.reset(token)
            current_meta.reset(origin)
        headers = [
            *own_headers,
            ("Content-Length", str(len(body))),
            *route.added_headers,
            ("X-Request-ID", identifier),
        ]
        start_response(f"{status} {responses[status]}", headers)
        return [body]

    def _answer(self, environ: WSGIEnvironment, media_type: str) -> tuple[int, Headers, bytes]:
        header = environ["HTTP_AUTHORIZATION"]

        def authenticate(fetch: FetchRows = Prepared.rows) -> Credential:
            return authenticate_token(parse_bearer(header), company_key=environ.get(COMPANY), fetch=fetch)

        @cache
        def body() -> bytes:
            read: bytes = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            return read

        exchange = Exchange(
            schema=self._schema,
            method=METHOD,
            media_type=media_type,
            authenticate=authenticate,
            read=lambda _credential: parse_body(body()),
            idempotency_key=environ.get(IDEMPOTENCY_KEY),
        )
        try:
            answer: Answer = answer_exchange(
                exchange, partial(run_ahead, header=header, authenticate=authenticate)
            )
        except Exception as error:
            # Django's own last resort: logs the error, and answers 500 without its text.
            failed = response_for_exception(WSGIRequest({**environ, "wsgi.input": BytesIO()}), error)
            kept = [item for item in failed.items() if item[0].lower() != "content-length"]
            return failed.status_code, kept, failed.content
        return answer.status, list(answer.headers.items()), answer.body
