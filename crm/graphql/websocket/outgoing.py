"""The sending half of a connection: frames in order, and the end of clients that take nothing."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from crm.events.metrics import counts
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.protocol import Close

#: A message or a scope of ASGI.
AsgiMessage = dict[str, Any]
Receive = Callable[[], Awaitable[AsgiMessage]]
Send = Callable[[AsgiMessage], Awaitable[None]]


def text_frame(frame: str) -> AsgiMessage:
    """Return the ASGI message that sends a text frame of a WebSocket."""
    return {"type": "websocket.send", "text": frame}


class Peer:
    """The client of a connection; if it does not read, it blocks only the tasks that send to it."""

    def __init__(
        self, send: Send, limits: SocketLimits, *, message: Callable[[str], AsgiMessage] = text_frame
    ) -> None:
        self._send = send
        self._limits = limits
        self._message = message
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[str] = asyncio.Queue(limits.waiting_answers)
        self._closing: asyncio.Queue[Close] = asyncio.Queue()
        self._lock = asyncio.Lock()
        self._received_at = self._loop.time()
        self._sending_since: float | None = None

    def note_frame(self) -> None:
        self._received_at = self._loop.time()

    def silent_seconds(self) -> float:
        return self._loop.time() - self._received_at

    def stalled_seconds(self) -> float:
        """Return the seconds for which the client has not taken the frame that is being sent."""
        return 0.0 if self._sending_since is None else self._loop.time() - self._sending_since

    def send_soon(self, frame: str) -> None:
        """Queue a frame without waiting; a client with a full queue is disconnected."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.evict()

    async def send(self, frame: str) -> None:
        """Send a frame once the client has taken the one before; do nothing if the client is gone."""
        # The server raises OSError when the client is gone; a disconnect message follows it.
        with contextlib.suppress(OSError):
            await self._put(frame)

    def close(self, close: Close) -> None:
        """Request the end of the connection, from any of its tasks."""
        self._closing.put_nowait(close)

    def evict(self) -> None:
        """Request the end because the client takes nothing or is silent."""
        counts.evictions += 1
        self.close(Close.TRY_AGAIN_LATER)

    async def closing(self) -> AsgiMessage:
        """Wait until the end is requested, and return that as a message for the consumer."""
        return {"type": "peer.close", "close": await self._closing.get()}

    async def send_queued(self) -> None:
        """Send the queued frames, until cancelled or the client is gone."""
        with contextlib.suppress(OSError):
            while True:
                await self._put(await self._frames.get())

    async def send_close(self, close: Close) -> None:
        """Send the close frame; it may not arrive if the client does not read."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._limits.close_seconds):
                await self._send({"type": "websocket.close", "code": close.code, "reason": close.reason})

    async def _put(self, frame: str) -> None:
        async with self._lock:
            self._sending_since = self._loop.time()
            try:
                await self._send(self._message(frame))
            finally:
                self._sending_since = None
