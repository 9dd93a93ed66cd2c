"""ASGI middleware: a bound on request bodies, and an id and a log line for event streams."""

import json
from typing import Any

from django.conf import settings

from config.logs import request_id
from config.middleware import begin, log_end
from crm.graphql.http.requests import MULTIPART, largest_form
from crm.graphql.limits import limits

TOO_LARGE = 413


class _TooLarge(Exception):
    """More came than the request may have."""


def bounded(application: Any) -> Any:
    """Give an HTTP application that refuses bodies over the limit: as announced, and while they come.

    Forms with files may be as large as the API takes them, all else as large as Django keeps in memory.
    """

    async def refuse_large(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        is_form = headers.get(b"content-type", b"").lower().startswith(MULTIPART.encode())
        most = largest_form(limits()) if is_form else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        announced = headers.get(b"content-length", b"")
        if announced.isdigit() and int(announced[:20]) > most:
            await _refuse(send, most)
            return
        received = 0

        async def counted() -> Any:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise _TooLarge
            return message

        try:
            await application(scope, counted, send)
        except _TooLarge:
            await _refuse(send, most)

    return refuse_large


async def _refuse(send: Any, most: int) -> None:
    error = {
        "message": f"The request is larger than {most} bytes.",
        "extensions": {"code": "BAD_USER_INPUT"},
    }
    body = json.dumps({"errors": [error]}).encode()
    headers = [
        (b"content-type", b"application/json; charset=utf-8"),
        (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"),
        (b"content-security-policy", b"default-src 'none'"),
        (b"x-content-type-options", b"nosniff"),
        # The rest of the body is not read.
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": TOO_LARGE, "headers": headers})
    await send({"type": "http.response.body", "body": body})


HEADER = b"x-request-id"


#: The status in the log of a request whose client left before it was answered, as nginx has it.
LEFT = 499


def identified(application: Any) -> Any:
    """Give an HTTP application whose answers carry the id of their request, and whose ends are logged.

    The line of a stream is written when it ends; its milliseconds are those for which it was open.
    """

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope["headers"]).get(HEADER, b"").decode("latin-1")
        identifier, started = begin({"HTTP_X_REQUEST_ID": sent})
        token = request_id.set(identifier)
        status = LEFT

        async def send_with_id(message: Any) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message["headers"], (HEADER, identifier.encode())]}
            await send(message)

        try:
            await application(scope, receive, send_with_id)
        finally:
            log_end(scope["method"], scope["path"], status, started)
            request_id.reset(token)

    return serve
