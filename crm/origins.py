"""Origins: the sites whose pages may call the API from a browser, with a token and never with a cookie."""

import re
from collections.abc import Sequence

from django.conf import settings

#: As a browser sends it: in lower case, without a path, international names in ASCII. A star or ``null``
#: would be every site, or any file.
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
ORIGIN = re.compile(rf"(https?)://((?:{_LABEL}\.)*{_LABEL}|\[[0-9a-f:.]+\])(?::([0-9]{{1,5}}))?")
DEFAULT_PORTS = {"http": 80, "https": 443}
LARGEST_PORT = 65_535


def clean_origin(text: str) -> str:
    """Return an origin as browsers send it.

    :raises ValueError: with a sentence for the person who has entered it.
    """
    found = ORIGIN.fullmatch(text.strip().lower().removesuffix("/"))
    port = int(found[3]) if found and found[3] else None
    if found is None or (port is not None and not 0 < port <= LARGEST_PORT):
        raise ValueError(f"{text!r} is no origin: write it as https://www.example.com, without a path or *.")
    scheme, host = found[1], found[2]
    return f"{scheme}://{host}" if port in (None, DEFAULT_PORTS[scheme]) else f"{scheme}://{host}:{port}"


def is_allowed(origin: str) -> bool:
    """Return whether pages of another site may call the API: ``CORS_ALLOWED_ORIGINS`` lists it."""
    allowed: Sequence[str] = settings.CORS_ALLOWED_ORIGINS
    return origin in allowed
