"""Channel layers for one test, and listeners that a test can await."""

import asyncio
import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import Any

from channels.layers import InMemoryChannelLayer, channel_layers
from channels_redis.pubsub import RedisPubSubChannelLayer

from crm.actors import Door
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
    """A listener that keeps what it hears in a queue."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Event] = asyncio.Queue()

    def __call__(self, event: Event) -> None:
        self.events.put_nowait(event)

    async def next(self, limit: float = 5.0) -> Event:
        """Give the next event; fails after ``limit`` seconds."""
        async with asyncio.timeout(limit):
            return await self.events.get()


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
