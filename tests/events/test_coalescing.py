"""Many events told as few."""

from crm.events.coalescing import condensed
from crm.events.cursor import Cursor
from tests.events.layers import lead_event


def log(*made):
    """Give events of these records and kinds, with filler of other records so that they are many."""
    events = [
        lead_event(record, kind=kind, cursor=Cursor("0" * 12, seq), **fields)
        for seq, (record, kind, fields) in enumerate(made, start=1)
    ]
    filler = [lead_event(1_000 + seq, cursor=Cursor("0" * 12, seq)) for seq in range(len(events) + 1, 200)]
    return events + filler


def told(events):
    return [
        (each.object_id, each.kind, each.seq, each.since)
        for each in condensed(events)
        if each.object_id < 1_000
    ]


def test_few_are_told_one_by_one():
    events = [lead_event(9, cursor=Cursor("0" * 12, seq)) for seq in range(1, 101)]

    assert condensed(events) == events


def test_the_events_of_a_record_become_one_in_the_place_of_the_last():
    events = log((1, "updated", {}), (2, "updated", {}), (1, "updated", {}), (1, "updated", {}))

    assert told(events) == [(2, "updated", 2, 0), (1, "updated", 4, 1)]


def test_a_creation_is_told_and_nothing_of_what_was_before_it():
    events = log((1, "created", {}), (1, "updated", {"changes": {"owner_id": 5}}))

    assert told(events) == [(1, "created", 2, 1)]
    assert condensed(events)[0].changes == {}


def test_nothing_is_merged_over_a_deletion_or_a_restoration():
    kinds = ["updated", "updated", "deleted", "restored", "updated", "updated"]

    assert told(log(*((1, kind, {}) for kind in kinds))) == [
        (1, "updated", 2, 1),
        (1, "deleted", 3, 0),
        (1, "restored", 4, 0),
        (1, "updated", 6, 5),
    ]


def test_readers_of_before_are_joined_and_previous_values_are_the_oldest():
    def ids(*users):
        return frozenset(users)

    events = log(
        (1, "updated", {"before": ids(5), "after": ids(6), "changes": {"owner_id": 5}}),
        (1, "updated", {"before": ids(6), "after": ids(7), "changes": {"owner_id": 6, "stage_id": 1}}),
    )

    merged = condensed(events)[0]
    assert (merged.before, merged.after) == (ids(5, 6), ids(7))
    assert merged.changes == {"owner_id": 5, "stage_id": 1}


def test_who_saw_a_record_come_and_go_meanwhile_is_told_that_it_is_gone():
    events = log(
        (1, "created", {"before": frozenset(), "after": frozenset({5})}),
        (1, "updated", {"before": frozenset({5}), "after": frozenset({6})}),
    )

    merged = condensed(events)[0]
    assert (merged.had_reader(5), merged.has_reader(5), merged.had_reader(7)) == (True, False, False)


def test_a_bulk_event_stays_where_it_is():
    assert told(log((0, "bulk", {}), (0, "bulk", {}))) == [(0, "bulk", 1, 0), (0, "bulk", 2, 0)]
