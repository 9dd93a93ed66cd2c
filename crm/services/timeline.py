"""The timeline of a record: its history, activities and messages, the newest first."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db.models import CharField, F, Q, QuerySet, Value

from crm.models import Activity, HistoryEntry, Message
from crm.models.activity_kinds import APPOINTMENTS
from crm.models.records import Record, link_columns
from crm.records.further_activities import FurtherActivities
from crm.records.registry import record_kind
from crm.records.timeline_entries import Entry, HistoryDetail, TimelineKind, TimelineSource


def _history(record: Record) -> QuerySet[HistoryEntry]:
    return HistoryEntry.objects.filter(**link_columns(record)).select_related("user")


def _history_entry(moment: str, row: HistoryEntry, at: datetime) -> Entry:
    return Entry(
        id=f"{moment}-{row.pk}",
        at=at,
        kind=TimelineKind(row.kind),
        user=row.user,
        door=row.door,
        via=row.via,
        text=row.get_kind_display(),
        changes=row.changes,
    )


def _activities(record: Record) -> QuerySet[Activity]:
    rows = Activity.objects.filter(**link_columns(record), deleted_at__isnull=True)
    return rows.select_related("user", "done_by")


def _activity_entry(moment: str, row: Activity, at: datetime) -> Entry:
    is_done = moment in ("done", "further_done")
    return Entry(
        id=f"{moment}-{row.pk}",
        at=at,
        kind=TimelineKind(f"{row.kind}_DONE" if is_done else row.kind),
        user=row.done_by if is_done else row.user,
        door=row.door,
        text=row.words,
        activity=row,
    )


def _further_entry(moment: str, row: Activity, at: datetime) -> Entry:
    entry = _activity_entry(moment, row, at)
    entry.about = row.entity
    return entry


def _messages(record: Record) -> QuerySet[Message]:
    columns = {f"channel__{name}": value for name, value in link_columns(record).items()}
    # System messages repeat the history.
    return Message.objects.filter(**columns, is_system=False).select_related("user")


def _message_entry(moment: str, row: Message, at: datetime) -> Entry:
    return Entry(
        id=f"{moment}-{row.pk}",
        at=at,
        kind=TimelineKind.MESSAGE,
        user=row.user,
        door=row.door,
        text=_message_text(row.message),
        message=row,
    )


def _message_text(message: object) -> str | None:
    """Return the text of a message, which is any JSON value, or None if it holds no text."""
    if isinstance(message, str):
        return message
    text = message.get("text") if isinstance(message, dict) else None
    return text if isinstance(text, str) else None


HISTORY = TimelineSource(rows=_history, entry=_history_entry, moments={"history": "created_at"})
#: A call that was done when it was entered is one event.
DONE_AT_ONCE = Q(kind__in=APPOINTMENTS, done_at=F("starts_at"))
#: The sources of every kind of record.
SOURCES = (
    HISTORY,
    TimelineSource(
        rows=_activities,
        entry=_activity_entry,
        moments={"activity": "created_at", "done": "done_at"},
        left_out={"done": DONE_AT_ONCE},
    ),
    TimelineSource(rows=_messages, entry=_message_entry, moments={"message": "created_at"}),
)


def further_source(further: FurtherActivities) -> TimelineSource:
    """Return the source of what was logged on other records."""
    rows = further.rows.select_related("user", "done_by").prefetch_related("entity")
    return TimelineSource(
        rows=lambda _record: rows.all(),
        entry=_further_entry,
        moments={"further": "created_at", "further_done": "done_at"},
        left_out={"further_done": DONE_AT_ONCE},
    )


#: Moment, name of the moment, and primary key of each entry.
Keys = QuerySet[Any, tuple[datetime, str, int]]


class Timeline:
    """The entries of one record. A slice takes a fixed number of statements.

    Entries of the record are not narrowed to what an actor sees: look it up with ``visible_to``.
    """

    def __init__(self, record: Record, *further: TimelineSource) -> None:
        self._record = record
        self._kind = record_kind(record.entity_kind)
        self._sources = {
            moment: source
            for source in (*SOURCES, *self._kind.timeline_sources, *further)
            for moment in source.moments
        }

    def _keys(self) -> Keys:
        parts = [self._keys_of(moment, source) for moment, source in self._sources.items()]
        return parts[0].union(*parts[1:], all=True)

    def _keys_of(self, moment: str, source: TimelineSource) -> Keys:
        column = source.moments[moment]
        rows = source.rows(self._record).filter(**{f"{column}__isnull": False}).order_by()
        if moment in source.left_out:
            rows = rows.exclude(source.left_out[moment])
        rows = rows.annotate(at=F(column), moment=Value(moment, output_field=CharField()), key=F("pk"))
        keys: Keys = rows.values_list("at", "moment", "key")
        return keys

    def count(self) -> int:
        return self._keys().count()

    def __getitem__(self, page: slice) -> list[Entry]:
        """Read the keys of a page in one statement, then the rows in one statement for each source."""
        # Several entries may have the same moment: the key and the name of the moment settle their order.
        found = list(self._keys().order_by("-at", "-key", "moment")[page])
        keys: dict[TimelineSource, set[int]] = defaultdict(set)
        for _at, moment, key in found:
            keys[self._sources[moment]].add(key)
        rows = {source: source.rows(self._record).in_bulk(wanted) for source, wanted in keys.items()}
        details = self._details(rows.get(HISTORY, {}).values())
        entries = []
        for at, moment, key in found:
            source = self._sources[moment]
            row = rows[source].get(key)
            # Rows may have been deleted between the two statements.
            if row is None:
                continue
            entry = source.entry(moment, row, at)
            if source is HISTORY and key in details:
                entry.text = details[key].text or entry.text
                entry.visit = details[key].visit
            entries.append(entry)
        return entries

    def _details(self, history: Iterable[HistoryEntry]) -> Mapping[int, HistoryDetail]:
        describe = self._kind.detail_history
        return {} if describe is None else describe(self._record, list(history))
