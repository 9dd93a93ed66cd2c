"""Reading requests within the limits, in gunicorn's worker."""

from typing import Any
from urllib.parse import unquote_to_bytes

from config.bodies import largest_body

CREDENTIALS = ("COOKIE", "AUTHORIZATION")


def body_limit(request: Any) -> int:
    """Return how many bytes the body of a request of gunicorn may have."""
    content_type, has_credentials = "", False
    for name, value in request.headers:
        if name == "CONTENT-TYPE":
            content_type = value
        elif name in CREDENTIALS:
            has_credentials = True
    # As gunicorn makes PATH_INFO of it.
    path = unquote_to_bytes(request.path).decode("latin-1") if "%" in request.path else request.path
    return largest_body(path, content_type, has_credentials=has_credentials)
