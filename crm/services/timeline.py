"""One timeline of a record: everything that happened to it and was said about it, the newest first."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db.models import CharField, F, QuerySet, Value

from crm.models import Activity, HistoryEntry, HistoryKind, Message
from crm.models.records import about
from leads.models import Lead, LeadRoutingLog, StageVisit

#: How much earlier than its entry a visit may have ended within one transaction.
SAME_CHANGE = timedelta(minutes=5)


class TimelineKind(StrEnum):
    """What an entry of a timeline is."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"
    RESTORED = "RESTORED"
    MERGED = "MERGED"
    UNMERGED = "UNMERGED"
    ROUTED = "ROUTED"
    NOTE = "NOTE"
    TASK = "TASK"
    TASK_DONE = "TASK_DONE"
    MESSAGE = "MESSAGE"


@dataclass(kw_only=True)
class Entry:
    """One event: what, when, by whom and through which door.

    ``activity`` and ``message`` are what was noted or said; ``visit`` the stay in a stage that it ended.
    """

    id: str
    at: datetime
    kind: TimelineKind
    user: Any
    door: str
    via: str | None = None
    text: str | None = None
    changes: Mapping[str, Any] | None = None
    activity: Activity | None = None
    message: Message | None = None
    visit: StageVisit | None = None

    @property
    def label(self) -> str:
        """What people call it."""
        return self.kind.replace("_", " ").capitalize()


def _history(record: Any) -> QuerySet[Any]:
    return HistoryEntry.objects.filter(**about(record))


def _activities(record: Any) -> QuerySet[Any]:
    return Activity.objects.filter(**about(record), deleted_at__isnull=True)


def _messages(record: Any) -> QuerySet[Any]:
    columns = {f"channel__{name}": value for name, value in about(record).items()}
    return Message.objects.filter(**columns, is_system=False)


def _routings(record: Any) -> QuerySet[Any]:
    rows = LeadRoutingLog.objects.all()
    return rows.filter(lead=record) if isinstance(record, Lead) else rows.none()


#: Where entries come from, which moment of the row is theirs, and the rows of a record.
SOURCES: dict[str, tuple[str, Callable[[Any], QuerySet[Any]]]] = {
    "history": ("created_at", _history),
    "activity": ("created_at", _activities),
    "done": ("done_at", lambda record: _activities(record).filter(done_at__isnull=False)),
    "message": ("created_at", _messages),
    "routing": ("created_at", _routings),
}
#: Whose names are read with the rows.
PEOPLE = {
    "history": ("user",),
    "activity": ("user", "done_by"),
    "message": ("user",),
    "routing": ("user",),
}


class Timeline:
    """The entries of a record that was looked up for its reader; a slice takes a fixed number of statements.

    Messages of the product itself are left out: they repeat the history.
    """

    def __init__(self, record: Any) -> None:
        self._record = record

    def _keys(self) -> Any:
        parts = [
            rows(self._record)
            .order_by()
            .annotate(at=F(moment), source=Value(source, output_field=CharField()), key=F("pk"))
            .values_list("at", "source", "key")
            for source, (moment, rows) in SOURCES.items()
        ]
        return parts[0].union(*parts[1:], all=True)

    def count(self) -> int:
        """Give the number of all entries."""
        total: int = self._keys().count()
        return total

    def __getitem__(self, place: slice) -> list[Entry]:
        """Read the entries of a page: the keys in one statement, then one for each kind among them."""
        # Moments may be equal; the order is the same each time nonetheless.
        found = list(self._keys().order_by("-at", "-key", "source")[place])
        wanted: dict[str, set[int]] = defaultdict(set)
        for _at, source, key in found:
            wanted["activity" if source == "done" else source].add(key)
        rows = {
            source: SOURCES[source][1](self._record).select_related(*PEOPLE[source]).in_bulk(keys)
            for source, keys in wanted.items()
        }
        visits = self._visits(rows.get("history", {}).values())
        entries = []
        for at, source, key in found:
            row = rows["activity" if source == "done" else source].get(key)
            # One that was removed between the two statements is gone.
            if row is not None:
                entries.append(self._entry(source, row, at, visits))
        return entries

    def _visits(self, history: Iterable[HistoryEntry]) -> list[StageVisit]:
        moved = [entry.created_at for entry in history if "stage" in entry.changes]
        if not moved:
            return []
        ended = (min(moved) - SAME_CHANGE, max(moved))
        return list(
            StageVisit.objects.filter(lead=self._record, left_at__range=ended).order_by("-left_at", "-pk")
        )

    def _entry(self, source: str, row: Any, at: datetime, visits: list[StageVisit]) -> Entry:
        shared: dict[str, Any] = {"id": f"{source}-{row.pk}", "at": at, "user": row.user, "door": row.door}
        if source == "history":
            visit = _ended_by(row, visits)
            return Entry(
                **shared,
                kind=TimelineKind(row.kind),
                via=row.via,
                text=_sentence(row, visit),
                changes=row.changes,
                visit=visit,
            )
        if source == "message":
            return Entry(**shared, kind=TimelineKind.MESSAGE, text=_words(row.message), message=row)
        if source == "routing":
            text = (row.detail or {}).get("reason") or row.get_outcome_display()
            # The row's user is whom the lead went to, and the sentence names.
            return Entry(**shared | {"user": None}, kind=TimelineKind.ROUTED, text=text)
        if source == "done":
            return Entry(
                **shared | {"user": row.done_by}, kind=TimelineKind.TASK_DONE, text=row.text, activity=row
            )
        return Entry(**shared, kind=TimelineKind(row.kind), text=row.text, activity=row)


def _ended_by(entry: HistoryEntry, visits: list[StageVisit]) -> StageVisit | None:
    """Give the stay in a stage that a change ended: the last one in that stage until then."""
    old = (entry.changes.get("stage") or [None])[0]
    if old is None:
        return None
    ended = (visit for visit in visits if visit.left_at is not None and visit.left_at <= entry.created_at)
    return next((visit for visit in ended if str(visit.stage_id) == old["id"]), None)


def _sentence(entry: HistoryEntry, visit: StageVisit | None) -> str:
    if entry.kind == HistoryKind.UPDATED and "stage" in entry.changes:
        old, new = entry.changes["stage"]
        moved = f"Stage: {_named(old)} -> {_named(new)}"
        if visit is None or visit.left_at is None:
            return moved
        return f"{moved}, after {_duration(visit.left_at - visit.entered_at)}"
    return entry.get_kind_display()


def _named(value: Any) -> str:
    return "none" if value is None else str(value["name"])


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            number = minutes // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"


def _words(message: Any) -> str | None:
    """Give what a message says to people, if it says it in words."""
    if isinstance(message, str):
        return message
    text = message.get("text") if isinstance(message, dict) else None
    return text if isinstance(text, str) else None
