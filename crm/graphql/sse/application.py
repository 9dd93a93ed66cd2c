"""The ASGI application of event streams: one request, one operation, one stream."""

import asyncio
import logging
from collections.abc import Coroutine
from io import BytesIO

from django.core.handlers.asgi import ASGIRequest
from django.http import HttpResponse
from django.middleware.security import SecurityMiddleware
from graphql import GraphQLSchema

from crm.authentication import CsrfRefused
from crm.database.failures import RETRY_AFTER_SECONDS
from crm.errors import CrmError, Unauthenticated
from crm.events.dispatcher import open_dispatcher
from crm.graphql.core.errors import Code, domain_error, unexpected_error
from crm.graphql.execution import Prepared, Refused
from crm.graphql.execution.subscriptions import Subscription
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.graphql.http.responses import Answer, HttpRefusal, json_answer, rate_headers, refusal_answer
from crm.graphql.limits import limits as graphql_limits
from crm.graphql.sse.format import TYPE
from crm.graphql.sse.request import AdmittedRequest, check, open_stream
from crm.graphql.sse.streaming import Stream, answer_once, end_body
from crm.graphql.websocket import connections
from crm.graphql.websocket.bounds import socket_limits
from crm.graphql.websocket.handshake import Handshake
from crm.graphql.websocket.outgoing import AsgiMessage, Receive, Send

logger = logging.getLogger(__name__)

TOO_LARGE, TOO_MANY, UNAVAILABLE = 413, 429, 503
POLICY = "default-src 'none'; frame-ancestors 'none'"


class ClientGone(Exception):
    """Raised if the client disconnects before its request was read."""


class GraphQLStream:
    """Serves event streams. Not a view: Django would keep a thread and its connection for each of them."""

    def __init__(self, *, schema: GraphQLSchema) -> None:
        self.schema = schema

    async def __call__(self, scope: AsgiMessage, receive: Receive, send: Send) -> None:
        """Answer a request with a stream, or with a refusal in JSON."""
        request = ASGIRequest(scope, BytesIO())
        # Django's middleware does not run in front of this application, so its security part is called here.
        redirect = SecurityMiddleware(HttpResponse).process_request(request)
        if redirect is not None:
            await _respond(send, request, redirect)
            return
        try:
            check(request)
            # Before the body is read: a restart must not wait for slow uploads.
            if connections.is_draining():
                raise HttpRefusal(UNAVAILABLE, "The server is about to restart.")
            request = ASGIRequest(scope, BytesIO(await _body(receive)))
            admitted = await in_thread(EVENTS, open_stream, self.schema, request)
            await self._serve(request, receive, send, admitted)
        except ClientGone:
            return
        except Exception as error:
            await _respond(send, request, _refusal(error).response())

    async def _serve(
        self, request: ASGIRequest, receive: Receive, send: Send, admitted: AdmittedRequest
    ) -> None:
        limits = socket_limits()
        operation = admitted.operation
        if isinstance(operation, Prepared):
            await _begin(send, request, operation)
            await _until_gone(answer_once(send, operation, admitted.once), receive)
            await end_body(send, limits)
            return
        user_id = admitted.credential.user_id
        dispatcher = await open_dispatcher()
        try:
            if not connections.acquire_slot(user_id, most=limits.sockets_per_user):
                raise HttpRefusal(TOO_MANY, f"A user has at most {limits.sockets_per_user} connections.")
            try:
                await _begin(send, request, operation.prepared)
                handshake = Handshake(request=request, from_own_page=True)
                stream = Stream(send, dispatcher, admitted, handshake, limits)
                await _run(stream, operation, receive)
                await end_body(send, limits)
            except Exception:
                # The answer has begun, so no other can be sent.
                logger.exception("An event stream failed.")
            finally:
                connections.release_slot(user_id)
        finally:
            dispatcher.release()


async def _run(stream: Stream, subscription: Subscription, receive: Receive) -> None:
    # Without it a stream with few events would keep its place long after the client has left.
    gone = asyncio.create_task(_wait_for_disconnect(receive))
    try:
        await stream.run(subscription, gone)
    finally:
        gone.cancel()


async def _until_gone(work: Coroutine[object, object, None], receive: Receive) -> None:
    """Do some work, and cancel it if the client leaves."""
    working = asyncio.create_task(work)
    gone = asyncio.create_task(_wait_for_disconnect(receive))
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        await working
    finally:
        working.cancel()
        gone.cancel()


async def _wait_for_disconnect(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _body(receive: Receive) -> bytes:
    most = graphql_limits().body
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
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
        return json_answer(error.answer, status=error.status, further=rate_headers(error.allowance))
    if isinstance(error, CrmError):
        status = 401 if isinstance(error, Unauthenticated) else 403 if isinstance(error, CsrfRefused) else 400
        return json_answer({"errors": [domain_error(error)]}, status=status)
    failure = unexpected_error(error, place="event stream")
    is_internal = failure["extensions"]["code"] == Code.INTERNAL
    return json_answer({"errors": [failure]}, status=500 if is_internal else UNAVAILABLE)


async def _begin(send: Send, request: ASGIRequest, prepared: Prepared) -> None:
    headers = rate_headers(prepared.allowance)
    response = HttpResponse(content_type=f"{TYPE}; charset=utf-8", headers=headers)
    response["Cache-Control"] = "no-cache"
    # Without it nginx collects a buffer full before it passes anything on.
    response["X-Accel-Buffering"] = "no"
    await send(_start(request, response))


async def _respond(send: Send, request: ASGIRequest, response: HttpResponse) -> None:
    response["Content-Length"] = str(len(response.content))
    await send(_start(request, response))
    await send({"type": "http.response.body", "body": response.content})


def _start(request: ASGIRequest, response: HttpResponse) -> AsgiMessage:
    response["Content-Security-Policy"] = POLICY
    SecurityMiddleware(HttpResponse).process_response(request, response)
    headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in response.items()]
    return {"type": "http.response.start", "status": response.status_code, "headers": headers}
