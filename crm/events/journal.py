"""Reads the numbered events: what came after a place, and whether all of it is still there."""

from collections.abc import Mapping
from typing import Any

from crm.actors import Door
from crm.errors import CursorExpired
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.sequencer import COUNTER, make_counter
from crm.models import events as models


def counter() -> models.EventCounter:
    """Give the counter as it is now."""
    found = models.EventCounter.objects.filter(pk=COUNTER).first()
    if found is None:
        make_counter()
        found = models.EventCounter.objects.get(pk=COUNTER)
    return found


def end() -> Cursor:
    """Give the place after the last event that has a number."""
    now = counter()
    return Cursor(now.epoch, now.value)


def read_after(cursor: Cursor, *, limit: int, company_id: int | None = None) -> list[Event]:
    """Give the next events after a place, in their order.

    :param company_id: the company whose events are asked for, or None for those of all.
    :raises CursorExpired: if some of them may be gone already, or the place is of another line of numbers.
    """
    rows = models.Event.objects.filter(seq__gt=cursor.seq)
    if company_id is not None:
        rows = rows.filter(company_id=company_id)
    found = [_event(row, cursor.epoch) for row in rows.order_by("seq")[:limit]]
    # After the rows: what was pruned before they were read is below the floor by now.
    check(cursor)
    return found


def check(cursor: Cursor) -> None:
    """Make sure that all events after a place are there.

    :raises CursorExpired: if not.
    """
    now = counter()
    if cursor.epoch != now.epoch or not now.floor <= cursor.seq <= now.value:
        raise CursorExpired(str(Cursor(now.epoch, now.floor)))


def _event(row: models.Event, epoch: str) -> Event:
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
