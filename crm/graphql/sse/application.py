"""The ASGI application of event streams: one request, one operation, one stream."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from io import BytesIO
from typing import Any

from django.core.handlers.asgi import ASGIRequest
from django.db import InterfaceError, OperationalError
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from graphql import GraphQLSchema

from crm.authentication import CsrfRefused
from crm.errors import CrmError, Unauthenticated
from crm.events.dispatcher import open_dispatcher
from crm.graphql.core.errors import RETRY_AFTER_SECONDS, Code, domain_error, internal_error
from crm.graphql.execution import Prepared, Refused
from crm.graphql.execution.subscriptions import Subscription
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.graphql.http.responses import Answer, HttpRefusal, json_answer, refusal_answer
from crm.graphql.limits import limits as graphql_limits
from crm.graphql.sse.format import TYPE
from crm.graphql.sse.request import Opening, check, open_stream
from crm.graphql.sse.streaming import Stream, answer_once, end_body
from crm.graphql.websocket import connections
from crm.graphql.websocket.bounds import socket_limits
from crm.graphql.websocket.handshake import Handshake
from crm.graphql.websocket.outgoing import Send

logger = logging.getLogger(__name__)

TOO_LARGE, TOO_MANY, UNAVAILABLE = 413, 429, 503
POLICY = "default-src 'none'; frame-ancestors 'none'"
Receive = Callable[[], Awaitable[dict[str, Any]]]


class Gone(Exception):
    """The client left before its request was read."""


class GraphQLStream:
    """Serves the operations of one schema as event streams: ``GraphQLStream(schema=...)``.

    It is no view of Django's: those keep a thread, and what it holds of the database, for a whole request.
    """

    def __init__(self, *, schema: GraphQLSchema) -> None:
        self.schema = schema

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request: by a refusal in JSON, or by a stream."""
        request = ASGIRequest(scope, BytesIO())
        redirect = SecurityMiddleware(HttpResponse).process_request(request)
        if redirect is not None:
            await _respond(send, request, redirect)
            return
        try:
            check(request)
            if connections.is_draining():
                raise HttpRefusal(UNAVAILABLE, "The server is about to restart.")
            request = ASGIRequest(scope, BytesIO(await _body(receive)))
            opening = await in_thread(EVENTS, open_stream, self.schema, request)
            await self._serve(request, receive, send, opening)
        except Gone:
            return
        except Exception as error:
            await _respond(send, request, _refusal(error).response())

    async def _serve(self, request: ASGIRequest, receive: Receive, send: Send, opening: Opening) -> None:
        limits = socket_limits()
        admitted = opening.admitted
        if isinstance(admitted, Prepared):
            await _begin(send, request)
            await answer_once(send, admitted, opening.once)
            await end_body(send, limits)
            return
        user_id = opening.credential.user_id
        hub = await open_dispatcher()
        try:
            if not connections.take_seat(user_id, most=limits.sockets_per_user):
                raise HttpRefusal(TOO_MANY, f"A user has at most {limits.sockets_per_user} connections.")
            try:
                await _begin(send, request)
                handshake = Handshake(request=request, from_own_page=True)
                stream = Stream(send, hub, opening, handshake, limits)
                await _run(stream, admitted, receive)
                await end_body(send, limits)
            except Exception:
                # No second answer can follow the first.
                logger.exception("An event stream failed.")
            finally:
                connections.leave_seat(user_id)
        finally:
            hub.release()


async def _run(stream: Stream, subscription: Subscription, receive: Receive) -> None:
    async def leave() -> None:
        while (await receive())["type"] != "http.disconnect":
            pass

    gone = asyncio.create_task(leave())
    try:
        await stream.run(subscription, gone)
    finally:
        gone.cancel()


async def _body(receive: Receive) -> bytes:
    most = graphql_limits().body
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        body += message.get("body", b"")
        if len(body) > most:
            raise HttpRefusal(TOO_LARGE, f"The request is larger than {most} bytes.")
        if not message.get("more_body"):
            return bytes(body)


def _refusal(error: Exception) -> Answer:
    if isinstance(error, HttpRefusal):
        answer = refusal_answer(error)
        if error.status in (TOO_MANY, UNAVAILABLE):
            answer.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return answer
    if isinstance(error, Refused):
        return json_answer({"errors": error.errors}, status=error.status, retry_after=error.retry_after)
    if isinstance(error, CrmError):
        status = 401 if isinstance(error, Unauthenticated) else 403 if isinstance(error, CsrfRefused) else 400
        return json_answer({"errors": [domain_error(error)]}, status=status)
    away = isinstance(error, OperationalError | InterfaceError)
    failure = internal_error(error, place="event stream")
    assert failure["extensions"]["code"] == Code.INTERNAL
    return json_answer({"errors": [failure]}, status=UNAVAILABLE if away else 500)


async def _begin(send: Send, request: ASGIRequest) -> None:
    response = HttpResponse(content_type=f"{TYPE}; charset=utf-8")
    response["Cache-Control"] = "no-cache"
    # Proxies would wait until they have enough of it.
    response["X-Accel-Buffering"] = "no"
    await send(_start(request, response))


async def _respond(send: Send, request: ASGIRequest, response: HttpResponse) -> None:
    response["Content-Length"] = str(len(response.content))
    await send(_start(request, response))
    await send({"type": "http.response.body", "body": response.content})


def _start(request: ASGIRequest, response: HttpResponse) -> dict[str, Any]:
    response["Content-Security-Policy"] = POLICY
    SecurityMiddleware(HttpResponse).process_response(request, response)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.items()]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}
