"""Resuming at a cursor: missed events first, then live ones, each once and in order."""

import asyncio

import pytest
from channels.db import database_sync_to_async

from crm.events import retention
from crm.events.cursor import parse_cursor
from crm.events.sequencer import sequence
from crm.models import Event
from tests.events.layers import emit_events_async, make_event
from tests.events.small_schema import Thing
from tests.graphql.websocket.client import Client

THINGS = "subscription ($after: ID) { thingUpdate(after: $after) { id } }"


async def publish(agent, *numbers, **fields):
    await emit_events_async(
        *(make_event(number, company_id=agent.company.pk, **fields) for number in numbers)
    )


async def next_events(client, count):
    """Return the records and cursors of the next messages."""
    messages = [(await client.receive())["payload"] for _ in range(count)]
    return [(int(each["data"]["thingUpdate"]["id"]), each["extensions"]["cursor"]) for each in messages]


def numbers_of(events):
    return [number for number, _ in events]


async def test_missed_events_come_before_live_ones(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS)
        await publish(agent, 1, 2)
        (_, cursor), _ = await next_events(client, 2)
    await publish(agent, 3)

    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", THINGS, variables={"after": cursor})
        await publish(agent, 4)

        assert numbers_of(await next_events(client, 3)) == [2, 3, 4]


async def test_a_client_without_events_resumes_at_the_cursor_of_its_connection(agent):
    await publish(agent, 1)
    async with Client() as client:
        await client.open(agent.payload)
        cursor = client.cursor
    await publish(agent, 2)

    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", THINGS, variables={"after": cursor})

        assert numbers_of(await next_events(client, 1)) == [2]


async def test_the_connection_may_bring_the_cursor(agent):
    async with Client() as client:
        await client.open(agent.payload)
        first = client.cursor
        await client.listen("a", THINGS)
        await publish(agent, 1)
        [(_, cursor)] = await next_events(client, 1)
    await publish(agent, 2)

    # The client repeats its first ``after``; the cursor of its connection is later.
    async with Client() as client:
        await client.open({**agent.payload, "cursor": cursor})
        assert client.cursor == cursor
        await client.subscribe("a", THINGS, variables={"after": first})
        assert numbers_of(await next_events(client, 1)) == [2]
        await client.subscribe("b", "subscription { thingUpdate { id } }")

        assert numbers_of(await next_events(client, 1)) == [2]


async def test_resuming_under_load_loses_and_repeats_nothing(agent):
    total = 60
    events: list[tuple[int, str]] = []

    async def fire():
        for number in range(1, total + 1):
            await publish(agent, number)

    async with Client() as client:
        await client.open(agent.payload)
        cursor = client.cursor
    firing = asyncio.create_task(fire())
    while len(events) < total:
        async with Client() as client:
            await client.open(agent.payload)
            await client.subscribe("a", THINGS, variables={"after": cursor})
            several = await next_events(client, min(7, total - len(events)))
        events += several
        cursor = several[-1][1]
    await firing

    assert numbers_of(events) == list(range(1, total + 1))
    seqs = [parse_cursor(each).seq for _, each in events]
    assert seqs == sorted(set(seqs))


async def test_resuming_clients_share_answers(agent, make_member):
    colleague = await make_member(company=agent.company)
    await publish(agent, 1)
    async with Client() as watching:
        await watching.open(agent.payload)
        await watching.listen("a", THINGS)
        await publish(agent, *range(2, 12))
        [(_, cursor), *_] = await next_events(watching, 10)
        resolved = len(Thing.resolved)

        for member in (agent, colleague):
            async with Client() as client:
                await client.open(member.payload)
                await client.subscribe("a", THINGS, variables={"after": cursor})
                assert numbers_of(await next_events(client, 9)) == list(range(3, 12))

    assert len(Thing.resolved) == resolved


async def test_many_missed_events_do_not_overrun_a_small_queue(agent, limit):
    limit(waiting_events=4, waiting_answers=4)
    async with Client() as client:
        await client.open(agent.payload)
        cursor = client.cursor
    for first in range(0, 200, 100):
        await publish(agent, *range(first, first + 100))

    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", THINGS, variables={"after": cursor})

        assert numbers_of(await next_events(client, 200)) == list(range(200))


async def test_an_invalid_cursor_is_refused_for_its_id(agent):
    async with Client() as client:
        await client.open(agent.payload)
        await client.subscribe("a", THINGS, variables={"after": "7"})

        message = await client.receive()
        assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")


async def test_an_expired_cursor_is_refused_with_the_oldest_valid_one(agent):
    async with Client() as client:
        await client.open(agent.payload)
        first = client.cursor
    await publish(agent, 1)

    def prune():
        sequence()
        Event.objects.update(created_at="2020-01-01T00:00:00Z")
        assert retention.prune() == 1

    await database_sync_to_async(prune)()
    async with Client() as client:
        await client.open({**agent.payload, "cursor": first})
        await client.subscribe("a", THINGS)

        message = await client.receive()
        assert message["type"] == "error"
        [error] = message["payload"]
        assert error["extensions"]["code"] == "CURSOR_EXPIRED"
        assert parse_cursor(error["extensions"]["oldest"]).seq == 1


@pytest.mark.parametrize("shape", [{"after": None}, {}])
async def test_without_a_cursor_only_live_events_are_sent(agent, shape):
    await publish(agent, 1)
    async with Client() as client:
        await client.open(agent.payload)
        await client.listen("a", THINGS, variables=shape)
        await publish(agent, 2)

        assert numbers_of(await next_events(client, 1)) == [2]
