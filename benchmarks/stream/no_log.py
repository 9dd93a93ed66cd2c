"""The product's server without its log: no outbox, no numbers, no tail.

``python -m benchmarks.stream.no_log PORT`` is ``manage.py serve`` with the same dispatcher and sockets, but
the dispatcher gets events from the channel layer, as they come.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from dataclasses import replace

import django
from channels.layers import get_channel_layer

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from benchmarks.stream import feed  # noqa: E402
from crm.events import dispatcher  # noqa: E402
from crm.events.audience import Event  # noqa: E402
from crm.events.cursor import Cursor  # noqa: E402
from crm.management.commands.serve import serve  # noqa: E402


class Wire:
    """Replaces the tail; its numbers are valid in this process only."""

    def __init__(self, deliver: Callable[[list[Event]], None], _restart: Callable[[], None]) -> None:
        self.position = Cursor("0" * 12, 0)
        self._deliver = deliver

    #: Seconds since the last read: it is always at the end.
    age = 0.0

    async def lag(self) -> dict[str, float]:
        """Return nothing: no event waits."""
        return {"unnumbered": 0, "behind": 0}

    async def run(self, started: asyncio.Future[None]) -> None:
        """Hand on events as they come, until cancelled."""
        layer = get_channel_layer()
        channel = await layer.new_channel()
        await layer.group_add(feed.GROUP, channel)
        started.set_result(None)
        try:
            while True:
                message = await layer.receive(channel)
                self.position = replace(self.position, seq=self.position.seq + 1)
                self._deliver([feed.read_event(message, self.position)])
        finally:
            await layer.group_discard(feed.GROUP, channel)


if __name__ == "__main__":
    dispatcher.Tail = Wire  # type: ignore[assignment, attr-defined]  # has what the dispatcher needs of a tail
    serve(port=int(sys.argv[1]))
