"""Gunicorn's threaded worker, with all waiting for clients in its event loop.

Gunicorn's own gives a connection to a thread from its first byte: a few clients that send half a request, or
do not read their answer, then hold all threads. Here a thread gets a request that has arrived completely, and
is free when the answer is complete (ADR 28).
"""

import errno
import selectors
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.errors import ConfigError
from gunicorn.http import wsgi
from gunicorn.http.errors import (
    ExpectationFailed,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
    UnsupportedTransferCoding,
)
from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, ThreadWorker

from config.server.connection import Connection
from config.server.file_limit import raise_file_limit

#: Seconds for which a closed connection is read on, so that the client gets the answer before the end.
LINGER_SECONDS = 2
#: Bytes that are read of it, at most.
LINGER_BYTES = 256 * 1024
SWEEP_SECONDS = 1
#: Asked by load balancers and containers, which would end a process whose threads are only busy.
PROBES = ("/healthz", "/readyz")
#: All other requests that cannot be parsed get 400.
STATUS_BY_ERROR: dict[type[BaseException], tuple[int, str]] = {
    LimitRequestLine: (414, "URI Too Long"),
    LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    UnsupportedTransferCoding: (501, "Not Implemented"),
    ExpectationFailed: (417, "Expectation Failed"),
}
OUT_OF_RESOURCES = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
GONE_BEFORE_ACCEPT = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EPROTO)


class _Response(wsgi.Response):  # type: ignore[misc]  # gunicorn has no types
    """An answer without a ``Server`` header, which gunicorn has no setting for."""

    def default_headers(self) -> list[str]:
        return [line for line in super().default_headers() if not line.startswith("Server:")]


wsgi.Response = _Response


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A worker whose threads never wait for a client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        #: Connections that wait for their client, in the order in which they began to. Threads add to it.
        self._waiting: dict[Connection, None] = {}
        self._waiting_lock = threading.Lock()
        self._next_sweep = 0.0
        self._probes = ThreadPoolExecutor(max_workers=1)

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        if cfg.is_ssl or cfg.protocol != "http" or cfg.proxy_protocol != "off":
            raise ConfigError("This worker serves plain HTTP: leave TLS and other protocols to the proxy.")

    def init_process(self) -> None:
        raise_file_limit()
        super().init_process()

    def run(self) -> None:
        # Django is loaded by now, and not when this module is imported.
        from django.conf import settings

        from config.server.limits import body_limit
        from config.server.patience import patience

        self._limit, self._patience = body_limit, patience()
        self._space: int = settings.CLIENT_BODY_SPACE
        self.worker_connections = settings.CLIENT_CONNECTIONS
        super().run()

    def accept(self, listener: Any) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in OUT_OF_RESOURCES:
                self._make_room()
            elif error.errno not in GONE_BEFORE_ACCEPT:
                raise
            return
        self.nr_conns += 1
        connection = Connection(self.cfg, client, address, listener.getsockname(), self._limit)
        connection.wait_for_request(self._patience.head, idle=False)
        self._wait(connection, selectors.EVENT_READ, self._on_readable)
        if self.nr_conns >= self.worker_connections:
            self._make_room()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:
        """Answer a request that cannot be parsed; log its kind alone, since its text is the client's."""
        if not isinstance(exc, ParseException):
            super().handle_error(req, client, addr, exc)
            return
        status, reason = STATUS_BY_ERROR.get(type(exc), (400, "Bad Request"))
        self.log.info("Refused a request with %d: %s", status, type(exc).__name__)
        try:
            util.write_error(client, status, reason, "")
        except OSError:
            self.log.debug("The client had left.")

    def enqueue_req(self, conn: Connection) -> None:
        """Have a thread answer a request; probes have one of their own."""
        pool = self._probes if conn.parser.path in PROBES else self.tpool
        pool.submit(self._answer, conn)

    def _answer(self, connection: Connection) -> None:
        """Answer a request. This runs in a thread."""
        try:
            keep = bool(self.handle(connection))
        except Exception:
            self.log.exception("A thread failed.")
            keep = False
        connection.sock.setblocking(False)
        if keep and self.alive and not connection.sock.has_unsent:
            # Nearly always, and without waking the event loop: that would take a switch of threads.
            self._await_next_request(connection)
        else:
            self.method_queue.defer(partial(self._after_answer, connection, keep=keep))

    def murder_keepalived(self, force: bool = False) -> None:
        """Close the connections whose time is over, or all that wait; called after each batch of events."""
        now = time.monotonic()
        if now < self._next_sweep and not force:
            return
        self._next_sweep = now + SWEEP_SECONDS
        for connection in [each for each in self._all_waiting() if force or each.deadline <= now]:
            self._leave(connection)
            connection.expire()
        bodies = sorted(self._all_waiting(), key=lambda each: each.parser.received)
        while sum(each.parser.received for each in bodies) > self._space:
            self.log.warning("Closed an upload: all unfinished ones together are too large.")
            self._drop(bodies.pop())

    def _cap_keepalive(self, deadline: float) -> None:
        for connection in self._all_waiting():
            if connection.is_idle:
                connection.deadline = min(connection.deadline, deadline)

    def _wait(
        self, connection: Connection, event: int, callback: Callable[[Connection, socket.socket], None]
    ) -> None:
        with self._waiting_lock:
            self._waiting[connection] = None
            self.poller.register(connection.sock, event, partial(callback, connection))

    def _stop_waiting(self, connection: Connection) -> None:
        with self._waiting_lock:
            del self._waiting[connection]
            self.poller.unregister(connection.sock)

    def _all_waiting(self) -> list[Connection]:
        with self._waiting_lock:
            return list(self._waiting)

    def _leave(self, connection: Connection) -> None:
        self._stop_waiting(connection)
        self.nr_conns -= 1

    def _drop(self, connection: Connection) -> None:
        self._leave(connection)
        connection.abort()

    def _make_room(self) -> None:
        """Close connections of the address that has most of them: those first that lose least by it."""
        waiting = self._all_waiting()
        counts = Counter(connection.address for connection in waiting)
        if not counts:
            return
        [(busiest, number)] = counts.most_common(1)
        theirs = [connection for connection in waiting if connection.address == busiest]
        theirs.sort(key=lambda each: not each.is_idle)
        # Several at once: each look at all connections is followed by that many new ones.
        for connection in theirs[: max(1, number // 20)]:
            self._drop(connection)

    def _on_readable(self, connection: Connection, client: Any) -> None:
        try:
            data = client.recv(connection.parser.wanted)
            ready = bool(data) and connection.feed(data, self._patience)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, ready = b"", False
        if not data:
            self._leave(connection)
            connection.close()
        elif ready:
            self._stop_waiting(connection)
            self.enqueue_req(connection)

    def _after_answer(self, connection: Connection, *, keep: bool) -> None:
        if connection.sock.has_unsent:
            connection.wait_for_reader(self._patience)
            self._wait(connection, selectors.EVENT_WRITE, partial(self._on_writable, keep))
        elif keep:
            self._await_next_request(connection)
        else:
            self._linger(connection)

    def _on_writable(self, keep: bool, connection: Connection, _client: Any) -> None:
        try:
            if connection.flush(self._patience):
                self._stop_waiting(connection)
                self._after_answer(connection, keep=keep)
        except OSError:
            self._drop(connection)

    def _await_next_request(self, connection: Connection) -> None:
        sent_ahead = connection.parser.begin()
        if sent_ahead:
            connection.wait_for_request(self._patience.head, idle=False)
            if connection.feed(sent_ahead, self._patience):
                self.enqueue_req(connection)
                return
        else:
            seconds = self.cfg.keepalive if self.alive else STOP_KEEPALIVE_LINGER
            connection.wait_for_request(seconds, idle=True)
        self._wait(connection, selectors.EVENT_READ, self._on_readable)

    def _linger(self, connection: Connection) -> None:
        """Close after the last answer, but read on for a moment: closing with unread bytes may destroy it."""
        connection.parser.begin()
        try:
            connection.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self.nr_conns -= 1
            connection.close()
            return
        connection.wait_for_request(LINGER_SECONDS, idle=True)
        self._wait(connection, selectors.EVENT_READ, partial(self._on_lingering, [0]))

    def _on_lingering(self, drained: list[int], connection: Connection, client: Any) -> None:
        try:
            data = client.recv(LINGER_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        drained[0] += len(data)
        if not data or drained[0] > LINGER_BYTES:
            self._leave(connection)
            connection.close()
