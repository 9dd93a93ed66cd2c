"""Answers over HTTP: media types, headers and JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from crm.database.failures import RETRY_AFTER_SECONDS
from crm.graphql.core.errors import Code
from crm.json_encoding import encode_json
from crm.services.rates import WINDOW, Allowance

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"
VARY = "Accept, Authorization, Cookie, Origin"


class HttpRefusal(Exception):
    """Not a GraphQL request: answered with this HTTP status, whatever the media type."""

    def __init__(self, status: int, message: str, *, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.allow = allow


def preferred_type(request: HttpRequest, offers: list[str]) -> str | None:
    """Return the offer that the client prefers, the first by default; None if it accepts none."""
    if not request.headers.get("Accept", "").strip():
        return offers[0]
    # Some clients name the charset, which Django would take for another media type.
    spelled = {f"{offer}{charset}": offer for offer in offers for charset in ("", "; charset=utf-8")}
    chosen = request.get_preferred_type(list(spelled))
    return spelled.get(chosen) if chosen else None


@dataclass(frozen=True)
class Answer:
    """An answer, independent of the server."""

    status: int
    headers: dict[str, str]
    body: bytes

    def response(self) -> HttpResponse:
        return HttpResponse(self.body, status=self.status, headers=self.headers)


def json_answer(
    body: dict[str, Any],
    *,
    status: int,
    media_type: str = JSON,
    allow: str | None = None,
    further: Mapping[str, str] | None = None,
) -> Answer:
    """Return an encoded answer with the headers of all answers, those of its status, and ``further`` ones."""
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8",
        "Cache-Control": "no-store",
        "Vary": VARY,
    }
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if allow is not None:
        headers["Allow"] = allow
    if further:
        headers.update(further)
    return Answer(status, headers, encode_json(body))


def rate_headers(allowance: Allowance | None) -> dict[str, str]:
    """Return what an account has left as header fields of draft-ietf-httpapi-ratelimit-headers-11."""
    if allowance is None:
        return {}
    # Without a unit (``qu``): the draft registers none for points, and forbids others.
    headers = {
        "RateLimit-Policy": f'"points";q={allowance.most};w={WINDOW}',
        "RateLimit": f'"points";r={allowance.remaining};t={allowance.seconds}',
    }
    if allowance.is_exceeded:
        headers["Retry-After"] = str(allowance.seconds)
    return headers


def refusal_answer(refusal: HttpRefusal, *, media_type: str = JSON) -> Answer:
    """Return the answer to a request that is not a GraphQL request."""
    error = {"message": refusal.message, "extensions": {"code": Code.BAD_USER_INPUT}}
    return json_answer({"errors": [error]}, status=refusal.status, media_type=media_type, allow=refusal.allow)
