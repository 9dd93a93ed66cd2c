"""Channel layers for a test, functions that emit events, and wake-ups that a test can await."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

from channels.db import database_sync_to_async
from channels.layers import InMemoryChannelLayer, channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer
from django.db import transaction

from crm.actors import Door
from crm.events import outbox, wakeups
from crm.events.audience import Event
from tests.patience import PATIENCE_SECONDS

REDIS_URL = os.environ.get("TEST_REDIS_URL", "")


@contextlib.contextmanager
def layer_in_use(layer: Any) -> Iterator[Any]:
    """Make ``layer`` the default channel layer for a while."""
    # Accessing a layer creates it: ``set`` would return None for one that was not used so far.
    replaced = channel_layers["default"]
    channel_layers.set("default", layer)
    try:
        yield layer
    finally:
        channel_layers.set("default", replaced)
        if replaced is None:
            # None would stay in the place of the configured layer, which is made on first use.
            del channel_layers.backends["default"]


def in_memory_layer() -> InMemoryChannelLayer:
    return InMemoryChannelLayer()


def redis_layer(address: str = REDIS_URL, prefix: str | None = None) -> RedisPubSubChannelLayer:
    """Make a layer that shares nothing with other runs on the same Redis, unless a prefix is given."""
    host = {"address": address, "socket_timeout": 1, "socket_connect_timeout": 1}
    return RedisPubSubChannelLayer(hosts=[host], prefix=prefix or f"test-{uuid.uuid4().hex}")


class WakeupCounter:
    """Counts wake-ups, and lets a test await the next one."""

    def __init__(self) -> None:
        self._wakeups: asyncio.Queue[None] = asyncio.Queue()

    def __call__(self) -> None:
        self._wakeups.put_nowait(None)

    async def next(self, limit: float = PATIENCE_SECONDS) -> None:
        """Wait for the next wake-up; fail after ``limit`` seconds."""
        async with asyncio.timeout(limit):
            await self._wakeups.get()

    @property
    def is_empty(self) -> bool:
        return self._wakeups.empty()


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[WakeupCounter]:
    """Receive wake-ups while the block runs."""
    wakeups_seen = WakeupCounter()
    task = asyncio.create_task(wakeups.listen(wakeups_seen))
    await asyncio.sleep(0)
    if wakeups.crosses_processes():
        # The first wake-up says that the channel has joined its group.
        await wakeups_seen.next()
    try:
        yield wakeups_seen
    finally:
        task.cancel()
        await asyncio.wait([task])


def emit_events(*events: Event) -> None:
    """Emit events in one transaction, as a service does, and wake the listeners."""
    with transaction.atomic():
        outbox.emit(events)
    wakeups.publish()


emit_events_async = database_sync_to_async(emit_events)


def make_event(object_id: int = 9, *, company_id: int = 1, **fields: Any) -> Event:
    """Return an event about a lead that all members may see, with some fields replaced."""
    defaults: dict[str, Any] = {
        "entity": "lead",
        "kind": "updated",
        "before": None,
        "after": None,
        "door": Door.GRAPHQL,
    }
    return Event(company_id=company_id, object_id=object_id, **{**defaults, **fields})
