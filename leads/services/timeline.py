"""Timeline parts that only leads have: routing decisions, and the stage visits that moves ended."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from crm.models import HistoryEntry, HistoryKind
from crm.models.records import Record
from crm.records.timeline_entries import EndedVisit, Entry, HistoryDetail, TimelineKind, TimelineSource
from leads.models import LeadRoutingLog, StageVisit

#: Longest time between the end of a visit and the history entry, which one transaction writes.
SAME_CHANGE = timedelta(minutes=5)


def _routing_logs(lead: Record) -> QuerySet[LeadRoutingLog]:
    return LeadRoutingLog.objects.filter(lead_id=lead.pk)


def _routing_entry(moment: str, log: LeadRoutingLog, at: datetime) -> Entry:
    return Entry(
        id=f"{moment}-{log.pk}",
        at=at,
        kind=TimelineKind.ROUTED,
        # The log refers to the new owner, but the user of an entry is the one who acted.
        user=None,
        door=log.door,
        text=(log.detail or {}).get("reason") or log.get_outcome_display(),
    )


ROUTING = TimelineSource(rows=_routing_logs, entry=_routing_entry, moments={"routing": "created_at"})


def detail_history(lead: Record, entries: Collection[HistoryEntry]) -> Mapping[int, HistoryDetail]:
    """Return the text of each move to another stage and the visit that it ended, in one statement at most."""
    moves = [entry for entry in entries if "stage" in entry.changes]
    visits = _ended_visits(lead, moves)
    return {entry.pk: _detail(entry, _visit_ended_by(entry, visits)) for entry in moves}


def _ended_visits(lead: Record, moves: Sequence[HistoryEntry]) -> list[StageVisit]:
    if not moves:
        return []
    moments = [entry.created_at for entry in moves]
    ended = (min(moments) - SAME_CHANGE, max(moments))
    return list(StageVisit.objects.filter(lead_id=lead.pk, left_at__range=ended).order_by("-left_at", "-pk"))


def _visit_ended_by(entry: HistoryEntry, visits: Sequence[StageVisit]) -> EndedVisit | None:
    """Return the last visit of the old stage that ended before the entry was written."""
    old, _new = entry.changes["stage"]
    for visit in visits:
        left = visit.left_at
        if (
            old is not None
            and left is not None
            and left <= entry.created_at
            and str(visit.stage_id) == old["id"]
        ):
            return EndedVisit(
                stage_name=visit.stage_name,
                pipeline_name=visit.pipeline_name,
                entered_at=visit.entered_at,
                left_at=left,
            )
    return None


def _detail(entry: HistoryEntry, visit: EndedVisit | None) -> HistoryDetail:
    if entry.kind != HistoryKind.UPDATED:
        # A restored lead may be in another stage; that it was restored says more.
        return HistoryDetail(visit=visit)
    old, new = entry.changes["stage"]
    text = f"Stage: {_name(old)} -> {_name(new)}"
    if visit is not None:
        text = f"{text}, after {_duration(visit.left_at - visit.entered_at)}"
    return HistoryDetail(text=text, visit=visit)


def _name(stage: Mapping[str, Any] | None) -> str:
    return "none" if stage is None else str(stage["name"])


def _duration(length: timedelta) -> str:
    minutes = int(length.total_seconds()) // 60
    for unit, size in (("day", 1440), ("hour", 60)):
        if minutes >= size:
            number = minutes // size
            return f"{number} {unit}{'' if number == 1 else 's'}"
    return f"{minutes} minute{'' if minutes == 1 else 's'}"
