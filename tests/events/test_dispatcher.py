"""From the table of events to who listens: the tail, in its own thread, and the hub of an event loop."""

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
from tests.events.layers import happens, in_memory_layer, layer_in_use, lead_event
from tests.events.test_shared_subscriptions import Delivery, Listener
from tests.factories.crm import CompanyFactory

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
    held = await dispatcher.open_dispatcher()
    try:
        yield held
    finally:
        await dispatcher.stop()


def actor_in(company: Any) -> Actor:
    return Actor(user_id=5, company_id=company.pk, role=Role.MANAGER, door=Door.GRAPHQL)


def listen(held: Dispatcher, company: Any, telling: Delivery | None = None, asked: str = "all") -> Listener:
    listener = Listener(actor_in(company))
    listener.join(held, SubscriptionKey(company.pk, asked), lambda: telling or Delivery(), after=None)
    return listener


async def test_what_happens_is_told_to_its_company_alone_and_in_order(company, other_company):
    async with opened() as held:
        own, foreign = listen(held, company), listen(held, other_company)

        await happens(*(lead_event(number, company_id=company.pk) for number in range(3)))
        await happens(lead_event(9, company_id=other_company.pk))

        assert await own.until("3") == ["1", "2", "3"]
        assert await foreign.until("4") == ["4"]
        assert held.position.seq == 4


async def test_without_any_hint_the_clock_finds_it(company, monkeypatch):
    monkeypatch.setattr(wakeups, "publish", lambda: None)
    async with opened() as held:
        listener = listen(held, company)

        await happens(lead_event(9, company_id=company.pk))

        assert await listener.until("1") == ["1"]


async def test_a_hint_wakes_before_the_clock(company, monkeypatch):
    monkeypatch.setattr(tail, "POLL_SECONDS_ALONE", 1_000)
    async with opened() as held:
        listener = listen(held, company)

        await happens(lead_event(9, company_id=company.pk))

        assert await listener.until("1") == ["1"]


async def test_what_was_committed_before_is_behind_the_first_place(company):
    await happens(lead_event(1, company_id=company.pk), lead_event(2, company_id=company.pk))

    async with opened() as held:
        assert held.position.seq == 2
        listener = listen(held, company)
        await happens(lead_event(3, company_id=company.pk))

        assert await listener.until("3") == ["3"]


async def test_many_events_are_read_part_by_part(company, monkeypatch):
    monkeypatch.setattr(tail, "BATCH", 3)
    async with opened() as held:
        listener = listen(held, company)

        await happens(*(lead_event(number, company_id=company.pk) for number in range(10)))

        assert await listener.until("10") == [str(seq) for seq in range(1, 11)]


async def test_equal_questions_have_one_plan_which_waits_for_those_who_come_back(company, monkeypatch):
    telling = Delivery()
    async with opened() as held:
        first = listen(held, company, telling)
        second = listen(held, company)
        await happens(lead_event(1, company_id=company.pk))
        await first.until("1")
        await second.until("1")
        assert telling.asked == [(1, None)]

        first.leave()
        second.leave()
        third = listen(held, company)
        await happens(lead_event(2, company_id=company.pk))
        await third.until("2")
        assert telling.asked == [(1, None), (2, None)]

        monkeypatch.setattr(dispatcher, "KEEP_SECONDS", 0)
        third.leave()
        while held._plans:
            await asyncio.sleep(0)
        fourth = listen(held, company)
        await happens(lead_event(3, company_id=company.pk))

        await fourth.until("3")
        assert telling.asked == [(1, None), (2, None)]


async def test_the_hub_lives_while_somebody_holds_it(company):
    first, second = await dispatcher.open_dispatcher(), await dispatcher.open_dispatcher()
    assert first is second

    first.release()
    assert dispatcher.is_open()
    second.release()

    assert not dispatcher.is_open()
    await asyncio.wait([first.task], timeout=5)
    assert first.task.cancelled()


def failing(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Have the first looks at the log fail."""
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
    async with opened() as held:
        listener = listen(held, company)
        failures = failing(monkeypatch, 3)

        await happens(lead_event(9, company_id=company.pk))

        assert await listener.until("1") == ["1"]
    assert (len(failures), len(caplog.records)) == (3, 1)


async def test_without_a_database_no_hub_is_opened(company, monkeypatch):
    def fail():
        raise OperationalError("away")

    monkeypatch.setattr(tail, "_number_to_the_end", fail)

    with pytest.raises(OperationalError):
        await dispatcher.open_dispatcher()
    assert not dispatcher.is_open()


async def test_after_a_restore_all_begin_anew(company):
    async with opened() as held:
        listener = listen(held, company)
        before = held.position

        await database_sync_to_async(retention.begin_epoch)()
        wakeups.publish()

        async with asyncio.timeout(5):
            while not listener.losses:
                await asyncio.sleep(0.01)
        assert held.position.epoch != before.epoch
        await happens(lead_event(9, company_id=company.pk))
        assert await listener.until("1") == ["1"]
