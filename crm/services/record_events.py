"""The events of records of any kind, written where their rows are (ADR 34)."""

from collections.abc import Collection, Iterable, Sequence
from functools import cache
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from crm.actors import Actor
from crm.events import kinds, outbox
from crm.events.audience import GONE, Event, Kind
from crm.events.kinds import LoggedKind
from crm.models import events as models
from crm.models.activities import Activity
from crm.models.lifecycle import LiveModel
from crm.models.records import RecordLink
from crm.services.locking import Columns

NOBODY: frozenset[int] = frozenset()


def row_of(
    instance: Model,
    kind: Kind,
    *,
    actor: Actor,
    before: Columns | None = None,
    relations: Collection[str] = (),
) -> list[models.Event]:
    """Return the unsaved row of the event of a change, to insert with the rows of the change.

    It is empty for models whose changes are not in the log, or whose services write their events.

    :param before: the previous values of the columns that changed, by attribute name.
    :param relations: what changed outside the columns.
    """
    logged = kinds.kind_of(type(instance))
    if logged is None or not logged.is_automatic or outbox.hold_back(logged.entity):
        return []
    event = _event(logged, instance, kind, actor, before or {}, relations)
    return outbox.row_of(event, instance)


def emit(instance: LiveModel, kind: Kind, *, actor: Actor, winner_id: int | None = None) -> None:
    """Write the event of a change that was stored by other means than ``saving``."""
    logged = kinds.kind_of(type(instance))
    assert logged is not None
    outbox.emit([_event(logged, instance, kind, actor, {}, (), winner_id)])


def emit_updated(rows: Iterable[tuple[int, Collection[str]]], model: type[Model], *, actor: Actor) -> None:
    """Write events of live rows that were changed together and that every member sees.

    :param rows: the key of each, and the names of what changed.
    """
    logged = kinds.kind_of(model)
    if logged is None or not logged.is_automatic:
        return
    outbox.emit(
        [
            Event(
                company_id=actor.company_id,
                entity=logged.entity,
                object_id=key,
                kind="updated",
                before=None,
                after=None,
                door=actor.door,
                actor_id=actor.user_id,
                changed=_plain_names(names),
            )
            for key, names in rows
        ]
    )


def emit_alike(
    rows: Sequence[Activity],
    before: Columns,
    *,
    actor: Actor,
    readers_before: frozenset[int],
    readers_after: frozenset[int],
) -> None:
    """Write events of activities of one record that were changed alike, by other means than ``saving``.

    :param before: the previous values of the columns that changed, by attribute name.
    :param readers_before: the users who saw the record before, locked by now; ``readers_after``: who do now.
    """
    logged = kinds.kind_of(Activity)
    assert logged is not None
    outbox.emit(
        [
            Event(
                company_id=row.company_id,
                entity=logged.entity,
                object_id=row.pk,
                kind="updated",
                before=readers_before,
                after=readers_after,
                door=actor.door,
                actor_id=actor.user_id,
                changes={name: before[name] for name in logged.notified if name in before},
                changed=changed_names(row, before, ()),
            )
            for row in rows
        ]
    )


def _event(
    logged: LoggedKind,
    instance: Any,
    kind: Kind,
    actor: Actor,
    before: Columns,
    relations: Collection[str],
    winner_id: int | None = None,
) -> Event:
    readers = _readers_of_its_record(instance) if isinstance(instance, RecordLink) else None
    return Event(
        company_id=instance.company_id,
        entity=logged.entity,
        object_id=instance.pk or 0,
        kind=kind,
        before=NOBODY if kind in ("created", "restored") and readers is not None else readers,
        after=NOBODY if kind in GONE and readers is not None else readers,
        door=actor.door,
        actor_id=actor.user_id,
        changes={name: before[name] for name in logged.notified if name in before},
        changed=changed_names(instance, before, relations),
        winner_id=winner_id,
    )


def _readers_of_its_record(row: RecordLink) -> frozenset[int] | None:
    """Return the users who see the record that a row belongs to, locked; None for all members."""
    # ``row.content_type`` would be read from the database.
    model = ContentType.objects.get_for_id(row.content_type_id).model_class()
    logged = None if model is None else kinds.kind_of(model)
    if logged is None or logged.readers is None:
        return None
    # Locked: a change of who sees the record comes either before this event, whose audience then has it, or
    # after it, and then reaches whoever saw the row.
    logged.model._base_manager.select_for_update().filter(pk=row.object_id).values_list("pk").first()
    return logged.readers_of(row.object_id)


def readers_of_activity(key: int) -> frozenset[int] | None:
    """Return the users who see an activity now: those who see its record. None for all members."""
    activity = Activity._base_manager.filter(pk=key).only("content_type_id", "object_id").first()
    if activity is None:
        return NOBODY
    model = ContentType.objects.get_for_id(activity.content_type_id).model_class()
    logged = None if model is None else kinds.kind_of(model)
    return None if logged is None else logged.readers_of(activity.object_id)


def changed_names(instance: Model, before: Columns, relations: Collection[str]) -> tuple[str, ...]:
    """Return the names of fields that changed; columns that follow from others are left out."""
    if not before and not relations:
        return ()
    names = _names(type(instance))
    return _plain_names({*relations, *(names[column] for column in before if column in names)})


def _plain_names(names: Iterable[str]) -> tuple[str, ...]:
    # Custom fields count as one: a record may have very many of them.
    return tuple(sorted({name.partition(".")[0] for name in names}))


@cache
def _names(model: type[Model]) -> dict[str, str]:
    """Return the names of the fields of a model by their columns."""
    derived: frozenset[str] = getattr(model, "derived_columns", frozenset())
    columns: Sequence[Any] = model._meta.concrete_fields
    return {column.attname: column.name for column in columns if column.attname not in derived}
