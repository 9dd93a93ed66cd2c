"""One timer for all connections."""

import asyncio

from crm.graphql.websocket.keepalive import keepalive_timer
from tests.patience import PATIENCE_SECONDS


class Connection:
    def __init__(self):
        self.ticks: asyncio.Queue[None] = asyncio.Queue()

    def tick(self):
        self.ticks.put_nowait(None)


async def test_connections_of_a_loop_share_a_timer_that_ends_with_the_last():
    first, second = Connection(), Connection()
    shared = keepalive_timer(0.08)
    assert keepalive_timer(0.08) is shared
    shared.add(first)
    timer = shared._timer
    shared.add(second)
    assert shared._timer is timer

    async with asyncio.timeout(PATIENCE_SECONDS):
        for connection in (first, second):
            await connection.ticks.get()
            await connection.ticks.get()
    shared.remove(first)
    shared.remove(second)

    assert shared._timer is None
