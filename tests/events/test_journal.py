"""Cursors, reading after them, and retention."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from crm.errors import BadUserInput, CursorExpired
from crm.events import journal, outbox, retention
from crm.events.cursor import Cursor, parse_cursor
from crm.events.sequencer import sequence
from crm.models import Event, EventCounter
from tests.events.layers import make_event
from tests.factories.crm import CompanyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    return CompanyFactory()


def write(company, *numbers, days_ago=0, **fields):
    with transaction.atomic():
        outbox.emit([make_event(number, company_id=company.pk, **fields) for number in numbers])
    sequence()
    aged = timezone.now() - timedelta(days=days_ago, seconds=1)
    Event.objects.filter(object_id__in=numbers).update(created_at=aged)


def start():
    return Cursor(journal.counter().epoch, 0)


def test_a_cursor_is_read_back():
    cursor = Cursor("0123456789ab", 2**63 - 1)

    assert parse_cursor(str(cursor)) == cursor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "MDEyMzQ1Njc4OWFiLjE=",
        "MDEyMzQ1Njc4OWFiLjE\n",
        "MDEyMzQ1Njc4OWFiLi0x",
        "é",
        12,
        None,
        "x" * 10_000,
    ],
)
def test_an_invalid_cursor_is_refused(text):
    assert str(Cursor("0123456789ab", 1)) == "MDEyMzQ1Njc4OWFiLjE"

    with pytest.raises(BadUserInput):
        parse_cursor(text)


def test_events_are_read_as_they_were_written(company):
    event = make_event(
        9,
        company_id=company.pk,
        before=frozenset({7, 5}),
        after=frozenset(),
        actor_id=4,
        changes={"stage_id": 3},
        kind="deleted",
        cursor=Cursor(journal.counter().epoch, 1),
    )
    outbox.emit([event])
    sequence()

    assert journal.read_after(start(), limit=10) == [event]


def test_events_are_read_on_after_the_cursor_and_for_one_company(company):
    other = CompanyFactory()
    write(company, 1, 2)
    write(other, 3)
    write(company, 4)

    first = journal.read_after(start(), limit=2)
    rest = journal.read_after(Cursor(start().epoch, first[-1].seq), limit=10)
    own = journal.read_after(start(), limit=10, company_id=company.pk)

    assert [event.object_id for event in first + rest] == [1, 2, 3, 4]
    assert [event.object_id for event in own] == [1, 2, 4]
    assert journal.end() == Cursor(start().epoch, 4)


def test_pruning_takes_the_old_and_keeps_the_order(company):
    write(company, 1, 2, days_ago=9)
    write(company, 3, days_ago=1)
    # Of an older moment than one before it, it waits until that one goes.
    write(company, 4, days_ago=9)

    assert retention.prune() == 2
    assert list(Event.objects.order_by("seq").values_list("object_id", flat=True)) == [3, 4]
    assert EventCounter.objects.get().floor == 2
    assert retention.prune() == 0


def test_pruning_goes_on_batch_by_batch(company, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    write(company, *range(5), days_ago=9)

    assert retention.prune() == 5


def test_unnumbered_events_are_numbered_and_pruned(company):
    outbox.emit([make_event(1, company_id=company.pk)])
    Event.objects.update(created_at=timezone.now() - timedelta(days=9))

    assert retention.prune() == 1
    assert EventCounter.objects.get().floor == 1


def test_a_cursor_below_what_is_kept_has_expired(company):
    write(company, 1, 2, days_ago=9)
    write(company, 3)
    retention.prune()
    epoch = start().epoch

    for gone in (0, 1):
        with pytest.raises(CursorExpired) as expired:
            journal.read_after(Cursor(epoch, gone), limit=10)
        assert expired.value.details == {"oldest": str(Cursor(epoch, 2))}
    [event] = journal.read_after(Cursor(epoch, 2), limit=10)

    assert event.object_id == 3


def test_a_cursor_of_a_time_to_come_or_of_another_epoch_has_expired(company):
    write(company, 1)
    epoch = start().epoch

    for foreign in (Cursor(epoch, 2), Cursor("0" * 12, 1)):
        with pytest.raises(CursorExpired):
            journal.check(foreign)
    journal.check(Cursor(epoch, 1))


def test_events_pruned_while_they_are_read_are_missed_by_nobody(company, monkeypatch):
    write(company, 1, days_ago=9)
    write(company, 2)
    read = journal.counter

    def prune_first():
        monkeypatch.setattr(journal, "counter", read)
        retention.prune()
        return read()

    monkeypatch.setattr(journal, "counter", prune_first)

    with pytest.raises(CursorExpired):
        journal.read_after(Cursor(read().epoch, 0), limit=10)


def test_the_command_prunes_by_the_setting_or_by_an_age(company, settings, capsys):
    settings.EVENT_RETENTION_DAYS = 3
    write(company, 1, days_ago=4)
    write(company, 2, days_ago=2)

    call_command("prune_events")
    call_command("prune_events", "--older-than", "1")

    assert capsys.readouterr().out == ("Removed: 1 events, 0 webhook deliveries.\n" * 2)
    with pytest.raises(CommandError):
        call_command("prune_events", "--older-than", "-1")


def test_after_a_restore_every_cursor_has_expired(company, capsys):
    write(company, 1)
    before = journal.end()

    call_command("prune_events", "--restored")

    with pytest.raises(CursorExpired):
        journal.check(before)
    assert Event.objects.count() == 1
