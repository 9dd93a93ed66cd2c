"""Writes events to the log, in the transaction of the changes that they describe."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

from django.db import connection, transaction
from django.db.models import Model

from crm.actors import Door
from crm.database.inserts import insert_all
from crm.database.new_rows import new_row
from crm.events import wakeups
from crm.events.audience import INTERNAL, Event
from crm.models import events as models
from crm.models.base import TenantModel

#: Changes of one kind of record of one company in one transaction that are stored one by one; more become one
#: bulk event.
MOST_SINGLE = 200


@dataclass(frozen=True, eq=False)
class WrittenEvents:
    """The events of one kind of record that a transaction has stored so far.

    It is an on-commit callback, so that savepoints undo it too. Called, it wakes the readers of the log.
    """

    company_id: int
    entity: str
    rows: tuple[models.Event, ...]
    is_bulk: bool = False

    def __call__(self) -> None:
        wakeups.publish()


_held_back: ContextVar[set[str] | None] = ContextVar("held_back", default=None)


@contextmanager
def holding_back() -> Iterator[set[str]]:
    """Write no events of records while the block runs; yield the kinds of records that would have had some.

    Whoever holds them back writes ``emit_import`` for these kinds, and keeps them until then.
    """
    kinds: set[str] = set()
    token = _held_back.set(kinds)
    try:
        yield kinds
    finally:
        _held_back.reset(token)


def hold_back(entity: str) -> bool:
    """Return whether events of a kind of records are not to be written now; note that there would be some."""
    kinds = _held_back.get()
    if kinds is None or entity in INTERNAL:
        return False
    kinds.add(entity)
    return True


def emit_import(kinds: Iterable[str], row: TenantModel, *, import_id: str, actor_id: int | None) -> None:
    """Store one bulk event of each kind of records that an import has changed; it names the import."""
    for entity in sorted(kinds):
        event = Event(
            company_id=row.company_id,
            entity=entity,
            object_id=0,
            kind="bulk",
            before=None,
            after=None,
            changes={"import_id": import_id},
            door=Door.IMPORT,
            actor_id=actor_id,
        )
        emit([event])


def emit(events: Sequence[Event]) -> Sequence[Event]:
    """Store events of one company and kind of record, and return what was stored.

    They are stored after the rows that they describe: the locks on those rows put the events of one record in
    the order of the commits. If one transaction changes more than ``MOST_SINGLE`` records of a kind, one
    ``bulk`` event replaces all of its events.
    """
    stored, rows = _plan(events)
    insert_all(rows)
    return stored


def emit_internal(
    entity: str,
    row: TenantModel,
    *,
    door: Door,
    actor_id: int | None = None,
    readers: frozenset[int] = frozenset(),
) -> None:
    """Store an event that only the makers of notifications read: no subscription or webhook is sent it."""
    event = Event(
        company_id=row.company_id,
        entity=entity,
        object_id=row.pk,
        kind="created",
        before=frozenset(),
        after=readers,
        door=door,
        actor_id=actor_id,
    )
    emit([event])


def row_of(event: Event, record: Model) -> list[models.Event]:
    """Return the unsaved row of an event, for ``insert_together`` with other rows of the change.

    It is empty, or that of the bulk event, if there are very many. The caller inserts it in any case.

    :param record: may be among the new rows, then the event gets its key.
    """
    stored, rows = _plan([event])
    for row in rows:
        if stored[0] is event:
            row._state.fields_cache["record"] = record
    return rows


def _plan(events: Sequence[Event]) -> tuple[Sequence[Event], list[models.Event]]:
    """Return the events to store and their rows, and note them in the transaction."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError(
            "Emit events inside the transaction of the change that they describe."
        )
    if not events:
        return (), []
    company_id, entity = events[0].company_id, events[0].entity
    if hold_back(entity):
        return (), []
    written = _written_so_far(company_id, entity)
    if written.is_bulk:
        return (), []
    is_bulk = len(written.rows) + len(events) > MOST_SINGLE
    if is_bulk:
        models.Event.objects.filter(pk__in=[row.pk for row in written.rows]).delete()
        events = [_bulk_event(events[-1])]
    rows = [_row(event) for event in events]
    noted = WrittenEvents(company_id, entity, (*written.rows, *rows), is_bulk)
    transaction.on_commit(noted, robust=True)
    return events, rows


def _written_so_far(company_id: int, entity: str) -> WrittenEvents:
    # The last one holds all before it.
    for callback in reversed(connection.run_on_commit):
        noted: object = callback[1]
        if isinstance(noted, WrittenEvents) and (noted.company_id, noted.entity) == (company_id, entity):
            return noted
    return WrittenEvents(company_id, entity, ())


def _row(event: Event) -> models.Event:
    return new_row(
        models.Event,
        company_id=event.company_id,
        entity=event.entity,
        object_id=event.object_id,
        kind=event.kind,
        audience=event.audience(),
        changes=dict(event.changes),
        changed=list(event.changed),
        winner_id=event.winner_id,
        actor_id=event.actor_id,
        door=event.door.value,
    )


def _bulk_event(event: Event) -> Event:
    """Return the event that stands for many changes by the same actor through the same door."""
    return replace(
        event, object_id=0, kind="bulk", before=None, after=None, changes={}, changed=(), winner_id=None
    )
