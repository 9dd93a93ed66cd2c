"""The endpoint: one request, one credential, one operation, one answer."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views import View
from django.views.decorators.csrf import csrf_exempt
from graphql import GraphQLSchema, OperationType

from crm.authentication import Credential, CsrfRefused, authenticate_request
from crm.errors import CrmError, Unauthenticated
from crm.graphql.errors import domain_error, internal_error
from crm.graphql.execution import Operation, Refused, prepare, respond
from crm.graphql.view import graphiql
from crm.graphql.view.answers import (
    GRAPHQL_RESPONSE,
    JSON,
    HttpRefusal,
    json_answer,
    preferred_type,
    refusal_answer,
)
from crm.graphql.view.forms import read_form
from crm.graphql.view.repeating import once_of
from crm.graphql.view.requests import MULTIPART, check_content, read_body, read_query_string

KINDS = {
    "GET": frozenset({OperationType.QUERY}),
    "POST": frozenset({OperationType.QUERY, OperationType.MUTATION}),
}
METHOD_NOT_ALLOWED = 405
NOT_ACCEPTABLE = 406


class GraphQLView(View):
    """GraphQL over HTTP on one schema: POST of JSON or a form, GET for queries, GraphiQL for browsers."""

    schema: GraphQLSchema | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Give the view as a function."""
        # The middleware would check each POST and answer with a page; authenticate_request checks cookies.
        return csrf_exempt(super().as_view(**initkwargs))

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Answer a request; no error leaves this function but as JSON."""
        if graphiql.is_wanted(request) and graphiql.is_served_to(request):
            return graphiql.page(request)
        media_type = preferred_type(request, [JSON, GRAPHQL_RESPONSE])
        try:
            methods = _methods()
            if request.method not in methods:
                message = f"Send a {' or a '.join(methods)}."
                raise HttpRefusal(METHOD_NOT_ALLOWED, message, allow=", ".join(sorted(methods)))
            if media_type is None:
                raise HttpRefusal(NOT_ACCEPTABLE, f"The answer is {JSON} or {GRAPHQL_RESPONSE}.")
            if request.method == "POST":
                check_content(request)
            credential = authenticate_request(request)
            operation = _read(request, credential)
            return self.execute(request, operation, credential, media_type=media_type)
        except HttpRefusal as refusal:
            return refusal_answer(refusal, media_type=media_type or JSON)
        except CrmError as error:
            return json_answer(
                {"errors": [domain_error(error)]},
                status=_status(error, media_type),
                media_type=media_type or JSON,
            )
        except (OperationalError, InterfaceError) as error:
            body = {"errors": [internal_error(error, place="authentication")]}
            return json_answer(body, status=503, media_type=media_type or JSON)

    def execute(
        self, request: HttpRequest, operation: Operation, credential: Credential | None, *, media_type: str
    ) -> HttpResponse:
        """Run an operation and encode its answer."""
        if self.schema is None:
            raise TypeError("GraphQLView.as_view() needs a schema.")
        try:
            prepared = prepare(
                self.schema,
                operation,
                actor=credential.actor if credential else None,
                allow=KINDS[str(request.method)],
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
        status, body = respond(prepared, once=once_of(request, prepared, credential))
        return json_answer(body, status=status, media_type=media_type)


def _read(request: HttpRequest, credential: Credential | None) -> Operation:
    if request.method == "GET":
        return read_query_string(request)
    if request.content_type != MULTIPART:
        return read_body(request)
    # Any page of any site can have a browser send a form, and nobody's files are worth reading.
    if credential is None:
        raise CsrfRefused("A form needs a Bearer token, or a session and its CSRF token.")
    return read_form(request)


def _methods() -> list[str]:
    return ["POST", "GET"] if settings.GRAPHQL_GET_ENABLED else ["POST"]


def _status(error: CrmError, media_type: str | None) -> int:
    if isinstance(error, Unauthenticated):
        return 401
    if isinstance(error, CsrfRefused):
        return 403
    return _refusal_status(400, media_type)


def _refusal_status(status: int, media_type: str | None) -> int:
    # Clients of plain JSON read the status as that of HTTP alone: a well-formed request was answered.
    return 200 if status == 400 and media_type == JSON else status
