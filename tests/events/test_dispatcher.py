"""From the event log to subscribers: the tail, in its own thread, and the dispatcher of an event loop."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from channels.db import database_sync_to_async
from django.db import OperationalError

from crm.actors import Actor, Door, Role
from crm.events import dispatcher, retention, tail, wakeups
from crm.events.dispatcher import Dispatcher, SubscriptionKey
from tests.events.layers import emit_events_async, in_memory_layer, layer_in_use, make_event
from tests.events.test_shared_subscriptions import Listener, Renderer
from tests.factories.crm import CompanyFactory
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def layer():
    with layer_in_use(in_memory_layer()) as layer:
        yield layer


@pytest.fixture
def company():
    return CompanyFactory()


@pytest.fixture
def other_company():
    return CompanyFactory()


@contextlib.asynccontextmanager
async def opened() -> AsyncIterator[Dispatcher]:
    running = await dispatcher.open_dispatcher()
    try:
        yield running
    finally:
        await dispatcher.stop()


def actor_in(company: Any) -> Actor:
    return Actor(user_id=5, company_id=company.pk, role=Role.MANAGER, door=Door.GRAPHQL)


def listen(
    running: Dispatcher, company: Any, renderer: Renderer | None = None, identity: str = "all"
) -> Listener:
    listener = Listener(actor_in(company))
    listener.join(running, SubscriptionKey(company.pk, identity), lambda: renderer or Renderer(), after=None)
    return listener


async def test_events_reach_their_own_company_only_and_in_order(company, other_company):
    async with opened() as running:
        own, foreign = listen(running, company), listen(running, other_company)

        await emit_events_async(*(make_event(number, company_id=company.pk) for number in range(3)))
        await emit_events_async(make_event(9, company_id=other_company.pk))

        assert await own.until("3") == ["1", "2", "3"]
        assert await foreign.until("4") == ["4"]
        assert running.position.seq == 4


async def test_events_are_found_without_a_wakeup(company, monkeypatch):
    monkeypatch.setattr(wakeups, "publish", lambda: None)
    async with opened() as running:
        listener = listen(running, company)

        await emit_events_async(make_event(9, company_id=company.pk))

        assert await listener.until("1") == ["1"]


async def test_a_wakeup_comes_before_the_next_poll(company, monkeypatch):
    monkeypatch.setattr(tail, "POLL_SECONDS_ALONE", 1_000)
    async with opened() as running:
        listener = listen(running, company)

        await emit_events_async(make_event(9, company_id=company.pk))

        assert await listener.until("1") == ["1"]


async def test_the_first_position_is_after_all_committed_events(company):
    await emit_events_async(make_event(1, company_id=company.pk), make_event(2, company_id=company.pk))

    async with opened() as running:
        assert running.position.seq == 2
        listener = listen(running, company)
        await emit_events_async(make_event(3, company_id=company.pk))

        assert await listener.until("3") == ["3"]


async def test_many_events_are_read_in_batches(company, monkeypatch):
    monkeypatch.setattr(tail, "BATCH", 3)
    async with opened() as running:
        listener = listen(running, company)

        await emit_events_async(*(make_event(number, company_id=company.pk) for number in range(10)))

        assert await listener.until("10") == [str(seq) for seq in range(1, 11)]


async def test_equal_subscriptions_share_answers_that_are_kept_for_returning_clients(company, monkeypatch):
    renderer = Renderer()
    async with opened() as running:
        first = listen(running, company, renderer)
        second = listen(running, company)
        await emit_events_async(make_event(1, company_id=company.pk))
        await first.until("1")
        await second.until("1")
        assert renderer.answered == [(1, None)]

        first.leave()
        second.leave()
        third = listen(running, company)
        await emit_events_async(make_event(2, company_id=company.pk))
        await third.until("2")
        assert renderer.answered == [(1, None), (2, None)]

        monkeypatch.setattr(dispatcher, "KEEP_SECONDS", 0)
        third.leave()
        while running._shared:
            await asyncio.sleep(0)
        fourth = listen(running, company)
        await emit_events_async(make_event(3, company_id=company.pk))

        await fourth.until("3")
        assert renderer.answered == [(1, None), (2, None)]


async def test_the_dispatcher_lives_until_its_last_release(company):
    first, second = await dispatcher.open_dispatcher(), await dispatcher.open_dispatcher()
    assert first is second

    first.release()
    assert dispatcher.is_open()
    second.release()

    assert not dispatcher.is_open()
    await asyncio.wait([first.task], timeout=PATIENCE_SECONDS)
    assert first.task.cancelled()


def failing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Make the first reads of the log fail."""
    read = tail._read
    failures: list[str] = []

    def fail(position):
        if len(failures) < times:
            failures.append("failed")
            raise OperationalError("away")
        return read(position)

    monkeypatch.setattr(tail, "_read", fail)
    return failures


async def test_the_tail_goes_on_after_the_database_was_away(company, monkeypatch, caplog):
    async with opened() as running:
        listener = listen(running, company)
        failures = failing(monkeypatch, 3)

        await emit_events_async(make_event(9, company_id=company.pk))

        assert await listener.until("1") == ["1"]
    assert (len(failures), len(caplog.records)) == (3, 1)


async def test_without_a_database_no_dispatcher_is_opened(company, monkeypatch):
    def fail():
        raise OperationalError("away")

    monkeypatch.setattr(tail, "_number_to_the_end", fail)

    with pytest.raises(OperationalError):
        await dispatcher.open_dispatcher()
    assert not dispatcher.is_open()


async def test_after_a_restore_all_subscribers_start_again(company):
    async with opened() as running:
        listener = listen(running, company)
        before = running.position

        await database_sync_to_async(retention.begin_epoch)()
        wakeups.publish()

        async with asyncio.timeout(PATIENCE_SECONDS):
            while not listener.losses:
                await asyncio.sleep(0.01)
        assert running.position.epoch != before.epoch
        await emit_events_async(make_event(9, company_id=company.pk))
        assert await listener.until("1") == ["1"]
