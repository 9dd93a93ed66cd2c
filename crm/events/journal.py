"""Reads the event log: the events after a cursor, and whether the log still holds all of them."""

from collections.abc import Collection, Mapping
from functools import partial
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


def read_after(
    cursor: Cursor, *, limit: int, company_id: int | None = None, entities: Collection[str] | None = None
) -> list[Event]:
    """Return the next events after a cursor in the order of their numbers.

    :param company_id: the company whose events are read; None for all.
    :param entities: the kinds of records whose events are read; None for all.
    :raises CursorExpired: if some of them may be pruned already, or the cursor is of another epoch.
    """
    rows = models.Event.objects.filter(seq__gt=cursor.seq)
    if company_id is not None:
        rows = rows.filter(company_id=company_id)
    if entities is not None:
        rows = rows.filter(entity__in=entities)
    events = [to_event(row, cursor.epoch) for row in rows.order_by("seq")[:limit]]
    # Checked after the rows were read: whatever was pruned before that is below the floor by now.
    check(cursor)
    return events


def read_page(
    cursor: Cursor, *, limit: int, company_id: int, entities: Collection[str]
) -> tuple[list[Event], Cursor]:
    """Return the next events after a cursor, and the cursor after them.

    Without events that is the end of the log: the cursor of a client that is told nothing would expire
    otherwise, while events of other kinds and companies go by.
    """
    read = partial(read_after, cursor, limit=limit, company_id=company_id, entities=entities)
    if events := read():
        return events, events[-1].cursor
    now = end()
    # Once more: whatever got its number before the end was read is found now.
    events = read()
    return events, events[-1].cursor if events else now


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
        changed=tuple(row.changed),
        winner_id=row.winner_id,
        cursor=Cursor(epoch, row.seq or 0),
    )


def _users(ids: list[int] | None) -> frozenset[int] | None:
    return None if ids is None else frozenset(ids)
