"""Random changes: each subscriber receives what a query would show it at that moment."""

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
from tests.events.oracle import FILTER, PERSONAL, PLAIN, World
from tests.patience import PATIENCE_SECONDS

STEPS, BURSTS = 20, 6


async def settled(dispatcher: Dispatcher, *, beyond: int) -> None:
    """Wait until the event after a number has been delivered."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while dispatcher.position.seq <= beyond or not dispatcher.is_idle:
            await asyncio.sleep(0.005)


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("pooled")
@pytest.mark.parametrize(("fields", "where"), [(PLAIN, ""), (PLAIN, FILTER), (PERSONAL, "")])
async def test_each_subscriber_receives_what_a_query_shows_it(fields: str, where: str) -> None:
    with layer_in_use(in_memory_layer()):
        world = await database_sync_to_async(World)(len(fields), fields, where)
        dispatcher = await open_dispatcher()
        begun = dispatcher.position
        for subscriber in world.subscribers:
            subscriber.join(dispatcher)
            await subscriber.resuming.ready()
        total = 0

        for _ in range(STEPS):
            numbered = dispatcher.position.seq
            lead_id, saw = await database_sync_to_async(world.change)()
            expected = await database_sync_to_async(world.expected)(lead_id, saw)
            await settled(dispatcher, beyond=numbered)
            received = [subscriber.take_received() for subscriber in world.subscribers]
            assert received == expected
            total += sum(map(len, received))

        # Replayed leads are as they are now; other leads nested in them may have changed since.
        for subscriber in world.subscribers if fields == PLAIN else ():
            subscriber.resuming.leave()
            subscriber.join(dispatcher, after=begun)
            read = partial(journal.read_after, company_id=subscriber.actor.company_id)
            await subscriber.resuming.catch_up(begun, _in_thread(read), _at_once)
            last = {
                lead["id"] if isinstance(lead, dict) else lead: lead for lead in subscriber.take_received()
            }
            for lead_id, lead in last.items():
                sees = await database_sync_to_async(subscriber.sees)(int(lead_id))
                assert (lead if isinstance(lead, dict) else None) == sees
        dispatcher.release()

    assert total > STEPS * (2 if where else 3)


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("pooled")
@pytest.mark.parametrize(("seed", "where"), [(0, ""), (2, FILTER)])
async def test_nobody_receives_what_a_later_change_of_the_same_transaction_hides(
    seed: int, where: str
) -> None:
    with layer_in_use(in_memory_layer()):
        world = await database_sync_to_async(World)(seed, PLAIN, where)
        dispatcher = await open_dispatcher()
        for subscriber in world.subscribers:
            subscriber.join(dispatcher)
            await subscriber.resuming.ready()
        hidden = 0
        now = await database_sync_to_async(world.see_all)()

        for _ in range(BURSTS):
            numbered = dispatcher.position.seq
            saw = now
            changed = await database_sync_to_async(world.burst)()
            await settled(dispatcher, beyond=numbered)
            now = await database_sync_to_async(world.see_all)()
            for subscriber, seen, sees in zip(world.subscribers, saw, now, strict=True):
                received = subscriber.take_received()
                leads = {int(lead["id"]): lead for lead in received if isinstance(lead, dict)}
                removed = {int(lead) for lead in received if not isinstance(lead, dict)}
                assert leads == {lead_id: sees[lead_id] for lead_id in changed if sees[lead_id]}
                gone = {lead_id for lead_id in changed if seen[lead_id] and not sees[lead_id]}
                assert gone <= removed
                hidden += len(changed) - len(leads)
        dispatcher.release()

    assert hidden > BURSTS


def _in_thread(read: Any) -> Any:
    async def call(after: Cursor, limit: int) -> list[Event]:
        found: list[Event] = await database_sync_to_async(read)(after, limit=limit)
        return found

    return call


async def _at_once() -> None:
    return
