"""Entries of a record's timeline, and the sources that an app adds to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db.models import Q, QuerySet

from crm.models import Activity, Message, User
from crm.models.records import Record


class TimelineKind(StrEnum):
    """The kind of a timeline entry."""

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
    CALL = "CALL"
    CALL_DONE = "CALL_DONE"
    MEETING = "MEETING"
    MEETING_DONE = "MEETING_DONE"
    EMAIL = "EMAIL"
    MESSAGE = "MESSAGE"


#: The labels that are not simply the name.
LABELS = {TimelineKind.EMAIL: "E-mail"}


@dataclass(frozen=True, kw_only=True)
class EndedVisit:
    """A stay in a stage that a change of the record ended."""

    stage_name: str
    pipeline_name: str
    entered_at: datetime
    left_at: datetime


@dataclass(frozen=True, kw_only=True)
class HistoryDetail:
    """Details of a history entry that only the app of the record can read from it; None adds nothing."""

    text: str | None = None
    visit: EndedVisit | None = None


@dataclass(kw_only=True)
class Entry:
    """One event in a timeline. ``activity`` and ``message`` are the rows behind it, if it is one of those."""

    id: str
    at: datetime
    kind: TimelineKind
    user: User | None
    door: str
    via: str | None = None
    text: str | None = None
    changes: Mapping[str, Any] | None = None
    activity: Activity | None = None
    message: Message | None = None
    visit: EndedVisit | None = None
    #: The record that the entry is about, where it is another one than that of the timeline.
    about: Record | None = None

    @property
    def label(self) -> str:
        """The timeline kind as the admin shows it."""
        return LABELS.get(self.kind) or self.kind.replace("_", " ").capitalize()


# Compared by identity: sources are keys of mappings, and dictionaries in them have no hash.
@dataclass(frozen=True, kw_only=True, eq=False)
class TimelineSource:
    """Rows of one model that are entries in a timeline."""

    #: Returns the rows of a record, with the relations that entries need.
    rows: Callable[[Record], QuerySet[Any]]
    #: Makes the entry: name of the moment, row, and value of the moment.
    entry: Callable[[str, Any, datetime], Entry]
    #: Names of moments to their columns. A row has one entry for each of these columns that is not null; the
    #: names start the ids of entries, so no two sources of a timeline share one.
    moments: Mapping[str, str]
    #: Names of moments to the rows that have no entry for them.
    left_out: Mapping[str, Q] = field(default_factory=dict)
