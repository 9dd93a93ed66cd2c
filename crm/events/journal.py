"""Reads the event log: the events after a cursor, and whether the log still holds all of them."""

from collections.abc import Mapping
from typing import Any

from crm.actors import Door
from crm.errors import CursorExpired
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.sequencer import COUNTER, make_counter
from crm.models import events as models


def counter() -> models.EventCounter:
    """Return the counter as it is now, created if it is missing."""
    found = models.EventCounter.objects.filter(pk=COUNTER).first()
    if found is None:
        make_counter()
        found = models.EventCounter.objects.get(pk=COUNTER)
    return found


def end() -> Cursor:
    now = counter()
    return Cursor(now.epoch, now.value)


def read_after(cursor: Cursor, *, limit: int, company_id: int | None = None) -> list[Event]:
    """Return the next events after a cursor, of one company or of all, in the order of their numbers.

    :raises CursorExpired: if some of them may be pruned already, or the cursor is of another epoch.
    """
    rows = models.Event.objects.filter(seq__gt=cursor.seq)
    if company_id is not None:
        rows = rows.filter(company_id=company_id)
    events = [to_event(row, cursor.epoch) for row in rows.order_by("seq")[:limit]]
    # Checked after the rows were read: whatever was pruned before that is below the floor by now.
    check(cursor)
    return events


def check(cursor: Cursor) -> None:
    """Raise ``CursorExpired`` unless the log holds all events after a cursor."""
    now = counter()
    if cursor.epoch != now.epoch or not now.floor <= cursor.seq <= now.value:
        raise CursorExpired(str(Cursor(now.epoch, now.floor)))


def to_event(row: models.Event, epoch: str) -> Event:
    audience: Mapping[str, Any] = row.audience or {}
    return Event(
        company_id=row.company_id,
        entity=row.entity,
        object_id=row.object_id,
        kind=row.kind,  # type: ignore[arg-type]  # the choices are these literals
        before=_users(audience.get("before")),
        after=_users(audience.get("after")),
        door=Door(row.door),
        actor_id=row.actor_id,
        changes=row.changes,
        cursor=Cursor(epoch, row.seq or 0),
    )


def _users(ids: list[int] | None) -> frozenset[int] | None:
    return None if ids is None else frozenset(ids)
