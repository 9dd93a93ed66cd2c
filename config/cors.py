"""CORS: which answers pages of other sites may read. Only the API and receivers; never with cookies."""

import re
from collections.abc import Awaitable, Mapping, Sequence
from io import BytesIO
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from leads.services.receiver_origins import allowed_origins_of

Header = tuple[bytes, bytes]

API_PATHS = ("/graphql", "/graphql/stream")
RECEIVER = re.compile(r"/receivers/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
PREFLIGHT_HEADER = b"access-control-request-method"


class Cors(CorsMiddleware):
    """Add CORS headers where origins are configured: for the installation, or by the receiver."""

    async def __acall__(self, request: HttpRequest) -> HttpResponseBase:
        # Receivers' origins are in the database, which must not be read in the event loop.
        if _receiver(request) is not None:
            await sync_to_async(self.is_enabled)(request)
        answer: Awaitable[HttpResponseBase] = super().__acall__(request)
        return await answer

    def is_enabled(self, request: HttpRequest) -> bool:
        """Return whether pages of any other site may read the answer."""
        return bool(_origins(request))

    def check_signal(self, request: HttpRequest) -> bool:
        """Return whether pages of the request's origin may read the answer, whatever the settings say."""
        return request.headers.get("Origin") in _origins(request)


def _origins(request: HttpRequest) -> Sequence[str]:
    known: Sequence[str] | None = getattr(request, "_cors_origins", None)
    if known is None:
        known = request._cors_origins = _find_origins(request)  # type: ignore[attr-defined]  # kept for its end
    return known


def _find_origins(request: HttpRequest) -> Sequence[str]:
    everywhere: Sequence[str] = settings.CORS_ALLOWED_ORIGINS
    if request.path_info in API_PATHS:
        return everywhere
    receiver = _receiver(request)
    if receiver is None:
        return ()
    if request.headers["Origin"] in everywhere:
        # The receiver need not be read for these.
        return everywhere
    return [*everywhere, *allowed_origins_of(receiver)]


def _receiver(request: HttpRequest) -> UUID | None:
    """Return the UUID of the receiver that a page calls; deliveries of servers have no origin."""
    found = RECEIVER.fullmatch(request.path_info)
    return UUID(found[1]) if found and "Origin" in request.headers else None


def is_preflight(scope: Mapping[str, Any]) -> bool:
    """Return whether a browser asks if a page of another site may send a request, where some may."""
    if scope["method"] != "OPTIONS" or not settings.CORS_ALLOWED_ORIGINS:
        return False
    return any(name == PREFLIGHT_HEADER for name, _ in scope["headers"])


def with_cors_headers(request: HttpRequest, headers: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an answer that Django's middleware does not see, and what Cors adds to them."""
    if not settings.CORS_ALLOWED_ORIGINS:
        return dict(headers)
    response = HttpResponse(headers=dict(headers))
    Cors(lambda _request: response).add_response_headers(request, response)
    return dict(response.items())


def with_asgi_cors_headers(scope: Mapping[str, Any], headers: Sequence[Header]) -> list[Header]:
    """Return the same of an answer as ASGI has it."""
    sent = {name.decode(): value.decode("latin-1") for name, value in headers}
    added = with_cors_headers(ASGIRequest(scope, BytesIO()), sent) if settings.CORS_ALLOWED_ORIGINS else sent
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in added.items()]
