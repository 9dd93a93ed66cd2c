"""A client that does not read for a while is sent what it missed, on the same socket."""

import asyncio

import pytest

from crm.events.cursor import parse_cursor
from crm.events.metrics import counts
from tests.events.layers import emit_events_async, make_event
from tests.graphql.websocket.client import Client, Stalling
from tests.patience import PATIENCE_SECONDS

THINGS = "subscription { thingUpdate { id } }"


async def publish(agent, *numbers, **fields):
    for number in numbers:
        await emit_events_async(make_event(number, company_id=agent.company.pk, **fields))


async def next_event(client):
    """Return record and number of the next event, skipping pings."""
    while (message := await client.receive())["type"] == "ping":
        pass
    payload = message["payload"]
    return int(payload["data"]["thingUpdate"]["id"]), parse_cursor(payload["extensions"]["cursor"]).seq


@pytest.fixture
async def network():
    return Stalling()


async def test_a_full_queue_is_read_again_from_the_log_and_hurts_nobody(agent, make_member, limit, network):
    limit(waiting_events=4)
    colleague = await make_member(company=agent.company)
    before = counts.catch_ups
    async with Client(application=network) as stalled, Client() as healthy:
        await stalled.open(agent.payload)
        await healthy.open(colleague.payload)
        await stalled.listen("a", THINGS)
        await stalled.listen("b", THINGS)
        await healthy.listen("a", THINGS)

        await publish(agent, 1)
        assert {await next_event(stalled), await next_event(stalled)} == {(1, 1)}
        network.opened.clear()
        await publish(agent, *range(2, 31))
        assert [(await next_event(healthy))[0] for _ in range(30)] == list(range(1, 31))
        network.opened.set()
        messages = [await stalled.receive() for _ in range(58)]
        await publish(agent, 31)
        messages += [await stalled.receive() for _ in range(2)]

    assert counts.catch_ups > before
    for id_ in "ab":
        mine = [each["payload"] for each in messages if each["id"] == id_]
        assert [int(each["data"]["thingUpdate"]["id"]) for each in mine] == list(range(2, 32))


async def test_live_events_follow_the_catch_up(agent, limit, network):
    limit(waiting_events=2)
    async with Client(application=network) as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        for first in (1, 21, 41):
            network.opened.clear()
            await publish(agent, *range(first, first + 20))
            await network.held_up.wait()
            network.opened.set()

        events = [await next_event(client) for _ in range(60)]

    assert [record for record, _ in events] == list(range(1, 61))
    assert [seq for _, seq in events] == list(range(1, 61))


async def test_many_missed_events_of_few_records_are_merged(agent, limit, network, make_member):
    limit(waiting_events=4)
    colleague = await make_member(company=agent.company)
    async with Client(application=network) as client, Client() as healthy:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        await healthy.open(colleague.payload)
        await healthy.listen("a", THINGS)
        network.opened.clear()
        await publish(agent, *(9 for _ in range(140)))
        assert [await next_event(healthy) for _ in range(140)][-1] == (9, 140)
        network.opened.set()

        events = [await next_event(client)]
        while events[-1][1] < 140:
            events.append(await next_event(client))

    assert len(events) < 10
    assert [seq for _, seq in events] == sorted({seq for _, seq in events})


async def test_a_client_that_takes_nothing_for_too_long_is_disconnected(agent, limit, network):
    limit(waiting_events=2, stalled_seconds=0.1, close_seconds=0.05)
    before = counts.evictions
    client = Client(application=network)
    await client.open(agent.payload)
    await client.listen("a", THINGS)
    network.opened.clear()
    await publish(agent, *range(1, 10))

    await client.socket.wait(PATIENCE_SECONDS)

    assert counts.evictions == before + 1


async def test_a_ping_brings_the_cursor_up_to_which_all_was_sent(agent, make_member, limit):
    limit(ping_seconds=0.1)
    stranger = await make_member()
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        # Nothing of it is for this client, whose cursor would grow too old.
        await publish(stranger, 1, 2, 3)

        async with asyncio.timeout(PATIENCE_SECONDS):
            while (message := await client.receive())["payload"]["cursor"] == client.cursor:
                assert message["type"] == "ping"
            while parse_cursor(message["payload"]["cursor"]).seq < 3:
                message = await client.receive()


async def test_a_ping_has_no_cursor_beyond_what_was_sent(agent, limit, gate):
    limit(ping_seconds=0.05)
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", "subscription { thingUpdate { id wait } }")
        await publish(agent, 1)
        assert await gate.somebody_waits()

        pings = [await client.receive() for _ in range(3)]
        gate.opened.set()

    assert [each["payload"] for each in pings[1:]] == [{"cursor": client.cursor}] * 2
