"""The other end of a socket: what is sent to it, in what order, and when we give it up."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from crm.graphql.socket.bounds import SocketLimits
from crm.graphql.socket.protocol import Close, write_message

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Peer:
    """The client of one socket, behind one bounded queue with one writer.

    A client that does not read holds up the writer and nobody else.
    """

    def __init__(self, send: Send, limits: SocketLimits) -> None:
        self._send = send
        self._limits = limits
        self._frames: asyncio.Queue[str] = asyncio.Queue(limits.waiting_answers)
        self._closing: asyncio.Queue[Close] = asyncio.Queue()
        self._heard_at = asyncio.get_running_loop().time()

    def heard(self) -> None:
        """Note that a frame came in."""
        self._heard_at = asyncio.get_running_loop().time()

    def say(self, frame: str) -> None:
        """Send a frame without waiting; a client that lets too many pile up is given up."""
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.close(Close.TRY_AGAIN_LATER)

    async def answer(self, frame: str) -> None:
        """Send a frame as soon as the client keeps up."""
        await self._frames.put(frame)

    def close(self, close: Close) -> None:
        """Ask for the socket's end, from any of its tasks."""
        self._closing.put_nowait(close)

    async def closing(self) -> dict[str, Any]:
        """Wait until somebody asks for the end; give that as a message of the consumer."""
        return {"type": "peer.close", "close": await self._closing.get()}

    async def write(self) -> None:
        """Send what waits, until cancelled or the client is gone."""
        # The server raises an OSError when the client is gone; its disconnect message follows.
        with contextlib.suppress(OSError):
            while True:
                await self._send({"type": "websocket.send", "text": await self._frames.get()})

    async def send_close(self, close: Close) -> None:
        """Send the close frame; to a client that does not read it may not arrive."""
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._limits.close_seconds):
                await self._send({"type": "websocket.close", "code": close.code, "reason": close.reason})

    async def keep_alive(self) -> None:
        """Send pings, and give up a client that was silent for too long."""
        # Until now the client waited for us.
        self.heard()
        while True:
            await asyncio.sleep(self._limits.ping_seconds)
            silence = asyncio.get_running_loop().time() - self._heard_at
            if silence >= self._limits.silence_seconds:
                self.close(Close.TRY_AGAIN_LATER)
                return
            self.say(write_message("ping"))
