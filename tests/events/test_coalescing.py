"""Many missed events are merged into few."""

from crm.events.coalescing import coalesce
from crm.events.cursor import Cursor
from tests.events.layers import make_event


def log(*made):
    """Return events of these records and kinds, with filler of other records so that they are many."""
    events = [
        make_event(record, kind=kind, cursor=Cursor("0" * 12, seq), **fields)
        for seq, (record, kind, fields) in enumerate(made, start=1)
    ]
    filler = [make_event(1_000 + seq, cursor=Cursor("0" * 12, seq)) for seq in range(len(events) + 1, 200)]
    return events + filler


def brief(events):
    return [
        (each.object_id, each.kind, each.seq, each.since)
        for each in coalesce(events)
        if each.object_id < 1_000
    ]


def test_few_events_are_not_merged():
    events = [make_event(9, cursor=Cursor("0" * 12, seq)) for seq in range(1, 101)]

    assert coalesce(events) == events


def test_events_of_a_record_become_one_at_the_position_of_the_last():
    events = log((1, "updated", {}), (2, "updated", {}), (1, "updated", {}), (1, "updated", {}))

    assert brief(events) == [(2, "updated", 2, 0), (1, "updated", 4, 1)]


def test_a_merged_creation_has_no_previous_values():
    events = log((1, "created", {}), (1, "updated", {"changes": {"owner_id": 5}}))

    assert brief(events) == [(1, "created", 2, 1)]
    assert coalesce(events)[0].changes == {}


def test_nothing_is_merged_over_a_deletion_or_a_restoration():
    kinds = ["updated", "updated", "deleted", "restored", "updated", "updated"]

    assert brief(log(*((1, kind, {}) for kind in kinds))) == [
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

    merged = coalesce(events)[0]
    assert (merged.before, merged.after) == (ids(5, 6), ids(7))
    assert merged.changes == {"owner_id": 5, "stage_id": 1}


def test_a_reader_in_between_learns_that_the_record_is_gone():
    events = log(
        (1, "created", {"before": frozenset(), "after": frozenset({5})}),
        (1, "updated", {"before": frozenset({5}), "after": frozenset({6})}),
    )

    merged = coalesce(events)[0]
    assert (merged.had_reader(5), merged.has_reader(5), merged.had_reader(7)) == (True, False, False)


def test_a_bulk_event_stays_where_it_is():
    assert brief(log((0, "bulk", {}), (0, "bulk", {}))) == [(0, "bulk", 1, 0), (0, "bulk", 2, 0)]
