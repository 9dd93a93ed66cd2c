"""Channel layers for one test, events that happen in it, and listeners that it can await."""

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

REDIS_URL = os.environ.get("TEST_REDIS_URL", "")


@contextlib.contextmanager
def layer_in_use(layer: Any) -> Iterator[Any]:
    """Make ``layer`` the default channel layer for a while."""
    replaced = channel_layers.set("default", layer)
    try:
        yield layer
    finally:
        channel_layers.set("default", replaced)


def in_memory_layer() -> InMemoryChannelLayer:
    return InMemoryChannelLayer()


def redis_layer(address: str = REDIS_URL, prefix: str | None = None) -> RedisPubSubChannelLayer:
    """Make a layer that shares nothing with other runs on the same Redis, unless a prefix is given."""
    host = {"address": address, "socket_timeout": 1, "socket_connect_timeout": 1}
    return RedisPubSubChannelLayer(hosts=[host], prefix=prefix or f"test-{uuid.uuid4().hex}")


class Heard:
    """A listener that counts hints, and that a test can await."""

    def __init__(self) -> None:
        self.hints: asyncio.Queue[None] = asyncio.Queue()

    def __call__(self) -> None:
        self.hints.put_nowait(None)

    async def next(self, limit: float = 5.0) -> None:
        """Wait for the next hint; fails after ``limit`` seconds."""
        async with asyncio.timeout(limit):
            await self.hints.get()

    @property
    def is_empty(self) -> bool:
        return self.hints.empty()


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[Heard]:
    """Hear hints for a while."""
    heard = Heard()
    task = asyncio.create_task(wakeups.listen(heard))
    await asyncio.sleep(0)
    if wakeups.crosses_processes():
        # The channel stands.
        await heard.next()
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.wait([task])


def happened(*events: Event) -> None:
    """Write events down in one transaction, as a service does, and say so."""
    with transaction.atomic():
        outbox.emit(events)
    wakeups.publish()


happens = database_sync_to_async(happened)


def lead_event(object_id: int = 9, *, company_id: int = 1, **fields: Any) -> Event:
    """Make an event that every member may hear, unless told otherwise."""
    defaults: dict[str, Any] = {
        "entity": "lead",
        "kind": "updated",
        "before": None,
        "after": None,
        "door": Door.GRAPHQL,
    }
    return Event(company_id=company_id, object_id=object_id, **{**defaults, **fields})
