"""Many events that a reader missed, told as few: one for each record, which is in one state by now."""

from collections.abc import Sequence
from dataclasses import replace

from crm.events.audience import Event

#: Events that are told one by one, however many of them are about one record.
MOST_SINGLE = 100
#: A record does not come or go within what is told as one.
BARRIERS = ("deleted", "restored")


def condensed(events: Sequence[Event]) -> Sequence[Event]:
    """Merge events that follow one another in the log, if they are many.

    Those of one record become one, in the place of the last of them and with its readers. It tells of who saw
    the record before any of them, of its creation, and of what it was before the first. Nothing is merged
    over a deletion or a restoration.
    """
    if len(events) <= MOST_SINGLE:
        return events
    told: list[Event | None] = []
    places: dict[tuple[str, int], int] = {}
    for event in events:
        record = event.entity, event.object_id
        if event.kind in BARRIERS or event.kind == "bulk":
            places.pop(record, None)
            told.append(event)
            continue
        earlier = told[places[record]] if record in places else None
        if earlier is not None:
            told[places[record]] = None
            event = _merged(earlier, event)
        places[record] = len(told)
        told.append(event)
    return [event for event in told if event is not None]


def _merged(earlier: Event, later: Event) -> Event:
    is_new = "created" in (earlier.kind, later.kind)
    before = frozenset() if earlier.kind == "created" and not earlier.since else earlier.before
    return replace(
        later,
        kind="created" if is_new else later.kind,
        before=None if before is None or later.before is None else before | later.before,
        changes={} if is_new else {**later.changes, **earlier.changes},
        since=earlier.since or earlier.seq,
    )
