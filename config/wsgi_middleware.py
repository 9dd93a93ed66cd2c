"""WSGI middleware: the deadline of each request."""

import select
import socket
from collections.abc import Callable, Iterable
from functools import partial
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from crm.database.deadlines import Deadline

#: Reported by poll() when the other side has closed its end, even while unread data is waiting. Linux only.
CLOSED_BY_PEER = getattr(select, "POLLRDHUP", 0)


def with_deadline(application: WSGIApplication) -> WSGIApplication:
    """End requests at their deadline, and soon after their client has left.

    The worker has read the whole body before (config/server). Streaming an answer is not part of it either:
    a download takes as long as the client's line needs.
    """

    def serve(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        with Deadline(has_left=_has_left(environ)):
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
