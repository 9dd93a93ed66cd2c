"""One timer for all connections."""

import asyncio

from crm.graphql.websocket.keepalive import heart


class Member:
    def __init__(self):
        self.beats: asyncio.Queue[None] = asyncio.Queue()

    def beat(self):
        self.beats.put_nowait(None)


async def test_all_members_of_a_loop_share_a_timer_that_ends_with_the_last():
    first, second = Member(), Member()
    shared = heart(0.08)
    assert heart(0.08) is shared
    shared.add(first)
    timer = shared._timer
    shared.add(second)
    assert shared._timer is timer

    async with asyncio.timeout(5):
        for member in (first, second):
            await member.beats.get()
            await member.beats.get()
    shared.remove(first)
    shared.remove(second)

    assert shared._timer is None
