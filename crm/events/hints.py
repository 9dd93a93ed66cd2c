"""Tells the hubs, here and in other processes, of a committed change; a message may be lost.

Without Redis the message goes to the hub of this process. With Redis one background thread sends for the
whole process, so that neither a request nor a command waits for it.
"""

import asyncio
import atexit
import logging
import os
import socket
import threading
from collections import deque
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from crm.events.audience import Event
from crm.events.hub import GROUP, listening_loop

logger = logging.getLogger(__name__)

SEND_LIMIT_SECONDS = 1.0
EXIT_LIMIT_SECONDS = 2.0
MOST_PENDING = 10_000


def publish(event: Event) -> None:
    """Announce a committed change, from any thread; never waits and never fails."""
    message = {"type": "crm.event", "event": event.to_message()}
    in_memory = isinstance(get_channel_layer(), InMemoryChannelLayer)
    loop = listening_loop() if in_memory else _background_loop()
    if loop is not None:
        _sender_on(loop).put(message)


def flush(timeout: float) -> bool:
    """Wait until what was published has left this process.

    :param timeout: seconds to wait at most.
    :returns: whether nothing is pending any more.
    """
    return _sender is None or _sender.idle.wait(timeout)


class Sender:
    """Sends messages to the group on one event loop, one after the other, in order."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.idle = threading.Event()
        self.idle.set()
        self._lock = threading.Lock()
        self._pending: deque[dict[str, Any]] = deque()
        self._task: asyncio.Task[None] | None = None

    def put(self, message: dict[str, Any]) -> None:
        """Queue a message, from any thread."""
        with self._lock:
            if len(self._pending) >= MOST_PENDING:
                logger.warning("Too many events wait for the channel layer; one was dropped.")
                return
            self._pending.append(message)
            if not self.idle.is_set():
                return
            self.idle.clear()
        try:
            self.loop.call_soon_threadsafe(self._start)
        except RuntimeError:
            # The loop was closed: nobody listens there any more.
            self._forget()

    def _start(self) -> None:
        self._task = self.loop.create_task(self._send_all())

    async def _send_all(self) -> None:
        layer = get_channel_layer()
        while (message := self._next()) is not None:
            try:
                async with asyncio.timeout(SEND_LIMIT_SECONDS):
                    await layer.group_send(GROUP, message)
            except Exception as error:
                logger.warning("An event did not reach the channel layer and is lost: %r", error)

    def _next(self) -> dict[str, Any] | None:
        with self._lock:
            if self._pending:
                return self._pending.popleft()
            self.idle.set()
            return None

    def _forget(self) -> None:
        with self._lock:
            self._pending.clear()
            self.idle.set()


class BackgroundLoop(asyncio.SelectorEventLoop):
    """The loop of the sending thread; it looks up addresses by itself.

    The executor that usually does so is closed before the functions registered with atexit run: the last
    event of a short command would be lost.
    """

    async def getaddrinfo(self, *args: Any, **options: Any) -> Any:
        """Look up an address on this thread, which serves nobody else."""
        return socket.getaddrinfo(*args, **options)


_lock = threading.Lock()
_sender: Sender | None = None
_background: tuple[int, BackgroundLoop] | None = None


def _background_loop() -> BackgroundLoop:
    global _background
    with _lock:
        # A forked process inherits the loop without the thread that runs it.
        if _background is None or _background[0] != os.getpid():
            _background = os.getpid(), BackgroundLoop()
            threading.Thread(target=_background[1].run_forever, name="events", daemon=True).start()
        return _background[1]


def _sender_on(loop: asyncio.AbstractEventLoop) -> Sender:
    global _sender
    with _lock:
        if _sender is None or _sender.loop is not loop:
            _sender = Sender(loop)
        return _sender


@atexit.register
def _flush_at_exit() -> None:
    flush(EXIT_LIMIT_SECONDS)
