"""Count new versions of records that were changed together, or by rows outside their columns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from django.utils import timezone

from crm.actors import Actor
from crm.database.read_once import once
from crm.database.write_behind import change_columns
from crm.models.history import HistoryKind
from crm.models.records import Record
from crm.services import history, record_events
from crm.services.history import Changes
from crm.signals import records_changed

Kept = TypeVar("Kept", bound=Record)

#: Records that are read and written at once.
BATCH = 500


def lock_records(model: type[Kept], keys: Sequence[int]) -> list[Kept]:
    """Return the records with these keys, deleted ones included, locked in the order of their keys.

    In one order, so that two transactions do not wait for each other. FOR NO KEY UPDATE does not block rows
    that only refer to the records.
    """
    rows: Any = model._base_manager.filter(pk__in=keys).order_by("pk")
    return list(rows.select_for_update(of=("self",), no_key=True))


def note_locked(record: Record) -> None:
    """Note within a batch that a record need not be locked: the transaction itself has made it."""
    locked: dict[int, Record] = once(("locked", type(record)), dict)
    locked[record.pk] = record


def locked_records(model: type[Kept], keys: Sequence[int]) -> list[Kept]:
    """Return what ``lock_records`` does; within a batch each record is read and locked once."""
    locked: dict[int, Kept] = once(("locked", model), dict)
    missing = [key for key in keys if key not in locked]
    if missing:
        locked |= {record.pk: record for record in lock_records(model, missing)}
    return [locked[key] for key in sorted(keys) if key in locked]


def count_versions(model: type[Record], changes: Mapping[int, Changes], *, actor: Actor) -> None:
    """Raise the version of records, write their history and events, and tell the apps above.

    The caller has written the rows that changed. Deleted records are counted too: once restored they answer
    the change. The number of statements grows with every ``BATCH`` records, not with each.

    :param changes: by primary key, what the history of each record says.
    """
    for keys in _batches(sorted(changes)):
        records = locked_records(model, keys)
        change_columns(
            model, [record.pk for record in records], {"updated_at": timezone.now()}, {"version": 1}
        )
        history.record_all(
            [
                history.entry(record, HistoryKind.UPDATED, actor=actor, changes=changes[record.pk])
                for record in records
            ]
        )
        live = [(record.pk, changes[record.pk].keys()) for record in records if record.deleted_at is None]
        record_events.emit_updated(live, model, actor=actor)
        records_changed.send(sender=model, records=records, actor=actor)


def _batches(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(keys), BATCH):
        yield keys[start : start + BATCH]
