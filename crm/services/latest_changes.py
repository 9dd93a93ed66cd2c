"""The latest changes of a row, with user and time. Look the row up with ``visible_to`` first."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Max

from crm.events import kinds
from crm.models import HistoryEntry, User
from crm.models.events import Event
from crm.models.records import Record, link_columns

#: Entries and events that are looked through: what is sought happened while a form was open.
MOST_ENTRIES = 50
MOST_EVENTS = 10_000


class Change(NamedTuple):
    """A change: of which fields, by whom if that is known, and when."""

    fields: Sequence[str]
    user: User | None
    at: datetime


def latest_changes(row: Any) -> list[Change]:
    """Return the latest changes of a row, the newest first."""
    if isinstance(row, Record):
        entries = HistoryEntry.objects.filter(**link_columns(row)).select_related("user").order_by("-pk")
        return [Change([*entry.changes], entry.user, entry.created_at) for entry in entries[:MOST_ENTRIES]]
    user = None
    logged = kinds.kind_of(type(row))
    if logged is not None:
        log = Event.objects.filter(company_id=row.company_id)
        newest = log.aggregate(newest=Max("pk"))["newest"] or 0
        recent = log.filter(pk__gt=newest - MOST_EVENTS, entity=logged.entity, object_id=row.pk)
        event = recent.order_by("-pk").first()
        user = None if event is None else User.objects.filter(pk=event.actor_id).first()
    return [Change([], user, row.updated_at)]


def change_of(name: str, changes: Sequence[Change]) -> Change | None:
    """Return the latest change of a field; where none names it, the latest of all."""
    return next((each for each in changes if name in each.fields), changes[0] if changes else None)
