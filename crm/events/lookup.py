"""Finds one event by a cursor or a number, for operators; explains why it is not there."""

import re
from datetime import datetime

from django.conf import settings

from crm.errors import BadUserInput
from crm.events import journal
from crm.events.audience import Event
from crm.events.cursor import Cursor, parse_cursor
from crm.events.sequencer import sequence_if_alone
from crm.models import events as models

NUMBER = re.compile(r"[0-9]{1,19}")


class EventNotFound(Exception):
    """Raised if there is no such event; the text explains why and what to do."""


def find_event(text: str) -> tuple[Event, datetime]:
    """Return the event of a cursor or number, and the time at which it was stored."""
    # Without listeners nobody else numbers, and the newest events would seem not to exist.
    sequence_if_alone()
    counter = journal.counter()
    cursor = _parse(text, counter.epoch)
    if cursor.epoch != counter.epoch:
        raise EventNotFound(
            "This cursor is of another sequence of numbers: the database was restored from a backup since, "
            "or the cursor is of another installation. Have the client subscribe again without a cursor."
        )
    if cursor.seq == 0:
        raise EventNotFound("This position is before the first event: pass the cursor of a message.")
    if cursor.seq > counter.value:
        raise EventNotFound(f"There is no event {cursor.seq}: the last one is {counter.value}.")
    if cursor.seq <= counter.floor:
        raise EventNotFound(
            f"Event {cursor.seq} was pruned: events are kept for {settings.EVENT_RETENTION_DAYS} days "
            f"(EVENT_RETENTION_DAYS), and the log begins after event {counter.floor}. Have the client read "
            "again what it stores, and subscribe without a cursor."
        )
    row = models.Event.objects.filter(seq=cursor.seq).first()
    if row is None:
        raise EventNotFound(f"Event {cursor.seq} is gone: its company was deleted.")
    return journal.to_event(row, counter.epoch), row.created_at


def _parse(text: str, epoch: str) -> Cursor:
    if NUMBER.fullmatch(text):
        return Cursor(epoch, int(text))
    try:
        return parse_cursor(text)
    except BadUserInput as error:
        raise EventNotFound(
            f"{text!r} is neither a cursor nor a number: copy extensions.cursor of a message, or pass the "
            "number of an event."
        ) from error
