"""What every answer carries: a request id and the security headers that Django does not set itself."""

import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from functools import cache
from typing import cast
from urllib.parse import quote

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.decorators import sync_and_async_middleware

from config.logs import request_id as current_request_id

logger = logging.getLogger("crm.requests")

Handler = Callable[[HttpRequest], HttpResponseBase]
AsyncHandler = Callable[[HttpRequest], Awaitable[HttpResponseBase]]

SENT_REQUEST_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
QUIET_PATHS = ("/healthz", "/readyz")
API_PATH = "/graphql"


@sync_and_async_middleware
def request_id(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Give each request an id, in ``request.headers``, the answer and every log line, and log its end."""
    if iscoroutinefunction(get_response):
        follow = cast(AsyncHandler, get_response)

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            identifier, started = _begin(request)
            token = current_request_id.set(identifier)
            try:
                return _end(request, await follow(request), identifier, started)
            finally:
                current_request_id.reset(token)

        return handle_async

    call = cast(Handler, get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        identifier, started = _begin(request)
        token = current_request_id.set(identifier)
        try:
            return _end(request, call(request), identifier, started)
        finally:
            current_request_id.reset(token)

    return handle


def _begin(request: HttpRequest) -> tuple[str, float]:
    # Not request.headers, which would remember what was sent.
    sent = request.META.get("HTTP_X_REQUEST_ID", "")
    # Only a proxy of ours may choose the id; anybody else could make two requests look like one.
    keep = settings.TRUSTED_PROXY_COUNT > 0 and SENT_REQUEST_ID.fullmatch(sent)
    identifier = sent if keep else uuid.uuid4().hex
    request.META["HTTP_X_REQUEST_ID"] = identifier
    return identifier, time.perf_counter()


def _end(
    request: HttpRequest, response: HttpResponseBase, identifier: str, started: float
) -> HttpResponseBase:
    response["X-Request-ID"] = identifier
    if request.path not in QUIET_PATHS:
        # Quoted again: a decoded path may hold line breaks, and would then make lines of its own.
        end = {
            "method": request.method,
            "path": quote(request.path),
            "status": response.status_code,
            "ms": round((time.perf_counter() - started) * 1000, 1),
        }
        logger.info("%(method)s %(path)s %(status)d %(ms)s ms", end, extra=end)
    return response


@sync_and_async_middleware
def security_headers(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Add the content security policy and its kin; a view that sets one of them keeps its own."""
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
        follow = cast(AsyncHandler, get_response)

        async def handle_async(request: HttpRequest) -> HttpResponseBase:
            return add(await follow(request))

        return handle_async

    call = cast(Handler, get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        return add(call(request))

    return handle


@sync_and_async_middleware
def programs_first(get_response: Handler | AsyncHandler) -> Handler | AsyncHandler:
    """Lead programs straight to the API, past what is there for browsers: static files, sessions, messages.

    A program is who sends an ``Authorization`` header, beside which no cookie is looked at. Under ASGI all go
    the long way.
    """
    if iscoroutinefunction(get_response):
        return get_response
    call = cast(Handler, get_response)

    def handle(request: HttpRequest) -> HttpResponseBase:
        if request.path_info != API_PATH or "HTTP_AUTHORIZATION" not in request.META:
            return call(request)
        found = _api(settings.ROOT_URLCONF)
        if found is None:
            return call(request)
        # Refuses other hosts, as the middleware does that is passed by.
        request.get_host()
        request.resolver_match = found
        response: HttpResponseBase = found.func(request, *found.args, **found.kwargs)
        if isinstance(response, HttpResponse):
            response.headers.setdefault("Content-Length", str(len(response.content)))
        return response

    return handle


@cache
def _api(addresses: str) -> ResolverMatch | None:
    try:
        return resolve(API_PATH, addresses)
    except Resolver404:
        return None
