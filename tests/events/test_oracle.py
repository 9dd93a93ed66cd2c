"""Random changes, and who hears of them, against what a query lets each subscriber see just then."""

import asyncio
from functools import partial
from typing import Any

import pytest
from channels.db import database_sync_to_async

from crm.events import journal
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.dispatcher import Dispatcher, open_dispatcher
from tests.events.layers import in_memory_layer, layer_in_use
from tests.events.oracle import PERSONAL, PLAIN, World

STEPS, BURSTS = 30, 8
LIMIT = 20


async def settled(hub: Dispatcher, *, beyond: int) -> None:
    """Wait until the event after a number was told."""
    async with asyncio.timeout(LIMIT):
        while hub.position.seq <= beyond or not hub.is_idle:
            await asyncio.sleep(0.005)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fields", [PLAIN, PERSONAL])
async def test_each_subscriber_hears_what_a_query_would_let_it_see(fields: str) -> None:
    with layer_in_use(in_memory_layer()):
        world = await database_sync_to_async(World)(len(fields), fields)
        hub = await open_dispatcher()
        begun = hub.position
        for subscriber in world.subscribers:
            subscriber.join(hub)
        heard = 0

        for _ in range(STEPS):
            numbered = hub.position.seq
            lead_id, saw = await database_sync_to_async(world.change)()
            expected = await database_sync_to_async(world.expected)(lead_id, saw)
            await settled(hub, beyond=numbered)
            told = [subscriber.take() for subscriber in world.subscribers]
            assert told == expected
            heard += sum(map(len, told))

        # Who comes back ends with what it may see by now; what other leads are in it may have changed since.
        for subscriber in world.subscribers if fields == PLAIN else ():
            subscriber.follower.leave()
            subscriber.join(hub, after=begun)
            read = partial(journal.read_after, company_id=subscriber.actor.company_id)
            await subscriber.follower.catch_up(begun, _in_thread(read), _at_once)
            last = {lead["id"] if isinstance(lead, dict) else lead: lead for lead in subscriber.take()}
            for lead_id, lead in last.items():
                sees = await database_sync_to_async(subscriber.sees)(lead_id)
                assert (lead if isinstance(lead, dict) else None) == sees
        hub.release()

    assert heard > STEPS * 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(2))
async def test_of_changes_at_once_nobody_hears_what_is_hidden_by_then(seed: int) -> None:
    with layer_in_use(in_memory_layer()):
        world = await database_sync_to_async(World)(seed, PLAIN)
        hub = await open_dispatcher()
        for subscriber in world.subscribers:
            subscriber.join(hub)
        hidden = 0

        for _ in range(BURSTS):
            numbered = hub.position.seq
            saw = await database_sync_to_async(world.see_all)()
            changed = await database_sync_to_async(world.burst)()
            await settled(hub, beyond=numbered)
            now = await database_sync_to_async(world.see_all)()
            for subscriber, seen, sees in zip(world.subscribers, saw, now, strict=True):
                told = subscriber.take()
                leads = {int(lead["id"]): lead for lead in told if isinstance(lead, dict)}
                removed = {int(lead) for lead in told if not isinstance(lead, dict)}
                assert leads == {lead_id: sees[lead_id] for lead_id in changed if sees[lead_id]}
                gone = {lead_id for lead_id in changed if seen[lead_id] and not sees[lead_id]}
                assert gone <= removed
                hidden += len(changed) - len(leads)
        hub.release()

    assert hidden > BURSTS


def _in_thread(read: Any) -> Any:
    async def call(after: Cursor, limit: int) -> list[Event]:
        found: list[Event] = await database_sync_to_async(read)(after, limit=limit)
        return found

    return call


async def _at_once() -> None:
    return
