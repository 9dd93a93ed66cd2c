"""The history of records: who changed what, when and through which door."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeGuard
from uuid import UUID

from django.contrib.contenttypes.models import ContentType
from django.db import models

from crm.actors import Actor
from crm.database.inserts import insert_all
from crm.database.new_rows import new_row, relate
from crm.models.history import HistoryEntry, HistoryKind
from crm.models.records import Record
from crm.services.locking import Columns

#: What changed: the name of a field, or of a relation, to its value before and after, in plain JSON.
Changes = Mapping[str, Sequence[Any]]


def is_recorded(instance: models.Model) -> TypeGuard[Record]:
    """Return whether changes of a row are written into the history: only those of records are."""
    return isinstance(instance, Record)


def record(instance: Record, kind: HistoryKind, *, actor: Actor, changes: Changes | None = None) -> None:
    insert_all([entry(instance, kind, actor=actor, changes=changes)])


def record_all(entries: Sequence[HistoryEntry]) -> None:
    insert_all(entries)


def entry(
    instance: Record, kind: HistoryKind, *, actor: Actor, changes: Changes | None = None
) -> HistoryEntry:
    """Return the unsaved entry that ``record`` writes."""
    row = new_row(
        HistoryEntry,
        company_id=instance.company_id,
        content_type_id=ContentType.objects.get_for_model(instance).pk,
        object_id=instance.pk,
        user_id=actor.user_id,
        kind=kind,
        door=actor.door.value,
        via=actor.via,
        changes=dict(changes or {}),
    )
    relate(row, "entity", instance)
    return row


def changes_of(
    instance: models.Model, before: Columns, *, referenced: Iterable[models.Model] = ()
) -> dict[str, list[object]]:
    """Return the changes of a row's columns as its history stores them.

    Columns that follow from others are left out; a relation is kept with the name it had at that time; each
    custom field stands for itself.

    :param before: the previous values of the columns that changed, by attribute name.
    :param referenced: rows that the record refers to; the names of others are looked up.
    """
    known = {(type(row), row.pk): row for row in referenced}
    derived: frozenset[str] = getattr(instance, "derived_columns", frozenset())
    changes: dict[str, list[object]] = {}
    for field in instance._meta.concrete_fields:
        if field.attname not in before or field.attname in derived:
            continue
        old, new = before[field.attname], getattr(instance, field.attname)
        # Each field is an entry of its own, so that a change of one does not repeat the others.
        if field.name == "custom_fields":
            changes.update(_custom_field_changes(old or {}, new or {}))
        elif isinstance(field, models.ForeignKey):
            row = known.get((field.related_model, old))
            changes[field.name] = [_named(field, old, row), _named(field, new, getattr(instance, field.name))]
        else:
            changes[field.name] = [plain(old), plain(new)]
    return changes


def _custom_field_changes(
    old: Mapping[str, object], new: Mapping[str, object]
) -> Iterator[tuple[str, list[object]]]:
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name) or type(old.get(name)) is not type(new.get(name)):
            yield f"custom_fields.{name}", [old.get(name), new.get(name)]


def _named(field: Any, key: Any, row: models.Model | None = None) -> dict[str, str | None] | None:
    if key is None:
        return None
    if row is None or row.pk != key:
        # The base manager: a deleted row still has a name.
        row = field.related_model._base_manager.filter(pk=key).first()
    return {"id": str(key), "name": None if row is None else str(row)}


def plain(value: object) -> object:
    """Return the value of a column as plain JSON."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    return value
