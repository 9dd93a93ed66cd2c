"""Limits of request bodies, and the answer to a larger one: one rule for both servers."""

import json
from dataclasses import dataclass

from django.conf import settings

from crm.graphql.http.requests import MULTIPART, largest_form
from crm.graphql.limits import limits
from leads.mail.bounds import LARGEST_REQUEST
from leads.routing.payloads import LARGEST_BODY

TOO_LARGE = 413
LENGTH_REQUIRED = 411
GRAPHQL_PATH = "/graphql"
RECEIVERS = "/receivers/"
MAIL_PATH = "/mail"


@dataclass(frozen=True)
class BodyRefusal:
    """An answer to a request whose body is not read."""

    status: int
    message: str
    path: str

    @property
    def body(self) -> bytes:
        # As the endpoint itself refuses: a receiver with a message, all others as GraphQL does.
        if self.path.startswith(RECEIVERS):
            return json.dumps({"message": self.message}).encode()
        error = {"message": self.message, "extensions": {"code": "BAD_USER_INPUT"}}
        return json.dumps({"errors": [error]}).encode()

    @property
    def headers(self) -> dict[str, str]:
        return {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(self.body)),
            "Cache-Control": "no-store",
            "Content-Security-Policy": "default-src 'none'",
            "X-Content-Type-Options": "nosniff",
        }


def largest_body(path: str, content_type: str, *, has_credentials: bool) -> int:
    """Return how many bytes the body of a request may have.

    :param has_credentials: whether there is a cookie or an ``Authorization`` header, right or wrong. Only
        members upload files, so nobody else needs the space of a form.
    """
    if path.startswith(RECEIVERS):
        return LARGEST_BODY
    if path == MAIL_PATH and settings.MAIL_PROVIDER:
        return LARGEST_REQUEST
    if has_credentials and content_type.lower().startswith(MULTIPART):
        return largest_form(limits())
    return limits().body if path == GRAPHQL_PATH else int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def too_large(path: str, most: int) -> BodyRefusal:
    if path.startswith(RECEIVERS):
        return BodyRefusal(TOO_LARGE, f"A delivery has at most {most} bytes.", path)
    return BodyRefusal(TOO_LARGE, f"The request is larger than {most} bytes.", path)


def declared_length(header: str) -> int | None:
    """Return the number that a Content-Length header names, if it is one."""
    # Cut, since int() refuses numbers of thousands of digits.
    return int(header[:20]) if header.isascii() and header.isdigit() else None
