"""ASGI middleware: a limit on request bodies; id, CORS headers and a log line for event streams."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from config.bodies import BodyRefusal, declared_length, largest_body, too_large
from config.cors import with_asgi_cors_headers
from config.logs import request_id
from config.middleware import begin_request, log_end
from crm.database.deadlines import Deadline

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
# Any message: Django declares a mapping here, the event stream a dictionary.
Send = Callable[[Any], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Logged where the client left before it got an answer, as nginx logs it.
CLIENT_CLOSED_REQUEST = 499
REQUEST_ID_HEADER = b"x-request-id"


class _TooLarge(Exception):
    """The body turned out to be over the limit while it was read."""


def with_body_limit(application: Application) -> Application:
    """Refuse HTTP bodies over the limit: Django's own ASGI handler would first spool them to disk."""

    async def refuse_large(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        most = largest_body(
            scope["path"],
            headers.get(b"content-type", b"").decode("latin-1"),
            has_credentials=b"cookie" in headers or b"authorization" in headers,
        )
        refusal = too_large(scope["path"], most)
        if (declared_length(headers.get(b"content-length", b"").decode("latin-1")) or 0) > most:
            await _refuse(scope, send, refusal)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _TooLarge
            return message

        try:
            await application(scope, receive_counted, send)
        except _TooLarge:
            await _refuse(scope, send, refusal)

    return refuse_large


async def _refuse(scope: Scope, send: Send, refusal: BodyRefusal) -> None:
    # The rest of the body stays unread, so the connection cannot carry another request.
    answered = {**refusal.headers, "Connection": "close"}
    headers = with_asgi_cors_headers(
        scope, [(name.encode(), value.encode()) for name, value in answered.items()]
    )
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": refusal.body})


def with_deadline(application: Application) -> Application:
    """End HTTP requests at their deadline, and soon after their client has left.

    Django also hears of a client that has left, but cannot end a thread that works for it.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        with Deadline() as deadline:

            async def receive_and_notice() -> Message:
                started = time.monotonic()
                message = await receive()
                if message["type"] == "http.disconnect":
                    deadline.leave()
                else:
                    # Time that a slow line takes for the body is no work.
                    deadline.extend(time.monotonic() - started)
                return message

            async def send_and_finish(message: Message) -> None:
                # The answer has begun: a download takes as long as the client's line needs.
                deadline.finish()
                await send(message)

            await application(scope, receive_and_notice, send_and_finish)

    return serve


def with_request_id(application: Application) -> Application:
    """Add the request id and CORS headers to each answer, and log the end of each request or stream."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        sent = dict(scope["headers"]).get(REQUEST_ID_HEADER, b"").decode("latin-1")
        identifier, started = begin_request({"HTTP_X_REQUEST_ID": sent})
        token = request_id.set(identifier)
        status = CLIENT_CLOSED_REQUEST

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message["headers"], (REQUEST_ID_HEADER, identifier.encode())]
                message = {**message, "headers": with_asgi_cors_headers(scope, headers)}
            await send(message)

        try:
            await application(scope, receive, send_with_id)
        finally:
            # Also when the server cancels the request because the client left.
            log_end(scope["method"], scope["path"], status, started)
            request_id.reset(token)

    return serve
