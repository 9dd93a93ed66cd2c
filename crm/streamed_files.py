"""Answers a request with a file in pieces, under WSGI and ASGI alike."""

from collections.abc import AsyncIterator
from typing import IO
from urllib.parse import quote

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

CHUNK_BYTES = 64 * 1024
#: In case a browser displays a file despite ``attachment``: it runs no scripts and loads nothing.
POLICY = "sandbox; default-src 'none'"


#: Of a PDF in a frame of a page of ours. Not a sandbox: browsers open no PDF in one.
PDF_POLICY = "default-src 'none'; object-src 'self'; frame-ancestors 'self'"


def file_answer(
    request: HttpRequest,
    content: IO[bytes] | None,
    *,
    type_: str,
    name: str,
    size: int,
    disposition: str = "attachment",
    policy: str = POLICY,
) -> HttpResponseBase:
    """Return an answer that a browser saves as a file; None as the content answers a HEAD request."""
    response = _answer(request, content, type_)
    response["Content-Length"] = str(size)
    response["Content-Disposition"] = f"{disposition}; filename*=UTF-8''{quote(name, safe='')}"
    response["Content-Security-Policy"] = policy
    response["X-Content-Type-Options"] = "nosniff"
    return private(response)


def private(response: HttpResponseBase) -> HttpResponseBase:
    """Keep an answer out of every cache."""
    response["Cache-Control"] = "private, no-store"
    response["Vary"] = "Authorization, Cookie"
    return response


def _answer(request: HttpRequest, content: IO[bytes] | None, type_: str) -> HttpResponseBase:
    if content is None:
        return HttpResponse(content_type=type_)
    if isinstance(request, ASGIRequest):
        # Django would read a synchronous iterator into memory as a whole.
        return StreamingHttpResponse(_chunks(content), content_type=type_)
    return FileResponse(content, content_type=type_)


async def _chunks(content: IO[bytes]) -> AsyncIterator[bytes]:
    try:
        while chunk := await sync_to_async(content.read, thread_sensitive=False)(CHUNK_BYTES):
            yield chunk
    finally:
        content.close()
