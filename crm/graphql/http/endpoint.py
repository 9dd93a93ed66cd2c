"""Django's view for GraphQL over HTTP."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from graphql import GraphQLSchema

from crm.authentication import CsrfRefused, authenticate_request
from crm.credentials import Credential
from crm.graphql.execution import Operation
from crm.graphql.http import graphiql
from crm.graphql.http.handler import METHOD_NOT_ALLOWED, Exchange, answer_exchange
from crm.graphql.http.idempotency import HEADER
from crm.graphql.http.multipart import read_form
from crm.graphql.http.requests import MULTIPART, check_content, read_body, read_query_string
from crm.graphql.http.responses import (
    GRAPHQL_RESPONSE,
    JSON,
    Answer,
    HttpRefusal,
    preferred_type,
    refusal_answer,
)

NOT_ACCEPTABLE = 406


class GraphQLView(View):
    """Serve one schema: POST of JSON or a multipart form, GET for queries, GraphiQL for browsers."""

    schema: GraphQLSchema | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view as a function, exempt from the CSRF middleware."""
        # The middleware answers with an HTML page, and checks requests with a token too. For requests with a
        # session cookie, authenticate_request() does the check.
        return csrf_exempt(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if graphiql.is_wanted(request) and graphiql.is_served_to(request):
            return graphiql.page(request)
        media_type = preferred_type(request, [JSON, GRAPHQL_RESPONSE])
        try:
            check_request(request, media_type)
        except HttpRefusal as refusal:
            return refusal_answer(refusal, media_type=media_type or JSON).response()
        return self._answer(request, media_type or JSON).response()

    def _answer(self, request: HttpRequest, media_type: str) -> Answer:
        if self.schema is None:
            raise TypeError("GraphQLView.as_view() needs a schema.")
        exchange = Exchange(
            schema=self.schema,
            method=str(request.method),
            media_type=media_type,
            authenticate=lambda: authenticate_request(request),
            read=lambda credential: _read(request, credential),
            idempotency_key=request.headers.get(HEADER),
        )
        return answer_exchange(exchange)


def check_request(request: HttpRequest, media_type: str | None) -> None:
    """Refuse a request by its method and headers, before its body is read."""
    methods = ["POST", "GET"] if settings.GRAPHQL_GET_ENABLED else ["POST"]
    if request.method not in methods:
        message = f"Send a {' or a '.join(methods)}."
        raise HttpRefusal(METHOD_NOT_ALLOWED, message, allow=", ".join(sorted(methods)))
    if media_type is None:
        raise HttpRefusal(NOT_ACCEPTABLE, f"The answer is {JSON} or {GRAPHQL_RESPONSE}.")
    if request.method == "POST":
        check_content(request)


def _read(request: HttpRequest, credential: Credential | None) -> Operation:
    if request.method == "GET":
        return read_query_string(request)
    if request.content_type != MULTIPART:
        return read_body(request)
    # Any site can make a browser send a form. Refuse it before up to 200 MB of files are parsed.
    if credential is None:
        raise CsrfRefused("A form needs a Bearer token, or a session and its CSRF token.")
    return read_form(request)
