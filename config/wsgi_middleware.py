"""WSGI middleware: the deadline of each request."""

import select
import socket
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from crm.database.deadlines import Deadline
from crm.graphql.http.requests import MULTIPART

#: Reported by poll() when the other side has closed its end, even while unread data is waiting. Linux only.
CLOSED_BY_PEER = getattr(select, "POLLRDHUP", 0)


def with_deadline(application: WSGIApplication) -> WSGIApplication:
    """End requests at their deadline, and soon after their client has left.

    Streaming an answer is not part of it: a download takes as long as the client's line needs.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with Deadline(has_left=_has_left(environ)) as deadline:
            if environ.get("CONTENT_TYPE", "").lower().startswith(MULTIPART):
                environ["wsgi.input"] = _Upload(environ["wsgi.input"], deadline)
            return application(environ, start_response)

    return serve


def _has_left(environ: WSGIEnvironment) -> Callable[[], bool] | None:
    """Return a function that asks the server's socket whether the client has left; None if there is none."""
    client = environ.get("gunicorn.socket")
    return None if client is None else partial(has_left, client)


def has_left(client: socket.socket) -> bool:
    """Return whether the other side of a connection has closed it. Reads nothing from it."""
    try:
        if CLOSED_BY_PEER:
            poll = select.poll()
            poll.register(client, CLOSED_BY_PEER)
            return bool(poll.poll(0))
        return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except ConnectionError:
        return True
    except (OSError, ValueError):
        # No data, or the server has closed the socket, or it is one of TLS, which cannot be peeked at.
        return False


class _Upload:
    """The body of a form: time that a slow line takes for its files is no work, and does not count."""

    def __init__(self, body: Any, deadline: Deadline) -> None:
        self._body = body
        self._deadline = deadline

    def read(self, *size: int) -> bytes:
        started = time.monotonic()
        data: bytes = self._body.read(*size)
        self._deadline.extend(time.monotonic() - started)
        return data

    def __getattr__(self, name: str) -> Any:
        return getattr(self._body, name)
