"""Writes down what happened, in the transaction in which it happens."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from crm.events.audience import Event
from crm.models import events as models

#: Changes of one company in one transaction that are told one by one; of more it is told that they were many.
MOST_SINGLE = 200


@dataclass(frozen=True)
class Written:
    """What a transaction has written so far of one company.

    It waits among what is done after the commit, so that a savepoint that is rolled back forgets it too.
    """

    company_id: int
    keys: tuple[int, ...]
    is_bulk: bool = False

    def __call__(self) -> None:
        """Do nothing: the commit keeps the rows, and who hears of them is woken elsewhere."""


def emit(events: Sequence[Event]) -> Sequence[Event]:
    """Store events of one company, after the rows that they are about were written.

    The locks on those rows make the events of one record follow one another as its commits do. Where one
    transaction changes very much, one ``bulk`` event takes the place of all that it wrote.

    :returns: what was written: these events, the one that stands for very many, or none if it stood already.
    :raises django.db.transaction.TransactionManagementError: outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("An event is written where its change is.")
    if not events:
        return ()
    company_id = events[0].company_id
    written = list(_written(company_id))
    if any(each.is_bulk for each in written):
        return ()
    keys = [key for each in written for key in each.keys]
    if len(keys) + len(events) > MOST_SINGLE:
        models.Event.objects.filter(pk__in=keys).delete()
        summary = [_summary(events[-1])]
        _insert(summary, is_bulk=True)
        return summary
    _insert(events)
    return events


def _written(company_id: int) -> Iterable[Written]:
    for waiting in connection.run_on_commit:
        after_commit: object = waiting[1]
        if isinstance(after_commit, Written) and after_commit.company_id == company_id:
            yield after_commit


def _insert(events: Sequence[Event], *, is_bulk: bool = False) -> None:
    rows = models.Event.objects.bulk_create(_row(event) for event in events)
    mark = Written(events[0].company_id, tuple(row.pk for row in rows), is_bulk)
    transaction.on_commit(mark, robust=True)


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


def _summary(event: Event) -> Event:
    """Give the event that stands for many changes made by the same actor through the same door."""
    return Event(
        company_id=event.company_id,
        entity=event.entity,
        object_id=0,
        kind="bulk",
        before=None,
        after=None,
        door=event.door,
        actor_id=event.actor_id,
    )
