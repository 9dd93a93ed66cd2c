"""Events on the channel layer, for the contenders that keep none: lost with the process, or with Redis."""

import asyncio
import threading
from typing import Any

from channels.layers import get_channel_layer

from crm.actors import Door
from crm.events.audience import Event
from crm.events.cursor import Cursor

GROUP = "benchmark.stream"


def write_event(event: Event) -> dict[str, Any]:
    """Return an event as a message of plain types."""
    return {
        "type": "benchmark.event",
        "company_id": event.company_id,
        "entity": event.entity,
        "object_id": event.object_id,
        "kind": event.kind,
        "audience": event.audience(),
        "changes": dict(event.changes),
        "actor_id": event.actor_id,
        "door": event.door.value,
    }


def read_event(message: dict[str, Any], cursor: Cursor) -> Event:
    audience = message["audience"] or {"before": None, "after": None}
    return Event(
        company_id=message["company_id"],
        entity=message["entity"],
        object_id=message["object_id"],
        kind=message["kind"],
        before=None if audience["before"] is None else frozenset(audience["before"]),
        after=None if audience["after"] is None else frozenset(audience["after"]),
        changes=message["changes"],
        actor_id=message["actor_id"],
        door=Door(message["door"]),
        cursor=cursor,
    )


class Sender:
    """Sends events from a program that has no event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def send(self, event: Event) -> None:
        """Send one, without waiting for it."""
        sending = get_channel_layer().group_send(GROUP, write_event(event))
        asyncio.run_coroutine_threadsafe(sending, self._loop)
