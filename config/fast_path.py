"""The short way of a program's request to GraphQL under WSGI: past Django's requests and middleware.

A program posts JSON with an ``Authorization`` header, beside which no cookie is looked at. What such a
request passes on the long way is the same each time, so it is passed once: the checks of hosts, of TLS and of
headers, and the headers that answers get. Whatever else comes, and whatever would be refused there, goes the
long way.
"""

from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from http.client import responses
from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.handlers.exception import response_for_exception
from django.core.handlers.wsgi import WSGIRequest
from django.db import close_old_connections
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from graphql import GraphQLSchema

from config.logs import request_id
from config.middleware import begin, log_end
from crm.authentication import COMPANY_HEADER, authenticate_token, parse_bearer, predicted_credential
from crm.credentials import Credential
from crm.database.piggyback import Piggyback
from crm.graphql.http.endpoint import check_request
from crm.graphql.http.handler import Exchange, answer_to
from crm.graphql.http.idempotency import HEADER
from crm.graphql.http.requests import MULTIPART, operation_in
from crm.graphql.http.responses import GRAPHQL_RESPONSE, JSON, Answer, preferred_type
from crm.graphql.limits import limits

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]

PATH = "/graphql"
METHOD = "POST"
#: What decides on the way of a request, and on the headers of its answer; all else is read each time.
DECIDING = (
    "HTTP_HOST",
    "HTTP_ACCEPT",
    "HTTP_CONTENT_ENCODING",
    "HTTP_X_FORWARDED_PROTO",
    "CONTENT_TYPE",
    "SERVER_NAME",
    "SERVER_PORT",
    "wsgi.url_scheme",
)
#: Kept decisions; clients send few kinds of headers, and nobody can fill more memory than this.
MOST_DECISIONS = 200
#: Headers of Django's answers that are about one answer's body.
OF_THE_BODY = ("content-length", "content-type")


def express(application: Application, schema: GraphQLSchema) -> Application:
    """Give a WSGI application that answers programs by itself, and leaves all else to another one.

    :param application: Django's.
    """
    lane = _Lane(schema)

    def serve(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == PATH and "HTTP_AUTHORIZATION" in environ:
            way = lane.way_of(environ)
            if way is not None:
                return lane.serve(environ, start_response, *way)
        return application(environ, start_response)

    return serve


class _Lane:
    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._decide = lru_cache(MOST_DECISIONS)(_decide)

    def way_of(self, environ: Environ) -> tuple[str, list[tuple[str, str]]] | None:
        """Give the media type of the answer and its headers, None if the request goes the long way."""
        length = environ.get("CONTENT_LENGTH", "")
        if environ["REQUEST_METHOD"] != METHOD or environ.get("SCRIPT_NAME"):
            return None
        if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > limits().body:
            return None
        return self._decide(*[environ.get(name) for name in DECIDING])

    def serve(
        self,
        environ: Environ,
        start_response: Callable[..., Any],
        media_type: str,
        headers: list[tuple[str, str]],
    ) -> Iterable[bytes]:
        identifier, started = begin(environ)
        token = request_id.set(identifier)
        close_old_connections()
        try:
            status, own, body = self._answer(environ, media_type)
            log_end(METHOD, PATH, status, started)
        finally:
            close_old_connections()
            request_id.reset(token)
        length = ("Content-Length", str(len(body)))
        start_response(
            f"{status} {responses[status]}", [*own, length, *headers, ("X-Request-ID", identifier)]
        )
        return [body]

    def _answer(self, environ: Environ, media_type: str) -> tuple[int, Iterable[tuple[str, str]], bytes]:
        header = environ["HTTP_AUTHORIZATION"]

        def authenticate(companion: Piggyback | None) -> Credential:
            return authenticate_token(
                parse_bearer(header), company_key=environ.get(COMPANY), companion=companion
            )

        @cache
        def body() -> bytes:
            found: bytes = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
            return found

        exchange = Exchange(
            method=METHOD,
            media_type=media_type,
            authenticate=authenticate,
            read=lambda _credential: operation_in(body()),
            repeat_key=environ.get(REPEAT),
            expected=predicted_credential(header),
        )
        try:
            answer: Answer = answer_to(self._schema, exchange)
        except Exception as error:
            # As at the end of Django's own chain: logged there, and answered without a word of it.
            failed = response_for_exception(WSGIRequest({**environ, "wsgi.input": BytesIO()}), error)
            told = [item for item in failed.items() if item[0].lower() != "content-length"]
            return failed.status_code, told, failed.content
        return answer.status, answer.headers.items(), answer.body


def _environ_name(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


COMPANY, REPEAT = _environ_name(COMPANY_HEADER), _environ_name(HEADER)


def _decide(*values: Any) -> tuple[str, list[tuple[str, str]]] | None:
    """Send a request without a body the long way; give the media type of the answer and what was added to it.

    :param values: those of ``DECIDING``.
    """
    given = {name: value for name, value in zip(DECIDING, values, strict=True) if value is not None}
    request = WSGIRequest(
        {"wsgi.input": BytesIO(), "REQUEST_METHOD": METHOD, "PATH_INFO": PATH, "CONTENT_LENGTH": "0", **given}
    )
    media_type = preferred_type(request, [JSON, GRAPHQL_RESPONSE])
    passed = []

    def arrive(request: HttpRequest) -> HttpResponseBase:
        # Refuses other hosts, as some of the middleware does.
        request.get_host()
        check_request(request, media_type)
        passed.append(request.content_type != MULTIPART)
        return HttpResponse()

    handler: Callable[[HttpRequest], HttpResponseBase] = arrive
    for name in reversed(settings.MIDDLEWARE):
        # Each request has an id of its own.
        if name != "config.middleware.request_id":
            handler = import_string(name)(handler)
    try:
        response = handler(request)
    except Exception:
        # The long way says what is wrong.
        return None
    if not any(passed) or media_type is None:
        return None
    return media_type, [item for item in response.items() if item[0].lower() not in OF_THE_BODY]
