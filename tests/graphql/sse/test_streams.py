"""The contents of an event stream."""

from datetime import timedelta

import pytest
import time_machine
from channels.db import database_sync_to_async
from django.utils import timezone

from crm.events import dispatcher
from crm.events.cursor import parse_cursor
from crm.graphql.websocket import connections
from tests.events.layers import emit_events_async, make_event
from tests.graphql.sse.client import Stream, bearer

THINGS = "subscription { thingUpdate { id } }"


async def publish(agent, *numbers, **fields):
    for number in numbers:
        await emit_events_async(make_event(number, company_id=agent.company.pk, **fields))


def subscribe(agent, query=THINGS, *, after=None, **options):
    headers = bearer(agent) | ({} if after is None else {"last-event-id": after})
    return Stream(headers=headers, parameters={"query": query}, **options)


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_events_come_with_their_cursor(agent, method):
    async with subscribe(agent, method=method) as stream:
        assert stream.status == 200
        assert stream.answer_headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.answer_headers["cache-control"] == "no-cache"
        assert stream.answer_headers["x-accel-buffering"] == "no"
        assert parse_cursor((await stream.frame()).id).seq == 0
        await publish(agent, 7)

        event = await stream.next()

    assert (event.name, parse_cursor(event.id).seq) == ("next", 1)
    assert event.result == {
        "data": {"thingUpdate": {"id": "7"}},
        "extensions": {"kind": "updated", "cursor": event.id},
    }


async def test_a_deletion_is_sent(agent):
    async with subscribe(agent) as stream:
        await stream.frame()
        await publish(agent, 7, kind="deleted")

        assert (await stream.next()).result["extensions"]["removed"] == "7"


async def test_events_after_the_last_event_id_come_first(agent):
    await publish(agent, 1)
    async with subscribe(agent) as stream:
        begun = (await stream.frame()).id
    await publish(agent, 2, 3)

    async with subscribe(agent, after=begun) as stream:
        assert (await stream.frame()).id == begun
        first, second = await stream.next(), await stream.next()
        await publish(agent, 4)
        third = await stream.next()

    received = [int(each.result["data"]["thingUpdate"]["id"]) for each in (first, second, third)]
    assert received == [2, 3, 4]


async def test_the_later_of_last_event_id_and_after_counts(agent):
    async with subscribe(agent) as stream:
        begun = (await stream.frame()).id
        await publish(agent, 1, 2)
        await stream.next()
        last = (await stream.next()).id
    await publish(agent, 3)

    query = f'subscription {{ thingUpdate(after: "{begun}") {{ id }} }}'
    async with subscribe(agent, query, after=last) as stream:
        assert (await stream.next()).result["data"]["thingUpdate"]["id"] == "3"


@pytest.mark.parametrize(
    ("query", "data"),
    [("{ ping }", {"ping": "pong"}), ("mutation { touch(id: 5) }", {"touch": "5"})],
)
async def test_a_query_or_mutation_is_answered_once(agent, query, data):
    async with subscribe(agent, query) as stream:
        assert stream.status == 200
        answer, end = await stream.next(), await stream.next()
        await stream.end()

    assert (answer.name, answer.result) == ("next", {"data": data})
    assert (end.name, end.data) == ("complete", "")


async def test_a_comment_comes_from_time_to_time(agent, limit):
    limit(comment_seconds=0.05)
    async with subscribe(agent) as stream:
        frames = [await stream.frame() for _ in range(4)]

    assert [each.name for each in frames] == [""] * 4


def revoke(agent):
    agent.token.revoked_at = timezone.now()
    agent.token.save()


def end_membership(agent):
    agent.membership.is_active = False
    agent.membership.save()


@pytest.mark.parametrize("withdraw", [revoke, end_membership])
async def test_rights_withdrawn_end_the_stream(agent, limit, withdraw):
    limit(rights_seconds=0.05)
    async with subscribe(agent) as stream:
        await stream.frame()
        await database_sync_to_async(withdraw)(agent)

        await stream.end()


async def test_an_expired_token_ends_the_stream(make_member, limit):
    limit(rights_seconds=0.05)
    expiring = await make_member(expires_at=timezone.now() + timedelta(hours=1))
    async with subscribe(expiring) as stream:
        assert stream.status == 200
        await stream.frame()

        with time_machine.travel(expiring.token.expires_at):
            await stream.end()


async def test_a_stream_counts_as_a_socket(agent, limit):
    limit(sockets_per_user=1)
    async with subscribe(agent) as first:
        assert first.status == 200
        assert connections.per_user == {agent.user.pk: 1}
        async with subscribe(agent) as second:
            assert (second.status, second.answer_headers["retry-after"]) == (429, "5")

    async with subscribe(agent) as third:
        assert third.status == 200


async def test_a_client_that_leaves_leaves_nothing(agent):
    async with subscribe(agent) as stream:
        await stream.frame()
        assert dispatcher.is_open()

    assert not dispatcher.is_open()
    assert connections.per_user == {}


async def test_a_draining_server_ends_streams_and_opens_none(agent):
    try:
        async with subscribe(agent) as stream:
            await stream.frame()
            await connections.drain(0)

            await stream.end()
        async with subscribe(agent) as refused:
            assert (refused.status, refused.answer_headers["retry-after"]) == (503, "5")
    finally:
        connections.resume()
