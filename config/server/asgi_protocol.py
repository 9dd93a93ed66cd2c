"""Uvicorn's HTTP protocol with deadlines: its own waits for ever for the rest of a request."""

import asyncio
import time
from collections import Counter
from typing import Any

from django.conf import settings
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from config.server.patience import patience

#: Bytes of request line and headers together.
LARGEST_HEAD = 64 * 1024
REQUEST_TIMEOUT = (408, "Request Timeout", "The request did not arrive in time.")
HEAD_TOO_LARGE = (431, "Request Header Fields Too Large", "The headers of the request are too large.")

#: The connections of this process that wait for their client, in the order in which they began to.
_waiting: dict["PatientProtocol", None] = {}


class PatientProtocol(HttpToolsProtocol):
    """A connection that is closed if its client is too slow with a request, or with reading the answer."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience()
        self._timer: asyncio.TimerHandle | None = None
        self._began = 0.0
        self._allowed = 0.0
        self._is_idle = False
        self._head_bytes: int | None = 0
        self._body_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._wait(self._patience.head)
        if len(_waiting) > settings.CLIENT_CONNECTIONS:
            _make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes is not None and self._head_bytes > LARGEST_HEAD:
            self._refuse(*HEAD_TOO_LARGE)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_idle = False
        self._head_bytes = self._head_bytes or 0
        self._wait(self._patience.head)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._head_bytes, self._body_bytes = None, 0
        self._wait(self._patience.body)

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._body_bytes += len(body)
        # The timer looks at it when it fires: setting it again for each piece would cost more.
        self._allowed = self._patience.for_bytes(self._body_bytes)

    def on_message_complete(self) -> None:
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._head_bytes = 0
        if self.transport.get_write_buffer_size():
            self._expect_reading(self.transport.get_write_buffer_size(), time.monotonic())
        elif self.timeout_keep_alive_task is not None:
            self._is_idle = True
            _waiting[self] = None

    def handle_websocket_upgrade(self) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade()

    @property
    def address(self) -> str:
        return self.client[0] if self.client else ""

    def drop(self) -> None:
        self._stop_waiting()
        self.transport.abort()

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        _waiting[self] = None
        self._began, self._allowed = time.monotonic(), seconds
        self._timer = self.loop.call_later(seconds, self._on_time)

    def _stop_waiting(self) -> None:
        _waiting.pop(self, None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_time(self) -> None:
        left = self._began + self._allowed - time.monotonic()
        # While reading is paused, the application is slow and not the client.
        if left > 0 or self.flow.read_paused:
            self._timer = self.loop.call_later(max(left, 1), self._on_time)
        elif self._is_answering():
            self.drop()
        else:
            self._refuse(*REQUEST_TIMEOUT)

    def _is_answering(self) -> bool:
        # None before the first request, whatever uvicorn declares.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.response_started and not cycle.response_complete

    def _expect_reading(self, unread: int, began: float) -> None:
        """Close the connection if the client does not take what was sent in time."""
        left = self.transport.get_write_buffer_size()
        if not left:
            return
        seconds = began + self._patience.for_bytes(unread - left) - time.monotonic()
        if seconds <= 0:
            self.drop()
            return
        self.loop.call_later(max(seconds, 1), self._expect_reading, unread, began)

    def _refuse(self, status: int, reason: str, message: str) -> None:
        self._stop_waiting()
        if self.transport.is_closing():
            return
        head = f"HTTP/1.1 {status} {reason}\r\nContent-Type: text/plain\r\nContent-Length: {len(message)}\r\n"
        self.transport.write(f"{head}Connection: close\r\n\r\n{message}".encode())
        self.transport.close()


def _make_room() -> None:
    """Close connections of the address that has most of them: those first that lose least by it."""
    [(busiest, number)] = Counter(connection.address for connection in _waiting).most_common(1)
    theirs = [connection for connection in _waiting if connection.address == busiest]
    theirs.sort(key=lambda each: not each._is_idle)
    # Several at once: each look at all connections is followed by that many new ones.
    for connection in theirs[: max(1, number // 20)]:
        connection.drop()
