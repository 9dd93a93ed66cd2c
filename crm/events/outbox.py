"""Writes events to the log, in the transaction of the changes that they describe."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from django.db import connection, transaction

from crm.events.audience import Event
from crm.models import events as models

#: Changes of one company in one transaction that are stored one by one; more become one bulk event.
MOST_SINGLE = 200


@dataclass(frozen=True)
class WrittenEvents:
    """The events that a transaction has stored; an on-commit callback, so that savepoints undo it too."""

    company_id: int
    keys: tuple[int, ...]
    is_bulk: bool = False

    def __call__(self) -> None:
        """Do nothing: it is a callback only to share the life of the savepoint."""


def emit(events: Sequence[Event]) -> Sequence[Event]:
    """Store events of one company after the rows that they describe, and return what was stored.

    The locks on those rows put the events of one record in the order of the commits. If one transaction
    changes more than ``MOST_SINGLE`` records, one ``bulk`` event replaces all of its events.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "Emit events inside the transaction of the change that they describe."
        )
    if not events:
        return ()
    company_id = events[0].company_id
    written = list(_written_so_far(company_id))
    if any(each.is_bulk for each in written):
        return ()
    keys = [key for each in written for key in each.keys]
    if len(keys) + len(events) > MOST_SINGLE:
        models.Event.objects.filter(pk__in=keys).delete()
        bulk = [_bulk_event(events[-1])]
        _insert(bulk, is_bulk=True)
        return bulk
    _insert(events)
    return events


def _written_so_far(company_id: int) -> Iterable[WrittenEvents]:
    for callback in connection.run_on_commit:
        function: object = callback[1]
        if isinstance(function, WrittenEvents) and function.company_id == company_id:
            yield function


def _insert(events: Sequence[Event], *, is_bulk: bool = False) -> None:
    rows = models.Event.objects.bulk_create(_row(event) for event in events)
    written = WrittenEvents(events[0].company_id, tuple(row.pk for row in rows), is_bulk)
    transaction.on_commit(written, robust=True)


def _row(event: Event) -> models.Event:
    return models.Event(
        company_id=event.company_id,
        entity=event.entity,
        object_id=event.object_id,
        kind=event.kind,
        audience=event.audience(),
        changes=dict(event.changes),
        actor_id=event.actor_id,
        door=event.door.value,
    )


def _bulk_event(event: Event) -> Event:
    """Return the event that stands for many changes by the same actor through the same door."""
    return replace(event, object_id=0, kind="bulk", before=None, after=None, changes={})
