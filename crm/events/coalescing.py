"""Merges many missed events into one for each record: only the record's present state can be read anyway."""

from collections.abc import Sequence
from dataclasses import replace

from crm.events.audience import GONE, Event

#: Up to this many events are delivered one by one.
MOST_SINGLE = 100
#: Nothing is merged across these: the client has to see the record go and come.
BARRIERS = (*GONE, "restored")


def coalesce(events: Sequence[Event]) -> Sequence[Event]:
    """Merge consecutive events of the log by record, if there are more than ``MOST_SINGLE``.

    The merged event takes the place and the audience of its last one. It keeps everyone who saw the record
    before any of them, whether it was created among them, and the oldest previous values.
    """
    if len(events) <= MOST_SINGLE:
        return events
    merged: list[Event | None] = []
    indexes: dict[tuple[str, int], int] = {}
    for event in events:
        record = event.entity, event.object_id
        if event.kind in BARRIERS or event.kind == "bulk":
            indexes.pop(record, None)
            merged.append(event)
            continue
        earlier = merged[indexes[record]] if record in indexes else None
        if earlier is not None:
            merged[indexes[record]] = None
            event = _merge(earlier, event)
        indexes[record] = len(merged)
        merged.append(event)
    return [event for event in merged if event is not None]


def _merge(earlier: Event, later: Event) -> Event:
    is_new = "created" in (earlier.kind, later.kind)
    # Nobody saw a record before its creation; a merged creation already holds the readers in between.
    before = frozenset() if earlier.kind == "created" and not earlier.since else earlier.before
    return replace(
        later,
        kind="created" if is_new else later.kind,
        before=None if before is None or later.before is None else before | later.before,
        changes={} if is_new else {**later.changes, **earlier.changes},
        changed=() if is_new else tuple(sorted({*earlier.changed, *later.changed})),
        since=earlier.since or earlier.seq,
    )
