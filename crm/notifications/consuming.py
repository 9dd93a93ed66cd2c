"""Makes notifications of the event log, from a position of their own, and of moments as they come."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Subquery

from crm.errors import CursorExpired
from crm.events import journal
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.sequencer import sequence
from crm.models import NotificationSource
from crm.models.events import EventCounter
from crm.notifications.locks import database_time, lock
from crm.notifications.mails import DIGESTS
from crm.notifications.making import make
from crm.notifications.sources import Notice, TimedSource, Window, event_readers, timed_sources

logger = logging.getLogger(__name__)

#: The name of the source that is the event log.
LOG = "events"
#: Events, and rows of a timed source, that are looked at in one transaction: one event may have many
#: notifications, and more than 200 of them would be told of by one bulk event.
BATCH = 100
#: Moments of the last day are looked at again and again: a task may be stored, or given to somebody, later
#: than it was due.
LOOK_BACK = timedelta(days=1)


def prepare() -> None:
    """Store the sources that are not there yet; they begin now."""
    names = {LOG, DIGESTS, *(source.name for source in timed_sources())}
    missing = names - set(NotificationSource.objects.values_list("name", flat=True))
    if missing:
        end = journal.end().seq
        # Another process may store them at the same time.
        NotificationSource.objects.bulk_create(
            (NotificationSource(name=name, position=end, until=database_time()) for name in sorted(missing)),
            ignore_conflicts=True,
        )


def read_log() -> int:
    """Make the notifications of all events that were not looked at yet; return how many."""
    sequence()
    value = Subquery(EventCounter.objects.values("value")[:1])
    # Most looks find nothing; this query takes no lock.
    behind = NotificationSource.objects.filter(name=LOG).exclude(position=value)
    made = 0
    while behind.exists():
        try:
            of_batch = _read_batch(BATCH)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # One event that cannot be read must not keep the others, of all companies.
            logger.exception("Notifications of some events could not be made; each is tried alone.")
            of_batch = _read_one()
        if of_batch is None:
            break
        made += of_batch
    return made


@transaction.atomic
def _read_batch(limit: int) -> int | None:
    """Make the notifications of the next events and move the position, in one transaction.

    So a process that dies has done all of it or nothing. Return None if another process is at it.
    """
    source = lock(LOG)
    if source is None:
        return None
    end = journal.end()
    try:
        events = journal.read_after(Cursor(end.epoch, source.position), limit=limit, entities=event_readers())
    except CursorExpired:
        return _skip_pruned(source)
    made = make(_notices_of(events))
    last = events[-1].seq if events else source.position
    # What has no event for anybody is passed too; a full batch may have left some behind it.
    _move(source, last if len(events) == limit else max(last, end.seq))
    return made


def _read_one() -> int | None:
    """Make the notifications of the next event, or leave it out if that fails."""
    try:
        return _read_batch(1)
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        # It would keep all others for ever; the log says which event it is.
        with transaction.atomic():
            source = lock(LOG)
            if source is None:
                return None
            cursor = Cursor(journal.end().epoch, source.position)
            [event] = journal.read_after(cursor, limit=1, entities=event_readers())
            logger.exception("Event %s is left out: no notifications could be made of it.", event.seq)
            _move(source, event.seq)
        return 0


def _move(source: NotificationSource, position: int) -> None:
    NotificationSource.objects.filter(pk=source.pk).update(position=position)


def _notices_of(events: Sequence[Event]) -> list[Notice]:
    readers = event_readers()
    notices: list[Notice] = []
    for entity in dict.fromkeys(event.entity for event in events):
        notices += readers[entity]([event for event in events if event.entity == entity])
    return notices


def _skip_pruned(source: NotificationSource) -> int:
    counter = journal.counter()
    if counter.floor <= source.position <= counter.value:
        # Another process pruned between the two reads: the position is in the log, so read again.
        return 0
    logger.warning("Events were pruned before notifications were made of them; those are lost.")
    _move(source, counter.floor if source.position < counter.floor else counter.value)
    return 0


def look_at(source: TimedSource) -> int:
    """Make the notifications of all moments of a source that have come; return how many."""
    until = database_time()
    made, last_key = 0, 0
    while True:
        with transaction.atomic():
            row = lock(source.name)
            if row is None:
                return made
            after = min(row.until or until, until - LOOK_BACK)
            found = source.find(Window(after=after, until=until, last_key=last_key, limit=BATCH))
            made += make(found.notices)
            if found.last_key is None:
                # Only now: a process that dies before leaves the whole time to the next.
                NotificationSource.objects.filter(pk=row.pk).update(until=until)
                return made
            last_key = found.last_key
