"""Numbers follow commits: in no order of commits and no race a reader misses an event or reads it twice."""

import os
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from crm.events import journal, outbox, sequencer
from crm.events.cursor import Cursor
from crm.models import Event, EventCounter
from tests.events.layers import make_event
from tests.events.processes import sequencing
from tests.factories.crm import CompanyFactory
from tests.patience import PATIENCE_SECONDS

#: Transactions of the race; thousands are for a longer look.
TRANSACTIONS = int(os.environ.get("EVENT_RACE_TRANSACTIONS", "100"))
WRITERS = 6

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def company():
    return CompanyFactory()


def write(company, *numbers):
    with transaction.atomic():
        outbox.emit([make_event(number, company_id=company.pk) for number in numbers])


def numbered():
    return list(Event.objects.order_by("seq").values_list("seq", "object_id"))


def test_events_are_numbered_in_the_order_of_their_insertion(company):
    write(company, 7, 8)
    write(company, 9)

    assert sequencer.sequence() == 3
    assert numbered() == [(1, 7), (2, 8), (3, 9)]
    assert (sequencer.sequence(), EventCounter.objects.get().value) == (0, 3)


def test_numbers_go_on(company):
    write(company, 7)
    sequencer.sequence()
    write(company, 8)

    assert sequencer.sequence() == 1
    assert numbered() == [(1, 7), (2, 8)]


def test_a_long_queue_is_numbered_part_by_part(company, monkeypatch):
    monkeypatch.setattr(sequencer, "MOST_AT_ONCE", 2)
    write(company, *range(5))

    assert sequencer.sequence() == 5
    assert numbered() == [(number + 1, number) for number in range(5)]


def test_a_counter_that_was_lost_goes_on_after_the_highest_number(company):
    write(company, 7)
    sequencer.sequence()
    EventCounter.objects.all().delete()
    write(company, 8)

    sequencer.sequence()

    assert numbered() == [(1, 7), (2, 8)]


def test_inside_a_transaction_nothing_is_numbered(company):
    with transaction.atomic():
        outbox.emit([make_event(9, company_id=company.pk)])
        with pytest.raises(RuntimeError):
            sequencer.sequence()

    assert numbered() == [(None, 9)]


def test_without_new_events_the_counter_is_not_touched(company, django_assert_num_queries):
    with django_assert_num_queries(1):
        sequencer.sequence()


def test_a_process_killed_after_numbering_has_numbered_nothing(company):
    write(company, 7)
    journal.counter()
    statements = []

    def kill(execute, sql, parameters, many, context):
        statements.append(sql)
        if sequencer.NUMBER in statements[:-1]:
            raise RuntimeError("killed")
        return execute(sql, parameters, many, context)

    with pytest.raises(RuntimeError, match="killed"), connection.execute_wrapper(kill):
        sequencer.sequence()

    assert "crm_eventcounter" in statements[-1]
    assert (numbered(), EventCounter.objects.get().value) == ([(None, 7)], 0)
    assert sequencer.sequence() == 1


@pytest.mark.postgres
def test_an_event_that_commits_late_comes_after_those_that_were_read(company):
    inserted, released = threading.Event(), threading.Event()

    def late():
        with transaction.atomic():
            outbox.emit([make_event(1, company_id=company.pk)])
            inserted.set()
            released.wait(PATIENCE_SECONDS)
        connection.close()

    writer = threading.Thread(target=late)
    writer.start()
    assert inserted.wait(PATIENCE_SECONDS)
    write(company, 2)
    sequencer.sequence()
    start = journal.end()
    assert numbered()[0] == (1, 2)
    released.set()
    writer.join()
    sequencer.sequence()

    assert [(event.seq, event.object_id) for event in journal.read_after(start, limit=10)] == [(2, 1)]


class Race:
    """Writers that commit in a random order, sequencers that race, and one reader behind them."""

    def __init__(self, company: Any, seed: int) -> None:
        self.company = company
        self.random = random.Random(seed)
        self.ended = threading.Event()
        self.start = journal.end()
        self.read: list[tuple[int, int]] = []

    def write(self, numbers: list[int], opened: threading.Event, go: threading.Event, commits: bool) -> None:
        try:
            with transaction.atomic():
                for number in numbers:
                    outbox.emit([make_event(number, company_id=self.company.pk)])
                opened.set()
                go.wait(PATIENCE_SECONDS)
                transaction.set_rollback(not commits)
        finally:
            connection.close()

    def number(self) -> None:
        while not self.ended.is_set():
            sequencer.sequence()

    def follow(self) -> None:
        cursor = self.start
        while True:
            last = self.ended.is_set()
            events = journal.read_after(cursor, limit=self.read_limit())
            self.read += [(event.seq, event.object_id) for event in events]
            if events:
                cursor = Cursor(cursor.epoch, events[-1].seq)
            elif last:
                return

    def read_limit(self) -> int:
        return 1 + len(self.read) % 7

    def run(self, transactions: int) -> list[int]:
        """Run the transactions and return the numbers of the events that were committed."""
        kept: list[int] = []
        waiting: list[tuple[threading.Event, Any]] = []
        # SQLite has one writer at a time: there the race is one of processes alone.
        most_open = WRITERS if connection.vendor == "postgresql" else 1
        with ThreadPoolExecutor(WRITERS) as pool:
            for index in range(transactions):
                numbers = [index * 10 + each for each in range(self.random.randint(1, 3))]
                commits = self.random.random() > 0.1
                kept += numbers if commits else []
                opened, go = threading.Event(), threading.Event()
                waiting.append((go, pool.submit(self.write, numbers, opened, go, commits)))
                assert opened.wait(PATIENCE_SECONDS)
                while len(waiting) >= most_open or (waiting and self.random.random() < 0.3):
                    self.end_one(waiting)
            while waiting:
                self.end_one(waiting)
        return kept

    def end_one(self, waiting: list[tuple[threading.Event, Any]]) -> None:
        go, written = waiting.pop(self.random.randrange(len(waiting)))
        go.set()
        written.result(PATIENCE_SECONDS)


def in_thread(function: Callable[[], None]) -> threading.Thread:
    def run() -> None:
        try:
            function()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.usefixtures("pooled")
@pytest.mark.parametrize("seed", [1])
def test_racing_writers_and_sequencers_lose_and_repeat_nothing(company, seed):
    race = Race(company, seed)
    with sequencing() as other_process:
        threads = [in_thread(function) for function in (race.number, race.number, race.follow)]
        committed = race.run(TRANSACTIONS)
        assert other_process.communicate(timeout=PATIENCE_SECONDS)[0].strip().isdigit()
        sequencer.sequence()
        race.ended.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)

    assert [seq for seq, _ in race.read] == list(range(1, len(committed) + 1))
    assert sorted(number for _, number in race.read) == sorted(committed)
    assert EventCounter.objects.get().value == len(committed)
    # Events of one transaction keep the order in which it wrote them.
    seqs = {number: seq for seq, number in race.read}
    assert all(seqs[number] < seqs[number + 1] for number in seqs if number + 1 in seqs)
