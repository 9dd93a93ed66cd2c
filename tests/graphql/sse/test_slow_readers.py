"""Clients of event streams that do not read."""

import asyncio

from crm.events.metrics import counts
from crm.graphql.sse import GraphQLStream
from crm.graphql.websocket import connections
from tests.events.layers import emit_events_async, make_event
from tests.events.small_schema import schema
from tests.graphql.sse.client import Stream, bearer
from tests.graphql.websocket.client import Stalling
from tests.patience import PATIENCE_SECONDS

THINGS = "subscription { thingUpdate { id } }"


async def publish(agent, *numbers):
    for number in numbers:
        await emit_events_async(make_event(number, company_id=agent.company.pk))


async def test_a_full_queue_is_read_again_from_the_log(agent, limit):
    limit(waiting_events=3)
    network = Stalling(GraphQLStream(schema=schema))
    before = counts.catch_ups
    async with Stream(headers=bearer(agent), parameters={"query": THINGS}, application=network) as stream:
        await stream.frame()
        network.opened.clear()
        await publish(agent, *range(1, 31))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while counts.catch_ups == before:
                await asyncio.sleep(0.005)
        network.opened.set()

        received = [(await stream.next()).result["data"]["thingUpdate"]["id"] for _ in range(30)]

    assert received == [str(number) for number in range(1, 31)]


async def test_a_client_that_takes_nothing_is_disconnected(agent, limit):
    limit(comment_seconds=0.05, stalled_seconds=0.2, close_seconds=0.05)
    network = Stalling(GraphQLStream(schema=schema))
    before = counts.evictions
    stream = Stream(headers=bearer(agent), parameters={"query": THINGS}, application=network)
    await stream.__aenter__()
    await stream.frame()
    network.opened.clear()

    await stream.communicator.wait(PATIENCE_SECONDS)

    assert counts.evictions == before + 1
    assert connections.per_user == {}
