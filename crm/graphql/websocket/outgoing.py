"""The other end of a connection: what is sent to it, in what order, and when we give it up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from crm.events.metrics import counts
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.protocol import Close

Send = Callable[[dict[str, Any]], Awaitable[None]]


def text_frame(frame: str) -> dict[str, Any]:
    """Give the message by which a server sends a frame of a WebSocket."""
    return {"type": "websocket.send", "text": frame}


class Peer:
    """The client of one connection, to which one frame at a time is sent.

    A client that does not read holds up who sends to it and nobody else.

    :param message: gives the message by which the server sends a frame.
    """

    def __init__(
        self, send: Send, limits: SocketLimits, *, message: Callable[[str], dict[str, Any]] = text_frame
    ) -> None:
        self._send = send
        self._limits = limits
        self._message = message
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[str] = asyncio.Queue(limits.waiting_answers)
        self._closing: asyncio.Queue[Close] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._heard_at = self._loop.time()
        self._sending_since: float | None = None

    def heard(self) -> None:
        """Note that a frame came in."""
        self._heard_at = self._loop.time()

    def silence(self) -> float:
        """Give the seconds for which no frame came in."""
        return self._loop.time() - self._heard_at

    def stall(self) -> float:
        """Give the seconds for which the client has not taken the frame that is being sent."""
        return 0.0 if self._sending_since is None else self._loop.time() - self._sending_since

    def say(self, frame: str) -> None:
        """Send a frame without waiting; a client that lets too many pile up is given up."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.give_up()

    async def answer(self, frame: str) -> None:
        """Send a frame as soon as the client keeps up; once it is gone, do nothing."""
        # The server raises an OSError when the client is gone; its disconnect message follows.
        with contextlib.suppress(OSError):
            await self._put(frame)

    def close(self, close: Close) -> None:
        """Ask for the connection's end, from any of its tasks."""
        self._closing.put_nowait(close)

    def give_up(self) -> None:
        """Ask for the end because the client does not keep up."""
        counts.evictions += 1
        self.close(Close.TRY_AGAIN_LATER)

    async def closing(self) -> dict[str, Any]:
        """Wait until somebody asks for the end; give that as a message of the consumer."""
        return {"type": "peer.close", "close": await self._closing.get()}

    async def write(self) -> None:
        """Send what was said, until cancelled or the client is gone."""
        with contextlib.suppress(OSError):
            while True:
                await self._put(await self._frames.get())

    async def send_close(self, close: Close) -> None:
        """Send the close frame; to a client that does not read it may not arrive."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._limits.close_seconds):
                await self._send({"type": "websocket.close", "code": close.code, "reason": close.reason})

    async def _put(self, frame: str) -> None:
        async with self._turn:
            self._sending_since = self._loop.time()
            try:
                await self._send(self._message(frame))
            finally:
                self._sending_since = None
