"""Filtered subscriptions: clients hear once when a record leaves the filter, and when it comes in."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from crm.events import filter_memory
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.filter_memory import FilterMemory, Matching
from tests.events.layers import make_event
from tests.events.test_shared_subscriptions import (
    EPOCH,
    Dispatcher,
    Log,
    Renderer,
    at_once,
    listen,
    reader,
)
from tests.patience import PATIENCE_SECONDS


def of(record: int, seq: int, **fields: Any) -> Event:
    return make_event(record, cursor=Cursor(EPOCH, seq), **fields)


@pytest.fixture
async def renderer():
    """A renderer whose filter record 1 meets at first."""
    renderer = Renderer()
    renderer.has_filter = True
    renderer.inside = {1}
    return renderer


@pytest.fixture
async def dispatcher(renderer):
    dispatcher = Dispatcher(renderer)
    yield dispatcher
    dispatcher.shared.end()


async def happen(dispatcher: Dispatcher, renderer: Renderer, event: Event, *, meets: bool) -> None:
    """Have an event happen after which its record meets the filter, or does not."""
    (renderer.inside.add if meets else renderer.inside.discard)(event.object_id)
    renderer.end = max(renderer.end, event.seq)
    dispatcher.tail(event)
    # Answered before the next one: each sees the record as it is right after it.
    await settled(dispatcher)


async def settled(dispatcher: Dispatcher) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not dispatcher.shared.is_idle:
            await asyncio.sleep(0)


async def start(dispatcher: Dispatcher, *actors: Any) -> list[Any]:
    listeners = [listen(dispatcher, actor) for actor in actors or (reader(),)]
    await dispatcher.shared.ready()
    return listeners


async def test_a_record_that_leaves_the_filter_is_removed_once(dispatcher, renderer):
    first, second = await start(dispatcher, reader(5), reader(6))

    await happen(dispatcher, renderer, of(1, 1), meets=True)
    await happen(dispatcher, renderer, of(1, 2), meets=False)
    await happen(dispatcher, renderer, of(1, 3), meets=False)
    await happen(dispatcher, renderer, of(1, 4), meets=True)
    await happen(dispatcher, renderer, of(1, 5), meets=False)

    assert first.received == second.received == ["1", "REMOVED 2", "4", "REMOVED 5"]
    # Several share one filter, and it is read once.
    assert renderer.matchings == 1


async def test_a_record_that_never_met_the_filter_is_not_heard_of(dispatcher, renderer):
    [listener] = await start(dispatcher)

    for seq in range(1, 20):
        await happen(dispatcher, renderer, of(2 + seq % 3, seq), meets=False)
    await happen(dispatcher, renderer, of(7, 20, kind="created"), meets=False)
    await happen(dispatcher, renderer, of(7, 21, kind="deleted"), meets=False)

    assert listener.received == []


async def test_a_deletion_is_told_to_those_who_show_the_record(dispatcher, renderer):
    [listener] = await start(dispatcher)

    await happen(dispatcher, renderer, of(1, 1, kind="deleted"), meets=False)
    await happen(dispatcher, renderer, of(1, 2, kind="restored"), meets=False)
    await happen(dispatcher, renderer, of(1, 3), meets=True)
    await happen(dispatcher, renderer, of(1, 4), meets=False)
    await happen(dispatcher, renderer, of(1, 5, kind="deleted"), meets=False)

    assert listener.received == ["REMOVED 1", "3", "REMOVED 4"]


async def test_whoever_loses_sight_of_a_record_that_met_the_filter_hears_it_once(dispatcher, renderer):
    both, other = frozenset({5, 6}), frozenset({6})
    renderer.readers = both
    mine, stays = await start(dispatcher, reader(5, sees_all=False), reader(6, sees_all=False))

    await happen(dispatcher, renderer, of(1, 1, before=both, after=other), meets=True)
    await happen(dispatcher, renderer, of(1, 2, before=other, after=other), meets=False)
    # It was out of the filter when it came into sight, and again when it went.
    await happen(dispatcher, renderer, of(1, 3, before=other, after=both), meets=False)
    await happen(dispatcher, renderer, of(1, 4, before=both, after=other), meets=False)

    assert mine.received == ["REMOVED 1"]
    assert stays.received == ["1", "REMOVED 2"]


async def test_whoever_loses_sight_while_it_leaves_the_filter_hears_it_once(dispatcher, renderer):
    both, other = frozenset({5, 6}), frozenset({6})
    # When the first event is answered, user 5 cannot see the record any more, nor does it meet the filter.
    renderer.readers = other
    mine, _stays = await start(dispatcher, reader(5, sees_all=False), reader(6, sees_all=False))

    await happen(dispatcher, renderer, of(1, 1, before=both, after=both), meets=False)
    await happen(dispatcher, renderer, of(1, 2, before=both, after=other), meets=False)

    assert mine.received == ["REMOVED 1"]


async def test_answers_for_each_reader_tell_of_leaving_too(dispatcher, renderer):
    renderer.is_personal = True
    first, second = await start(dispatcher, reader(5), reader(6))

    await happen(dispatcher, renderer, of(1, 1), meets=False)
    await happen(dispatcher, renderer, of(1, 2), meets=False)
    await happen(dispatcher, renderer, of(2, 3), meets=True)

    assert first.received == second.received == ["REMOVED 1", "3"]


async def test_a_replay_tells_once_what_may_have_left_meanwhile(dispatcher, renderer):
    renderer.end = 9
    log = [of(1, 2), of(2, 3), of(1, 4), of(3, 5, kind="created"), of(3, 6), of(2, 7), of(1, 8)]
    renderer.inside = {2}

    listener = listen(dispatcher, after=Cursor(EPOCH, 1))
    await listener.catch_up(Cursor(EPOCH, 1), Log(*log).read, at_once)

    # Record 1 may have met the filter at the cursor. The client never saw record 3.
    assert listener.received == ["REMOVED 2", "3", "7"]


async def test_a_replay_knows_what_a_filter_that_was_followed_on_remembers(dispatcher, renderer):
    [live] = await start(dispatcher)
    log = [of(1, 1), of(2, 2), of(1, 3), of(2, 4)]
    for event in log:
        await happen(dispatcher, renderer, event, meets=event.object_id == 1 and event.seq == 1)
    assert live.received == ["1", "REMOVED 3"]

    for after, received in ((1, ["REMOVED 3"]), (3, [])):
        listener = listen(dispatcher, after=Cursor(EPOCH, after))
        await listener.catch_up(Cursor(EPOCH, after), Log(*log).read, at_once)
        assert listener.received == received
        listener.leave()


async def test_bulk_work_has_the_filter_read_anew(dispatcher, renderer):
    [listener] = await start(dispatcher)
    renderer.inside = {2, 3}

    await happen(dispatcher, renderer, of(0, 1, kind="bulk"), meets=False)
    await happen(dispatcher, renderer, of(2, 2), meets=False)
    await happen(dispatcher, renderer, of(1, 3), meets=False)

    assert listener.received == ["REFETCH 1", "REMOVED 2"]
    assert renderer.matchings == 2


async def test_events_that_nobody_was_told_of_have_the_filter_read_anew(dispatcher, renderer):
    [gone] = await start(dispatcher)
    gone.leave()
    dispatcher.tail(of(1, 1))
    renderer.inside, renderer.end = {2}, 1

    [listener] = await start(dispatcher)
    await happen(dispatcher, renderer, of(2, 2), meets=False)
    await happen(dispatcher, renderer, of(1, 3), meets=False)

    assert listener.received == ["REMOVED 2"]


async def test_an_event_at_the_time_of_the_first_read_is_told_rather_than_missed(dispatcher, renderer):
    # The record left after the start, but before it was read who meets the filter.
    renderer.inside, renderer.end = set(), 1
    [listener] = await start(dispatcher)

    await happen(dispatcher, renderer, of(1, 1), meets=False)

    assert listener.received == ["REMOVED 1"]


async def test_a_broad_filter_tells_each_record_at_most_once(dispatcher, renderer, monkeypatch):
    monkeypatch.setattr(filter_memory, "MOST_REMEMBERED", 2)
    renderer.inside = {1, 2, 3}
    [listener] = await start(dispatcher)

    for seq in range(1, 4):
        await happen(dispatcher, renderer, of(1, seq), meets=False)
    await happen(dispatcher, renderer, of(9, 4, kind="created"), meets=False)

    assert listener.received == ["REMOVED 1"]


def matching(*keys: int, seq: int = 10, **fields: Any) -> Matching:
    return Matching(keys=frozenset(keys), seq=seq, **fields)


def test_a_memory_that_grows_too_large_assumes_instead_of_knowing(monkeypatch):
    monkeypatch.setattr(filter_memory, "MOST_REMEMBERED", 2)
    memory = FilterMemory(matching(1, 2))
    assert not memory.may_show(3, since=10)

    memory.note(3, 11, matches=True)

    assert all(memory.may_show(key, since=11) for key in (1, 2, 3, 4))


def test_what_is_forgotten_is_assumed_by_those_who_were_away_then(monkeypatch):
    monkeypatch.setattr(filter_memory, "MOST_REMEMBERED", 2)
    memory = FilterMemory(matching(1, 2, seq=10))
    for key, seq in ((1, 11), (2, 12)):
        memory.note(key, seq, matches=False)
    memory.note(3, 13, matches=True)
    memory.note(3, 14, matches=False)

    # Record 1 was forgotten: it left at 11.
    assert [memory.may_show(1, since=since) for since in (10, 11, 14)] == [True, False, False]
    assert [memory.may_show(2, since=since) for since in (11, 12)] == [True, False]


def test_a_filter_that_depends_on_the_time_always_assumes():
    memory = FilterMemory(replace(matching(1), is_sure=False))
    memory.note(2, 11, matches=False)

    assert memory.may_show(2, since=11)
