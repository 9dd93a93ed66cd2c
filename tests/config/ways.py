"""The two ways of a program's request, as a server of WSGI goes them."""

import json
from io import BytesIO
from typing import Any

from config.fast_path import express
from config.schema import schema

NAMES = "query ($first: Int) { tags(first: $first) { data { name } paginatorInfo { total } } }"


class Ways:
    """Both ways; notes which one was gone."""

    def __init__(self, long_way):
        self.long = long_way
        self.went_long = False
        self.short = express(self._long, schema.graphql_schema)

    def _long(self, environ, start_response):
        self.went_long = True
        return self.long(environ, start_response)


def ask(application, token, body=None, **changed):
    """Ask as a server of WSGI does; None takes a name out of the environment."""
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
    told: dict[str, Any] = {}

    def start_response(status, headers, _error=None):
        told.update(status=int(status.split()[0]), headers=dict(headers))
        assert len(told["headers"]) == len(headers)

    answer = application(
        {name: value for name, value in environ.items() if value is not None}, start_response
    )
    body = b"".join(answer)
    if hasattr(answer, "close"):
        answer.close()
    assert int(told["headers"].get("Content-Length", len(body))) == len(body)
    identifier = told["headers"].pop("X-Request-ID")
    assert len(identifier) == 32
    return told["status"], told["headers"], body
