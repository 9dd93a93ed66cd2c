"""The fast path and Django, called as a WSGI server calls them."""

import json
from io import BytesIO
from typing import Any

from config.fast_path import with_fast_path
from config.schema import schema

NAMES = "query ($first: Int) { tags(first: $first) { data { name } paginatorInfo { total } } }"


class BothPaths:
    """The product with its fast path, and Django alone; records whether the first used Django."""

    def __init__(self, django):
        self.django = django
        self.went_through_django = False
        self.fast = with_fast_path(self._recorded, schema.graphql_schema)

    def _recorded(self, environ, start_response):
        self.went_through_django = True
        return self.django(environ, start_response)


def send(application, token, body=None, **changed):
    """Send a request and return status, headers and body; None removes a key from the environment."""
    raw = body if isinstance(body, bytes) else json.dumps(body or {"query": NAMES}).encode()
    environ = {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/graphql",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(raw)),
        "HTTP_AUTHORIZATION": f"Bearer {token}",
        "wsgi.input": BytesIO(raw),
        "wsgi.errors": BytesIO(),
        "wsgi.url_scheme": "http",
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    } | changed
    sent: dict[str, Any] = {}

    def start_response(status, headers, _error=None):
        sent.update(status=int(status.split()[0]), headers=dict(headers))
        assert len(sent["headers"]) == len(headers)

    chunks = application(
        {name: value for name, value in environ.items() if value is not None}, start_response
    )
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    assert int(sent["headers"].get("Content-Length", len(content))) == len(content)
    # The id differs from request to request, so the two paths can be compared only without it.
    identifier = sent["headers"].pop("X-Request-ID")
    assert len(identifier) == 32
    return sent["status"], sent["headers"], content
