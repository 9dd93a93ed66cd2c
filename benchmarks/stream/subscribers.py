"""Minimal subscribers, one socket with one subscription each, and a tally of what they receive."""

import asyncio
import time
from collections import defaultdict
from typing import Any

import orjson

from benchmarks.stream.frames import CLOSE, TEXT, UPGRADE, pop_frames, text_frame


class Tally:
    """Messages that all subscribers received, by the number of the event."""

    def __init__(self) -> None:
        self.received: defaultdict[int, int] = defaultdict(int)
        self.last_at: dict[int, float] = {}
        self.data: dict[int, Any] = {}
        self.changed = asyncio.Event()
        self.error: str | None = None

    def fail(self, error: str) -> None:
        """Keep the first failure."""
        self.error = self.error or error
        self.changed.set()

    def count(self, number: int, data: Any) -> None:
        """Count an event that a subscriber received."""
        if self.data.setdefault(number, data) != data:
            self.fail(f"Event {number} was sent in two ways: {self.data[number]} and {data}")
        self.received[number] += 1
        self.last_at[number] = time.monotonic()
        self.changed.set()


class Subscriber(asyncio.Protocol):
    """One socket with one subscription."""

    def __init__(self, tally: Tally, *, host: str, port: int, query: str, token: str, group: int) -> None:
        self.group = group
        self.numbers: list[int] = []
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._tally = tally
        self._upgrade = UPGRADE.format(host=host, port=port).encode()
        self._subscribe = {"type": "subscribe", "id": "1", "payload": {"query": query}}
        self._init = {"type": "connection_init", "payload": {"Authorization": f"Bearer {token}"}}
        self._received = bytearray()
        self._is_open = self._is_leaving = False

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._upgrade)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._is_open:
            head, end, rest = self._received.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._end(f"The handshake was answered with {bytes(head[:60])!r}")
                return
            self._is_open, self._received = True, rest
            self._send(self._init)
        for opcode, content in pop_frames(self._received):
            if opcode == TEXT:
                self._take(orjson.loads(content))
            elif opcode == CLOSE:
                self._end(f"A socket was closed: {content!r}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("A socket was lost.")

    def leave(self) -> None:
        """Close the connection."""
        self._is_leaving = True
        self._transport.close()

    def _take(self, message: dict[str, Any]) -> None:
        match message["type"]:
            case "next":
                data = message["payload"]["data"]
                number = int(data["leadUpdate"]["title"].rpartition(" ")[2])
                self.numbers.append(number)
                self._tally.count(number, data)
            case "connection_ack":
                self._send(self._subscribe)
                # Answered after the subscription has started: messages are handled in their order.
                self._send({"type": "ping"})
            case "ping":
                self._send({"type": "pong"})
            case "pong":
                self.ready.set_result(None)
            case _:
                self._end(f"A subscriber received: {message}")

    def _send(self, message: Any) -> None:
        self._transport.write(text_frame(orjson.dumps(message)))

    def _end(self, error: str) -> None:
        if self._is_leaving:
            return
        if self.ready.done():
            self._tally.fail(error)
        else:
            self.ready.set_exception(ConnectionError(error))
        self.leave()
