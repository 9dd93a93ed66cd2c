"""Shared subscriptions: one answer for equal subscriptions, in order, and kept for those that catch up."""

import asyncio
from typing import Any

import pytest

from crm.actors import Actor, Door, Role
from crm.errors import CursorExpired
from crm.events import replay, shared_subscriptions
from crm.events.audience import Event, Visibility
from crm.events.cursor import Cursor
from crm.events.filter_memory import Matching
from crm.events.rendering import Answer
from crm.events.replay import ResumingSubscriber
from crm.events.shared_subscriptions import SharedSubscription
from tests.events.layers import make_event
from tests.patience import PATIENCE_SECONDS

EPOCH = "0" * 12


def event(seq: int, **fields: Any) -> Event:
    return make_event(seq, cursor=Cursor(EPOCH, seq), **fields)


def reader(user_id: int = 5, *, sees_all: bool = True) -> Actor:
    return Actor(
        user_id=user_id, company_id=1, role=Role.AGENT, door=Door.GRAPHQL, company_sees_all_leads=sees_all
    )


class Renderer:
    """Answers with the number of the event, as soon as it may."""

    def __init__(self) -> None:
        self.answered: list[tuple[int, int | None]] = []
        self.readers: frozenset[int] | None = None
        self.is_personal = False
        self.opened = asyncio.Event()
        self.opened.set()
        self.fails: set[int] = set()
        self.filtered: set[int] = set()
        self.has_filter = False
        #: The records that meet the filter, and how often they were read.
        self.inside: set[int] = set()
        self.matchings = 0
        self.end = 0

    async def matching(self, actor: Actor, most: int) -> Matching:
        self.matchings += 1
        keys = frozenset(self.inside) if len(self.inside) <= most else None
        return Matching(keys=keys, seq=self.end)

    def is_about(self, event: Event) -> bool:
        return event.object_id < 1_000

    def notice(self, event: Event, visibility: Visibility) -> str:
        return f"{visibility.name} {event.seq}"

    async def answer(self, event: Event, actor: Actor, *, shared: bool) -> Answer:
        self.answered.append((event.seq, None if shared else actor.user_id))
        await self.opened.wait()
        if event.seq in self.fails:
            raise RuntimeError("broken")
        if shared and self.is_personal:
            return Answer(None, is_personal=True)
        meets = event.seq not in self.filtered and (not self.has_filter or event.object_id in self.inside)
        return Answer(str(event.seq) if meets else None, self.readers)


class Dispatcher:
    """Stands for a dispatcher with one shared subscription."""

    def __init__(self, renderer: Renderer, position: int = 0) -> None:
        self.shared = SharedSubscription(renderer)
        self.position = Cursor(EPOCH, position)

    def join(self, key: Any, make: Any, subscriber: Any) -> SharedSubscription:
        self.shared.add(subscriber)
        return self.shared

    def leave(self, key: Any, subscriber: Any) -> None:
        del self.shared.subscribers[subscriber]

    def tail(self, *events: Event) -> None:
        for each in events:
            self.position = each.cursor
            self.shared.offer(each)


class Listener(ResumingSubscriber):
    """A subscriber that keeps what it receives."""

    def __init__(self, actor: Actor | None = None) -> None:
        self.received: list[str] = []
        self._queue = asyncio.Queue[str]()
        self.losses = 0
        super().__init__(actor or reader(), deliver=self._keep, on_loss=self._count_loss)

    def _keep(self, event: Event, text: str) -> None:
        self.received.append(text)
        self._queue.put_nowait(text)

    def _count_loss(self) -> None:
        self.losses += 1

    async def until(self, text: str) -> list[str]:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._queue.get() != text:
                pass
        return self.received


def listen(dispatcher: Dispatcher, actor: Actor | None = None, after: Cursor | None = None) -> Listener:
    listener = Listener(actor)
    listener.join(dispatcher, None, None, after=after)  # type: ignore[arg-type]  # a dispatcher of one subscription
    return listener


@pytest.fixture
async def renderer():
    return Renderer()


@pytest.fixture
async def dispatcher(renderer):
    dispatcher = Dispatcher(renderer)
    yield dispatcher
    dispatcher.shared.end()


async def test_an_event_is_resolved_once_for_all_subscribers(dispatcher, renderer):
    listeners = [listen(dispatcher, reader(number)) for number in range(50)]

    dispatcher.tail(event(1), event(2), event(3))

    assert [await each.until("3") for each in listeners] == [["1", "2", "3"]] * 50
    assert renderer.answered == [(1, None), (2, None), (3, None)]


async def test_events_about_other_records_are_not_delivered(dispatcher, renderer):
    listener = listen(dispatcher)

    dispatcher.tail(event(1), make_event(2_000, cursor=Cursor(EPOCH, 2)), event(3))

    assert await listener.until("3") == ["1", "3"]


async def test_a_personal_answer_is_made_for_each_user(dispatcher, renderer):
    renderer.is_personal = True
    listeners = [listen(dispatcher, reader(number)) for number in (5, 6, 6)]

    dispatcher.tail(event(1), event(2))

    assert [await each.until("2") for each in listeners] == [["1", "2"]] * 3
    assert renderer.answered == [(1, None), (1, 5), (1, 6), (2, 5), (2, 6)]


async def test_members_who_see_own_records_share_answers_and_receive_only_their_own(dispatcher, renderer):
    mine, other = listen(dispatcher, reader(5, sees_all=False)), listen(dispatcher, reader(6, sees_all=False))
    both, only = frozenset({5, 6}), frozenset({5})
    renderer.readers = both

    dispatcher.tail(
        event(1, before=both, after=both), event(2, before=both, after=only), event(3, after=both)
    )
    await mine.until("3")
    await other.until("3")

    assert mine.received == ["1", "2", "3"]
    assert other.received == ["1", "REMOVED 2", "3"]
    assert [user for _, user in renderer.answered] == [None] * 3


async def test_a_user_who_lost_the_record_before_it_was_read_does_not_receive_it(dispatcher, renderer):
    renderer.readers = frozenset({6})
    lost, found = listen(dispatcher, reader(5, sees_all=False)), listen(dispatcher, reader(6, sees_all=False))
    both = frozenset({5, 6})

    dispatcher.tail(event(1, before=both, after=both), event(2, before=both, after=frozenset({6})))

    assert await lost.until("REMOVED 2") == ["REMOVED 2"]
    assert await found.until("2") == ["1", "2"]


async def test_an_answer_that_fails_does_not_affect_the_others(dispatcher, renderer, caplog):
    renderer.fails = {2}
    listener = listen(dispatcher)

    dispatcher.tail(event(1), event(2), event(3))

    assert (await listener.until("3"), listener.losses) == (["1", "3"], 1)


async def test_a_subscriber_that_left_receives_nothing_more_and_others_go_on(dispatcher, renderer):
    left, stayed = listen(dispatcher), listen(dispatcher)
    dispatcher.tail(event(1))
    await left.until("1")

    left.leave()
    dispatcher.tail(event(2))

    assert await stayed.until("2") == ["1", "2"]
    assert left.received == ["1"]


async def test_too_many_waiting_events_make_subscribers_start_again(dispatcher, renderer, monkeypatch):
    monkeypatch.setattr(shared_subscriptions, "MOST_WAITING", 3)
    renderer.opened.clear()
    listener = listen(dispatcher)

    for seq in range(1, 6):
        dispatcher.tail(event(seq))

    assert listener.losses == 1


async def test_kept_answers_are_bounded_in_number_and_size(dispatcher, renderer, monkeypatch):
    monkeypatch.setattr(shared_subscriptions, "MOST_KEPT", 3)
    listener = listen(dispatcher)
    dispatcher.tail(*map(event, range(1, 10)))
    await listener.until("9")
    assert [seq for seq, *_ in dispatcher.shared._answers] == [7, 8, 9]

    monkeypatch.setattr(shared_subscriptions, "MOST_BYTES", 4)
    dispatcher.tail(*map(event, range(10, 13)))
    await listener.until("12")

    assert [seq for seq, *_ in dispatcher.shared._answers] == [11, 12]
    assert dispatcher.shared._bytes == 4


class Log:
    """An event log in memory."""

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


async def test_missed_events_come_first_then_buffered_then_live_ones(dispatcher, renderer, monkeypatch):
    monkeypatch.setattr(replay, "BATCH", 2)
    log = Log(*map(event, range(1, 6)))
    listener = listen(dispatcher, after=Cursor(EPOCH, 2))

    live = listen(dispatcher)

    def meanwhile(*seqs):
        async def happen():
            log.events += [event(seq) for seq in seqs if seq > 5]
            dispatcher.tail(*map(event, seqs))
            await live.until(str(seqs[-1]))

        return happen

    # As it joins, the tail hands on what the log holds already, and what is new.
    log.between = {1: meanwhile(4, 5, 6), 3: meanwhile(7, 8)}
    await listener.catch_up(Cursor(EPOCH, 2), log.read, at_once)
    dispatcher.tail(event(9))

    assert await listener.until("9") == [str(seq) for seq in range(3, 10)]
    assert sorted(set(renderer.answered)) == sorted(renderer.answered)


@pytest.mark.parametrize("step", [1, 2, 3])
async def test_a_buffer_that_overflows_is_read_from_the_log(dispatcher, renderer, monkeypatch, step):
    monkeypatch.setattr(replay, "MOST_BUFFERED", 2)
    log = Log(event(1), event(2))
    live, listener = listen(dispatcher), listen(dispatcher, after=Cursor(EPOCH, 0))
    waited = 0

    async def happen(*seqs):
        log.events += map(event, seqs)
        dispatcher.tail(*map(event, seqs))
        await live.until(str(seqs[-1]))

    async def has_room():
        # The first two events come from the log, the third from the buffer.
        nonlocal waited
        waited += 1
        if waited == step:
            await happen(*range(4, 10))

    async def third():
        await happen(3)

    log.between = {2 if step == 3 else 1: third}
    await listener.catch_up(Cursor(EPOCH, 0), log.read, has_room)
    dispatcher.tail(event(10))

    assert await listener.until("10") == [str(seq) for seq in range(1, 11)]


async def test_a_subscriber_that_starts_now_does_not_receive_earlier_events(dispatcher, renderer):
    renderer.opened.clear()
    first = listen(dispatcher)
    dispatcher.tail(event(1))

    second = listen(dispatcher)
    renderer.opened.set()
    dispatcher.tail(event(2))

    assert await first.until("2") == ["1", "2"]
    assert await second.until("2") == ["2"]


async def test_a_cursor_that_expires_during_the_replay_raises(dispatcher, renderer):
    async def read(after, limit):
        raise CursorExpired("oldest")

    listener = listen(dispatcher, after=Cursor(EPOCH, 0))

    with pytest.raises(CursorExpired):
        await listener.catch_up(Cursor(EPOCH, 0), read, at_once)
