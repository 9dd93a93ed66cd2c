"""Bodies of requests under an ASGI server: Django keeps a whole one before anybody looks at it."""

import json
from typing import Any

from django.conf import settings

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
