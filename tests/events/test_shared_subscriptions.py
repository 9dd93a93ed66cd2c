"""Plans: one answer for all who asked the same, in order, and kept for those who catch up."""

import asyncio
from typing import Any

import pytest

from crm.actors import Actor, Door, Role
from crm.errors import CursorExpired
from crm.events import replay, shared_subscriptions
from crm.events.audience import Event, Visibility
from crm.events.cursor import Cursor
from crm.events.replay import Follower
from crm.events.shared_subscriptions import Answer, SharedSubscription
from tests.events.layers import lead_event

EPOCH = "0" * 12


def event(seq: int, **fields: Any) -> Event:
    return lead_event(seq, cursor=Cursor(EPOCH, seq), **fields)


def reader(user_id: int = 5, *, sees_all: bool = True) -> Actor:
    return Actor(
        user_id=user_id, company_id=1, role=Role.AGENT, door=Door.GRAPHQL, company_sees_all_leads=sees_all
    )


class Delivery:
    """Answers with the number of the event, as soon as it may."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int | None]] = []
        self.readers: frozenset[int] | None = None
        self.is_personal = False
        self.opened = asyncio.Event()
        self.opened.set()
        self.fails: set[int] = set()

    def is_about(self, event: Event) -> bool:
        return event.object_id < 1_000

    def absence(self, event: Event, decided: Visibility) -> str:
        return f"{decided.name} {event.seq}"

    async def answer(self, event: Event, actor: Actor, *, shared: bool) -> Answer:
        self.asked.append((event.seq, None if shared else actor.user_id))
        await self.opened.wait()
        if event.seq in self.fails:
            raise RuntimeError("broken")
        if shared and self.is_personal:
            return Answer(None, is_personal=True)
        return Answer(str(event.seq), self.readers)


class Dispatcher:
    """Has one plan and a position."""

    def __init__(self, telling: Delivery, position: int = 0) -> None:
        self.plan = SharedSubscription(telling)
        self.position = Cursor(EPOCH, position)

    def join(self, key: Any, make: Any, member: Any) -> SharedSubscription:
        self.plan.members[member] = None
        return self.plan

    def leave(self, key: Any, member: Any) -> None:
        del self.plan.members[member]

    def tail(self, *events: Event) -> None:
        for each in events:
            self.position = each.cursor
            self.plan.offer(each)


class Listener(Follower):
    """A follower that keeps what it is told."""

    def __init__(self, actor: Actor | None = None) -> None:
        self.told: list[str] = []
        self.heard = asyncio.Queue[str]()
        self.losses = 0
        super().__init__(actor or reader(), deliver=self._keep, on_loss=self._lose)

    def _keep(self, event: Event, text: str) -> None:
        self.told.append(text)
        self.heard.put_nowait(text)

    def _lose(self) -> None:
        self.losses += 1

    async def until(self, text: str) -> list[str]:
        async with asyncio.timeout(5):
            while await self.heard.get() != text:
                pass
        return self.told


def listen(hub: Dispatcher, actor: Actor | None = None, after: Cursor | None = None) -> Listener:
    listener = Listener(actor)
    listener.join(hub, None, None, after=after)  # type: ignore[arg-type]  # a hub of one plan
    return listener


@pytest.fixture
async def telling():
    return Delivery()


@pytest.fixture
async def hub(telling):
    hub = Dispatcher(telling)
    yield hub
    hub.plan.end()


async def test_an_event_is_resolved_once_for_all_members(hub, telling):
    listeners = [listen(hub, reader(number)) for number in range(50)]

    hub.tail(event(1), event(2), event(3))

    assert [await each.until("3") for each in listeners] == [["1", "2", "3"]] * 50
    assert telling.asked == [(1, None), (2, None), (3, None)]


async def test_nobody_is_told_what_is_not_asked_for(hub, telling):
    listener = listen(hub)

    hub.tail(event(1), lead_event(2_000, cursor=Cursor(EPOCH, 2)), event(3))

    assert await listener.until("3") == ["1", "3"]


async def test_an_answer_that_had_to_know_the_reader_is_made_for_each(hub, telling):
    telling.is_personal = True
    listeners = [listen(hub, reader(number)) for number in (5, 6, 6)]

    hub.tail(event(1), event(2))

    assert [await each.until("2") for each in listeners] == [["1", "2"]] * 3
    assert telling.asked == [(1, None), (1, 5), (1, 6), (2, 5), (2, 6)]


async def test_members_with_a_view_of_their_own_share_an_answer_and_hear_of_their_own(hub, telling):
    mine, other = listen(hub, reader(5, sees_all=False)), listen(hub, reader(6, sees_all=False))
    both, only = frozenset({5, 6}), frozenset({5})
    telling.readers = both

    hub.tail(event(1, before=both, after=both), event(2, before=both, after=only), event(3, after=both))
    await mine.until("3")
    await other.until("3")

    assert mine.told == ["1", "2", "3"]
    assert other.told == ["1", "REMOVED 2", "3"]
    assert [user for _, user in telling.asked] == [None] * 3


async def test_who_lost_a_record_before_it_was_read_is_not_told_of_it(hub, telling):
    telling.readers = frozenset({6})
    lost, found = listen(hub, reader(5, sees_all=False)), listen(hub, reader(6, sees_all=False))
    both = frozenset({5, 6})

    hub.tail(event(1, before=both, after=both), event(2, before=both, after=frozenset({6})))

    assert await lost.until("REMOVED 2") == ["REMOVED 2"]
    assert await found.until("2") == ["1", "2"]


async def test_an_answer_that_cannot_be_made_costs_no_other(hub, telling, caplog):
    telling.fails = {2}
    listener = listen(hub)

    hub.tail(event(1), event(2), event(3))

    assert (await listener.until("3"), listener.losses) == (["1", "3"], 1)


async def test_who_left_is_told_no_more_and_the_others_go_on(hub, telling):
    left, stayed = listen(hub), listen(hub)
    hub.tail(event(1))
    await left.until("1")

    left.leave()
    hub.tail(event(2))

    assert await stayed.until("2") == ["1", "2"]
    assert left.told == ["1"]


async def test_a_plan_that_falls_behind_loses_its_members_instead_of_events(hub, telling, monkeypatch):
    monkeypatch.setattr(shared_subscriptions, "MOST_WAITING", 3)
    telling.opened.clear()
    listener = listen(hub)

    for seq in range(1, 6):
        hub.tail(event(seq))

    assert listener.losses == 1


async def test_what_is_kept_is_bounded_in_number_and_in_size(hub, telling, monkeypatch):
    monkeypatch.setattr(shared_subscriptions, "MOST_KEPT", 3)
    listener = listen(hub)
    hub.tail(*map(event, range(1, 10)))
    await listener.until("9")
    assert [seq for seq, *_ in hub.plan._answers] == [7, 8, 9]

    monkeypatch.setattr(shared_subscriptions, "MOST_BYTES", 4)
    hub.tail(*map(event, range(10, 13)))
    await listener.until("12")

    assert [seq for seq, *_ in hub.plan._answers] == [11, 12]
    assert hub.plan._bytes == 4


class Log:
    """What was written so far."""

    def __init__(self, *events: Event) -> None:
        self.events = list(events)
        self.reads: list[int] = []
        self.between: dict[int, Any] = {}

    async def read(self, after: Cursor, limit: int) -> list[Event]:
        self.reads.append(after.seq)
        found = [each for each in self.events if each.seq > after.seq][:limit]
        await asyncio.sleep(0)
        if meanwhile := self.between.pop(len(self.reads), None):
            await meanwhile()
        return found


async def at_once() -> None:
    return


async def test_what_was_missed_comes_first_then_what_came_meanwhile_then_what_comes(
    hub, telling, monkeypatch
):
    monkeypatch.setattr(replay, "BATCH", 2)
    log = Log(*map(event, range(1, 6)))
    listener = listen(hub, after=Cursor(EPOCH, 2))

    live = listen(hub)

    def meanwhile(*seqs):
        async def happen():
            log.events += [event(seq) for seq in seqs if seq > 5]
            hub.tail(*map(event, seqs))
            await live.until(str(seqs[-1]))

        return happen

    # As it joins, the tail hands on what the log holds already, and what is new.
    log.between = {1: meanwhile(4, 5, 6), 3: meanwhile(7, 8)}
    await listener.catch_up(Cursor(EPOCH, 2), log.read, at_once)
    hub.tail(event(9))

    assert await listener.until("9") == [str(seq) for seq in range(3, 10)]
    assert sorted(set(telling.asked)) == sorted(telling.asked)


@pytest.mark.parametrize("place", [1, 2, 3])
async def test_a_buffer_that_overflows_is_read_from_the_log(hub, telling, monkeypatch, place):
    monkeypatch.setattr(replay, "MOST_BUFFERED", 2)
    log = Log(event(1), event(2))
    live, listener = listen(hub), listen(hub, after=Cursor(EPOCH, 0))
    waited = 0

    async def happen(*seqs):
        log.events += map(event, seqs)
        hub.tail(*map(event, seqs))
        await live.until(str(seqs[-1]))

    async def ready():
        # The first two events come from the log, the third from the buffer.
        nonlocal waited
        waited += 1
        if waited == place:
            await happen(*range(4, 10))

    async def third():
        await happen(3)

    log.between = {2 if place == 3 else 1: third}
    await listener.catch_up(Cursor(EPOCH, 0), log.read, ready)
    hub.tail(event(10))

    assert await listener.until("10") == [str(seq) for seq in range(1, 11)]


async def test_who_begins_now_is_not_told_what_the_tail_had_handed_on(hub, telling):
    telling.opened.clear()
    first = listen(hub)
    hub.tail(event(1))

    second = listen(hub)
    telling.opened.set()
    hub.tail(event(2))

    assert await first.until("2") == ["1", "2"]
    assert await second.until("2") == ["2"]


async def test_a_cursor_that_expires_while_it_is_followed_is_told(hub, telling):
    async def read(after, limit):
        raise CursorExpired("oldest")

    listener = listen(hub, after=Cursor(EPOCH, 0))

    with pytest.raises(CursorExpired):
        await listener.catch_up(Cursor(EPOCH, 0), read, at_once)
