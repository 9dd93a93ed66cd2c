"""Wakes those who listen, here and in other processes: there may be news. A hint may be lost.

It carries no data: what happened is in the log, which is looked at from time to time in any case. With Redis
one background thread sends for the whole process, so that neither a request nor a command waits for it.
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

OnHint = Callable[[], None]


def publish() -> None:
    """Say that there may be news, from any thread; never waits and never fails."""
    for loop, on_hint in tuple(_listening.items()):
        try:
            loop.call_soon_threadsafe(on_hint)
        except RuntimeError:
            # The loop was closed: nobody listens there any more.
            _listening.pop(loop, None)
    if crosses_processes():
        _sender_on(_background_loop()).put()


def crosses_processes() -> bool:
    """Tell whether a hint reaches other processes."""
    return not isinstance(get_channel_layer(), InMemoryChannelLayer)


def flush(timeout: float) -> bool:
    """Wait until what was published has left this process.

    :param timeout: seconds to wait at most.
    :returns: whether nothing is pending any more.
    """
    return _sender is None or _sender.idle.wait(timeout)


async def listen(on_hint: OnHint) -> None:
    """Call a function on this event loop for each hint, from whatever process, until cancelled."""
    loop = asyncio.get_running_loop()
    _listening[loop] = on_hint
    try:
        while True:
            try:
                await _receive(on_hint)
            except Exception:
                logger.warning("Hints are not heard; trying again in %s s.", RETRY_SECONDS, exc_info=True)
                await asyncio.sleep(RETRY_SECONDS)
    finally:
        _listening.pop(loop, None)


async def _receive(on_hint: OnHint) -> None:
    if not crosses_processes():
        await asyncio.Event().wait()
    layer = get_channel_layer()
    channel = await layer.new_channel()
    try:
        await layer.group_add(GROUP, channel)
        # What was published until now did not reach this channel.
        on_hint()
        while True:
            await layer.receive(channel)
            on_hint()
    finally:
        await _leave(layer, channel)


async def _leave(layer: Any, channel: str) -> None:
    try:
        await layer.group_discard(GROUP, channel)
    except Exception:
        logger.warning("The group of hints could not be left; its channel receives no more.", exc_info=True)


class Sender:
    """Sends hints to the group on one event loop: one at a time, and one for all that come meanwhile."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.idle = threading.Event()
        self.idle.set()
        self._lock = threading.Lock()
        self._is_wanted = False
        self._task: asyncio.Task[None] | None = None

    def put(self) -> None:
        """Have a hint sent that begins from now on, from any thread."""
        with self._lock:
            self._is_wanted = True
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
        while self._take():
            try:
                async with asyncio.timeout(SEND_LIMIT_SECONDS):
                    await layer.group_send(GROUP, {"type": "crm.event"})
            except Exception as error:
                counts.hints_lost += 1
                logger.warning("A hint did not reach the channel layer and is lost: %r", error)

    def _take(self) -> bool:
        with self._lock:
            wanted, self._is_wanted = self._is_wanted, False
            if not wanted:
                self.idle.set()
            return wanted


class BackgroundLoop(asyncio.SelectorEventLoop):
    """The loop of the sending thread; it looks up addresses by itself.

    The executor that usually does so is closed before the functions registered with atexit run: the last
    hint of a short command would be lost.
    """

    async def getaddrinfo(self, *args: Any, **options: Any) -> Any:
        """Look up an address on this thread, which serves nobody else."""
        return socket.getaddrinfo(*args, **options)


_listening: dict[asyncio.AbstractEventLoop, OnHint] = {}
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
