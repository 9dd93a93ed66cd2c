"""Answers over HTTP: media types, headers, and JSON that always encodes."""

import json
from dataclasses import dataclass
from typing import Any

import orjson
from django.http import HttpRequest, HttpResponse

from crm.graphql.core.errors import RETRY_AFTER_SECONDS, Code

JSON = "application/json"
GRAPHQL_RESPONSE = "application/graphql-response+json"
HTML = "text/html"
VARY = "Accept, Authorization, Cookie, Origin"


class HttpRefusal(Exception):
    """A request that is no GraphQL request: the HTTP status holds under every media type."""

    def __init__(self, status: int, message: str, *, allow: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.allow = allow


def preferred_type(request: HttpRequest, offers: list[str]) -> str | None:
    """Give the one of the media types on offer that the client likes best, the first if it does not say."""
    if not request.headers.get("Accept", "").strip():
        return offers[0]
    # A client may name the charset that is ours anyway.
    spelled = {f"{offer}{charset}": offer for offer in offers for charset in ("", "; charset=utf-8")}
    chosen = request.get_preferred_type(list(spelled))
    return spelled.get(chosen) if chosen else None


@dataclass(frozen=True)
class Answer:
    """An answer over HTTP, for whatever server gives it."""

    status: int
    headers: dict[str, str]
    body: bytes

    def response(self) -> HttpResponse:
        """Give the answer as Django has it."""
        return HttpResponse(self.body, status=self.status, headers=self.headers)


def json_answer(
    body: dict[str, Any],
    *,
    status: int,
    media_type: str = JSON,
    allow: str | None = None,
    retry_after: int | None = None,
) -> Answer:
    """Encode an answer, with the headers that all answers have and those that its status asks for."""
    headers = {
        "Content-Type": f"{media_type}; charset=utf-8",
        "Cache-Control": "no-store",
        "Vary": VARY,
    }
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status == 503:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    if allow is not None:
        headers["Allow"] = allow
    return Answer(status, headers, _encode(body))


def refusal_answer(refusal: HttpRefusal, *, media_type: str = JSON) -> Answer:
    """Encode the answer to a request that is no GraphQL request."""
    error = {"message": refusal.message, "extensions": {"code": Code.BAD_USER_INPUT}}
    return json_answer({"errors": [error]}, status=refusal.status, media_type=media_type, allow=refusal.allow)


def _encode(body: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(body)
    except orjson.JSONEncodeError:
        # Integers over 64 bits and deep nesting are legal JSON that only the standard library writes.
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
