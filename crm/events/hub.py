"""Hands the events that reach this process to those who listen; one hub for each event loop."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping
from typing import Any

from channels.layers import get_channel_layer

from crm.events.audience import Event

logger = logging.getLogger(__name__)

GROUP = "crm.events"
JOIN_LIMIT_SECONDS = 2.0
RETRY_SECONDS = 1.0

OnEvent = Callable[[Event], None]
Unsubscribe = Callable[[], None]


async def subscribe(company_id: int, on_event: OnEvent) -> Unsubscribe:
    """Call ``on_event`` for each event of a company from now on; gives the function that ends it.

    ``on_event`` runs on this event loop and may not block. Waits until the process receives events, but no
    longer than two seconds: without Redis, a subscription stands and hears nothing until Redis is back.
    """
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Hub()
    unsubscribe = hub.add(company_id, on_event)
    try:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(JOIN_LIMIT_SECONDS):
                await hub.joined.wait()
    except asyncio.CancelledError:
        unsubscribe()
        raise
    return unsubscribe


async def stop() -> None:
    """Drop all listeners of this event loop and leave the channel layer."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        await asyncio.wait([hub.end()])


def listening_loop() -> asyncio.AbstractEventLoop | None:
    """Give the event loop of this process on which somebody listens, if any; from any thread."""
    return next((loop for loop in list(_hubs) if not loop.is_closed()), None)


class Hub:
    """Receives events on one channel and fans them out by company.

    It lives while somebody listens: the first subscription makes it, the end of the last one ends it.
    """

    def __init__(self) -> None:
        self.joined = asyncio.Event()
        self._listeners: dict[int, dict[object, OnEvent]] = {}
        self._task = asyncio.create_task(self._run())

    def add(self, company_id: int, on_event: OnEvent) -> Unsubscribe:
        """Register a listener; gives the function that removes it."""
        key = object()
        self._listeners.setdefault(company_id, {})[key] = on_event
        return lambda: self._remove(company_id, key)

    def end(self) -> asyncio.Task[None]:
        """Stop receiving; gives the task, which is done once the channel layer was left."""
        self._listeners.clear()
        loop = self._task.get_loop()
        if _hubs.get(loop) is self:
            del _hubs[loop]
        self._task.cancel()
        return self._task

    def _remove(self, company_id: int, key: object) -> None:
        listeners = self._listeners.get(company_id)
        if listeners is None or listeners.pop(key, None) is None:
            return
        if not listeners:
            del self._listeners[company_id]
        if not self._listeners:
            self.end()

    async def _run(self) -> None:
        while True:
            try:
                await self._receive()
            except Exception:
                logger.warning("The event stream broke; joining again in %s s.", RETRY_SECONDS, exc_info=True)
                await asyncio.sleep(RETRY_SECONDS)

    async def _receive(self) -> None:
        layer = get_channel_layer()
        channel = await layer.new_channel()
        try:
            await layer.group_add(GROUP, channel)
            self.joined.set()
            while True:
                self._fan_out(await layer.receive(channel))
        finally:
            await _leave(layer, channel)

    def _fan_out(self, message: Mapping[str, Any]) -> None:
        try:
            event = Event.from_message(message["event"])
        except (KeyError, TypeError, ValueError):
            # During an upgrade, a process of another version may word its events otherwise.
            logger.warning("An event could not be read and was dropped.", exc_info=True)
            return
        for on_event in tuple(self._listeners.get(event.company_id, {}).values()):
            try:
                on_event(event)
            except Exception:
                logger.exception("A listener failed; the others go on.")


async def _leave(layer: Any, channel: str) -> None:
    try:
        await layer.group_discard(GROUP, channel)
    except Exception:
        logger.warning("The event group could not be left; its channel receives no more.", exc_info=True)


_hubs: dict[asyncio.AbstractEventLoop, Hub] = {}
