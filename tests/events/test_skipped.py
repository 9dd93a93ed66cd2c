"""The debug log of events that are not delivered: one line with event, user and reason."""

import logging
from collections.abc import Iterator

import pytest

from crm.events import skipped
from crm.events.cursor import Cursor
from tests.events.layers import make_event
from tests.events.test_shared_subscriptions import EPOCH, Dispatcher, Renderer, event, listen, reader


@pytest.fixture
async def renderer():
    return Renderer()


@pytest.fixture
async def dispatcher(renderer):
    dispatcher = Dispatcher(renderer)
    yield dispatcher
    dispatcher.shared.end()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[list[str]]:
    """The lines of the log so far; read them at the end of a test."""
    found: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage())

    handler = Collecting()
    skipped.logger.addHandler(handler)
    caplog.set_level(logging.DEBUG, skipped.logger.name)
    yield found
    skipped.logger.removeHandler(handler)


async def test_each_reason(dispatcher, renderer, lines):
    both, other = frozenset({5, 6}), frozenset({6})
    renderer.readers = other
    renderer.filtered = {4}
    own, all_leads = listen(dispatcher, reader(5, sees_all=False)), listen(dispatcher, reader(6))

    dispatcher.tail(
        event(1, before=other, after=other),
        make_event(2_000, cursor=Cursor(EPOCH, 2)),
        event(3, before=both, after=both),
        event(4, after=both),
        event(5, before=both, after=other),
    )
    await own.until("REMOVED 5")
    await all_leads.until("5")

    assert (own.received, all_leads.received) == (["REMOVED 5"], ["1", "3", "5"])
    assert lines == [
        # Logged as it is offered, before the first one is answered.
        "Event 2 is not delivered to user 5: the subscription is about another record.",
        "Event 2 is not delivered to user 6: the subscription is about another record.",
        "Event 1 is not delivered to user 5: the user is outside the audience before and after the change.",
        "Event 3 is not delivered to user 5: the user could no longer see the record when it was read.",
        "Event 4 is not delivered to user 5: the user could no longer see the record when it was read.",
        "Event 4 is not delivered to user 6: the record is gone or does not meet the subscription's filter.",
    ]


async def test_a_user_with_several_connections_has_one_line(dispatcher, lines):
    nobody = frozenset[int]()
    connections = [listen(dispatcher, reader(5, sees_all=False)) for _ in range(3)]

    dispatcher.tail(event(1, before=nobody, after=nobody), event(2, after=frozenset({5})))
    for each in connections:
        await each.until("2")

    assert len(lines) == 1


async def test_a_replay_logs_too(dispatcher, lines):
    listener = listen(dispatcher, reader(5, sees_all=False), after=Cursor(EPOCH, 0))
    nobody = frozenset[int]()
    log = [event(1, before=nobody, after=nobody), make_event(2_000, cursor=Cursor(EPOCH, 2))]

    async def read(after, limit):
        return [each for each in log if each.seq > after.seq]

    async def has_room():
        return

    await listener.catch_up(Cursor(EPOCH, 0), read, has_room)

    assert [line.partition(":")[0] for line in lines] == [
        "Event 1 is not delivered to user 5",
        "Event 2 is not delivered to user 5",
    ]


async def test_nothing_is_logged_unless_asked_for(dispatcher, lines, caplog):
    caplog.set_level(logging.INFO, skipped.logger.name)
    listener = listen(dispatcher, reader(5, sees_all=False))

    dispatcher.tail(event(1, before=frozenset({6}), after=frozenset({6})), event(2, after=frozenset({5})))
    await listener.until("2")

    assert lines == []
