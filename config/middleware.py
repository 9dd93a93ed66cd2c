"""Middleware for every answer: a request id, and the security headers that Django does not set itself."""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, cast
from urllib.parse import quote

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware
from django.utils.deprecation import MiddlewareMixin

from config.logs import request_id as current_request_id
from crm.request_origin import current_meta
from crm.services.lockout import LockedOut
from crm.sign_in.pages import locked_out

logger = logging.getLogger("crm.requests")

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

SENT_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
#: Switches off what no page of the product uses.
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
#: Probes come every few seconds and would drown the log.
QUIET_PATHS = ("/healthz", "/readyz")


@sync_and_async_middleware
def request_id(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Set an id for each request, in ``request.headers``, the answer and every log line, and log its end.

    Services find the headers of the request in ``crm.request_origin``.
    """
    if iscoroutinefunction(get_response):
        call_async = cast(AsyncHandler, get_response)

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            identifier, started = begin_request(request.META)
            token, origin = current_request_id.set(identifier), current_meta.set(request.META)
            try:
                return _end(request, await call_async(request), identifier, started)
            finally:
                current_request_id.reset(token)
                current_meta.reset(origin)

        return handle_async

    call = cast(Handler, get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        identifier, started = begin_request(request.META)
        token, origin = current_request_id.set(identifier), current_meta.set(request.META)
        try:
            return _end(request, call(request), identifier, started)
        finally:
            current_request_id.reset(token)
            current_meta.reset(origin)

    return handle


def begin_request(meta: MutableMapping[str, Any]) -> tuple[str, float]:
    """Return the id of a request and its start time, and set the id in the WSGI names of its headers."""
    sent = meta.get("HTTP_X_REQUEST_ID", "")
    # Accepted only from our own proxy: a client could make two requests look like one in the log.
    accepted = settings.TRUSTED_PROXY_COUNT > 0 and SENT_REQUEST_ID.fullmatch(sent)
    identifier = sent if accepted else secrets.token_hex(16)
    meta["HTTP_X_REQUEST_ID"] = identifier
    return identifier, time.perf_counter()


def log_end(method: str | None, path: str, status: int, started: float) -> None:
    # Quoted again: a decoded path may contain line breaks, which would forge log lines.
    end = {
        "method": method,
        "path": quote(path),
        "status": status,
        "ms": round((time.perf_counter() - started) * 1000, 1),
    }
    logger.info("%(method)s %(path)s %(status)d %(ms)s ms", end, extra=end)


def _end(
    request: HttpRequest, response: HttpResponseBase, identifier: str, started: float
) -> HttpResponseBase:
    response["X-Request-ID"] = identifier
    if request.path not in QUIET_PATHS:
        log_end(request.method, request.path, response.status_code, started)
    return response


@sync_and_async_middleware
def security_headers(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Add the content security policy and related headers, except where the view has set its own."""
    policy = "; ".join(
        f"{directive} {' '.join(sources)}" for directive, sources in settings.SECURE_CSP.items()
    )
    headers = {
        "Content-Security-Policy": policy,
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": PERMISSIONS_POLICY,
    }

    def add(response: HttpResponseBase) -> HttpResponseBase:
        for name, value in headers.items():
            response.headers.setdefault(name, value)
        return response

    if iscoroutinefunction(get_response):
        call_async = cast(AsyncHandler, get_response)

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            return add(await call_async(request))

        return handle_async

    call = cast(Handler, get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        return add(call(request))

    return handle


class RefuseLockedOut(MiddlewareMixin):
    """Answer 429 where any view tried to sign in to a locked account, or from a locked address."""

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        return locked_out(request, exception.seconds) if isinstance(exception, LockedOut) else None
