"""Wakes the tails of this and of other processes when the event log may have grown.

A wake-up carries no data and may be lost: the log is also read at regular intervals. With Redis one
background thread sends for the whole process, so that no request or command waits for it.
"""

import asyncio
import atexit
import logging
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from channels.layers import InMemoryChannelLayer, get_channel_layer

from crm.events.metrics import counts

logger = logging.getLogger(__name__)

GROUP = "crm.events"
SEND_LIMIT_SECONDS = 1.0
EXIT_LIMIT_SECONDS = 2.0
RETRY_SECONDS = 1.0

OnWakeup = Callable[[], None]


def publish() -> None:
    """Wake all listeners, from any thread; never waits and never fails."""
    for loop, on_wakeup in tuple(_listening.items()):
        try:
            loop.call_soon_threadsafe(on_wakeup)
        except RuntimeError:
            # The loop was closed, so nobody listens there any more.
            _listening.pop(loop, None)
    if crosses_processes():
        _sender_on(_background_loop()).request()


def crosses_processes() -> bool:
    return not isinstance(get_channel_layer(), InMemoryChannelLayer)


def flush(timeout: float) -> bool:
    """Wait for at most some seconds until all wake-ups have left this process; return whether they have."""
    return _sender is None or _sender.idle.wait(timeout)


async def listen(on_wakeup: OnWakeup) -> None:
    """Call a function on this event loop for each wake-up of any process, until cancelled."""
    loop = asyncio.get_running_loop()
    _listening[loop] = on_wakeup
    try:
        while True:
            try:
                await _receive(on_wakeup)
            except Exception:
                logger.warning("Wake-ups do not arrive; trying again in %s s.", RETRY_SECONDS, exc_info=True)
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        _listening.pop(loop, None)


async def _receive(on_wakeup: OnWakeup) -> None:
    if not crosses_processes():
        await asyncio.Event().wait()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    try:
        await layer.group_add(GROUP, channel)
        # Earlier wake-ups did not reach this channel.
        on_wakeup()
        while True:
            await layer.receive(channel)
            on_wakeup()
    finally:
        await _leave(layer, channel)


async def _leave(layer: Any, channel: str) -> None:
    try:
        await layer.group_discard(GROUP, channel)
    except Exception:
        logger.warning("The channel for wake-ups could not leave its group; it expires.", exc_info=True)


class Sender:
    """Sends wake-ups to the group on one event loop: one at a time, and one for all requested meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.idle = threading.Event()
        self.idle.set()
        self._lock = threading.Lock()
        self._is_pending = False
        self._task: asyncio.Task[None] | None = None

    def request(self) -> None:
        """Request a wake-up that is sent after this call, from any thread."""
        with self._lock:
            self._is_pending = True
            if not self.idle.is_set():
                return
            self.idle.clear()
        try:
            self.loop.call_soon_threadsafe(self._start)
        except RuntimeError:
            self.idle.set()

    def _start(self) -> None:
        self._task = self.loop.create_task(self._send_all())

    async def _send_all(self) -> None:
        layer = get_channel_layer()
        while self._take_pending():
            try:
                async with asyncio.timeout(SEND_LIMIT_SECONDS):
                    await layer.group_send(GROUP, {"type": "crm.event"})
            except Exception as error:
                counts.hints_lost += 1
                logger.warning("A wake-up did not reach the channel layer and is lost: %r", error)

    def _take_pending(self) -> bool:
        with self._lock:
            is_pending, self._is_pending = self._is_pending, False
            if not is_pending:
                self.idle.set()
            return is_pending


class BackgroundLoop(asyncio.SelectorEventLoop):
    """The loop of the sending thread, which resolves host names itself.

    The usual executor closes before atexit's functions run: a short command's last wake-up would be lost.
    """

    async def getaddrinfo(self, *args: Any, **options: Any) -> Any:
        """Resolve a name on this thread, which does nothing else that could be delayed."""
        return socket.getaddrinfo(*args, **options)


_listening: dict[asyncio.AbstractEventLoop, OnWakeup] = {}
_lock = threading.Lock()
_sender: Sender | None = None
_background: tuple[int, BackgroundLoop] | None = None


def _background_loop() -> BackgroundLoop:
    global _background
    with _lock:
        # A forked process inherits the loop but not the thread that runs it.
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
