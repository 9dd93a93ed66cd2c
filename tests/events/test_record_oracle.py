"""Random changes of records of every kind: each subscriber receives what a query would show it."""

from functools import partial

import pytest
from channels.db import database_sync_to_async

from crm.events import journal
from crm.events.dispatcher import open_dispatcher
from tests.events.layers import in_memory_layer, layer_in_use
from tests.events.record_oracle import World
from tests.events.test_oracle import _at_once, _in_thread, settled

STEPS = 30


@pytest.mark.one_database
@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("pooled")
@pytest.mark.parametrize("seed", [1, 2])
async def test_each_subscriber_receives_what_a_query_shows_it(seed: int) -> None:
    with layer_in_use(in_memory_layer()):
        world = await database_sync_to_async(World)(seed)
        dispatcher = await open_dispatcher()
        begun = dispatcher.position
        for subscriber in world.subscribers:
            subscriber.join(dispatcher)
            await subscriber.resuming.ready()
        total, kinds = 0, set()

        for _ in range(STEPS):
            numbered = dispatcher.position.seq
            records, saw = await database_sync_to_async(world.change)()
            expected = await database_sync_to_async(world.expected)(records, saw)
            await settled(dispatcher, beyond=numbered + len(records) - 1)
            received = [subscriber.take_received() for subscriber in world.subscribers]
            assert received == expected
            total += sum(map(len, received))
            kinds |= {kind for kind, _ in records}

        # Replayed records are as they are now.
        for subscriber in world.subscribers:
            subscriber.resuming.leave()
            subscriber.join(dispatcher, after=begun)
            read = partial(journal.read_after, company_id=subscriber.actor.company_id)
            await subscriber.resuming.catch_up(begun, _in_thread(read), _at_once)
            last = dict(subscriber.take_received())
            now = await database_sync_to_async(subscriber.sees)(*last)
            for (record, content), sees in zip(last.items(), now, strict=True):
                # An activity may come back into sight with its lead, which tells of it.
                assert content == sees or (content is None and record[0] == "activity")
        dispatcher.release()

    assert total > STEPS * 3
    assert len(kinds) == 5
