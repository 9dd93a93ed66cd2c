"""Rules of recurring tasks: which are accepted, and which date follows by them."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from crm.recurrence import following, moved_along, normalized_rule

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")


def moment(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def dates(rule, due, *, zone=UTC, number=3):
    """Return the dates of a series, by the clock on the wall, the first one included."""
    due, former, found = moment(due, zone), None, []
    for _ in range(number):
        found.append(f"{due.astimezone(zone):%Y-%m-%d %H:%M}")
        follows = following(rule, due, zone=zone, former=former)
        if follows is None:
            break
        former, due, rule = due, follows.at, follows.rule
    return found


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("FREQ=DAILY", "FREQ=DAILY"),
        ("rrule:freq=weekly;byday=mo,fr;", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("BYDAY=-1FR;FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=-1FR"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "FREQ=YEARLY;BYMONTHDAY=29;BYMONTH=2"),
        ("FREQ=DAILY;INTERVAL=2;UNTIL=20301231T235959Z", "FREQ=DAILY;INTERVAL=2;UNTIL=20301231T235959Z"),
    ],
)
def test_rules_are_stored_in_one_form(text, stored):
    assert normalized_rule(text) == stored


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not an empty part"),
        ("every monday", "not EVERY MONDAY"),
        ("FREQ=HOURLY", "value of FREQ"),
        ("FREQ=MINUTELY;COUNT=2", "value of FREQ"),
        ("INTERVAL=2", "FREQ is missing"),
        ("FREQ=DAILY;BYHOUR=9,10", "not BYHOUR"),
        ("FREQ=DAILY;FREQ=WEEKLY", "Give FREQ once"),
        ("FREQ=DAILY;COUNT=0", "value of COUNT"),
        ("FREQ=DAILY;INTERVAL=1000", "value of INTERVAL"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20301231", "not both"),
        ("FREQ=DAILY;UNTIL=20301331", "UNTIL is no date"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "value of BYMONTHDAY"),
        ("FREQ=YEARLY;BYMONTH=13", "value of BYMONTH"),
        ("FREQ=WEEKLY;BYDAY=1MO", "FREQ=MONTHLY"),
        ("FREQ=DAILY;BYMONTH=2", "BYMONTH needs"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO", "FREQ=WEEKLY"),
        ("FREQ=DAILY\nDTSTART:20260101", "value of FREQ"),
        ("FREQ=DAILY;COUNT=٣", "value of COUNT"),
    ],
)
def test_other_rules_are_refused_with_the_cause(text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        normalized_rule(text)


@pytest.mark.parametrize(
    ("rule", "due", "found"),
    [
        ("FREQ=DAILY;INTERVAL=3", "2026-02-27 09:00", ["2026-02-27", "2026-03-02", "2026-03-05"]),
        ("FREQ=WEEKLY;BYDAY=MO,WE", "2026-11-30 09:00", ["2026-11-30", "2026-12-02", "2026-12-07"]),
        # A month without a 31st has no date.
        ("FREQ=MONTHLY", "2026-01-31 09:00", ["2026-01-31", "2026-03-31", "2026-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31 09:00", ["2026-01-31", "2026-02-28", "2026-03-31"]),
        (
            "FREQ=MONTHLY;BYDAY=MO,FR;BYSETPOS=-1",
            "2026-01-30 09:00",
            ["2026-01-30", "2026-02-27", "2026-03-30"],
        ),
        ("FREQ=YEARLY", "2024-02-29 09:00", ["2024-02-29", "2028-02-29", "2032-02-29"]),
        # 2100 is no leap year.
        ("FREQ=YEARLY", "2096-02-29 09:00", ["2096-02-29", "2104-02-29", "2108-02-29"]),
    ],
)
def test_dates_follow_by_the_rule(rule, due, found):
    assert dates(rule, due) == [f"{day} 09:00" for day in found]


def test_a_count_ends_the_series_and_counts_the_first_task():
    assert dates("FREQ=DAILY;COUNT=2", "2026-01-01 09:00", number=9) == [
        "2026-01-01 09:00",
        "2026-01-02 09:00",
    ]


@pytest.mark.parametrize(
    ("until", "last"),
    [
        ("20260102", "2026-01-02 09:00"),
        ("20260102T080000", "2026-01-01 09:00"),
        ("20260102T080000Z", "2026-01-02 09:00"),
    ],
)
def test_until_is_a_day_or_a_moment(until, last):
    found = dates(f"FREQ=DAILY;UNTIL={until}", "2026-01-01 09:00", zone=BERLIN, number=9)

    assert found[-1] == last


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTH=5",
        "FREQ=YEARLY;INTERVAL=11",
    ],
)
def test_what_never_comes_within_ten_years_has_ended(rule):
    assert following(rule, moment("2026-01-01 09:00"), zone=UTC) is None


def test_no_date_is_after_the_last_year():
    assert following("FREQ=YEARLY", moment("9999-06-01 09:00"), zone=UTC) is None
    assert following("FREQ=DAILY", moment("9999-12-31 23:30"), zone=NEW_YORK) is None


@pytest.mark.parametrize(
    ("zone", "day"), [(BERLIN, "2026-03-27"), (BERLIN, "2026-10-23"), (NEW_YORK, "2026-03-06")]
)
def test_nine_o_clock_stays_nine_o_clock_when_clocks_change(zone, day):
    found = dates("FREQ=DAILY", f"{day} 09:00", zone=zone, number=5)

    assert [text[11:] for text in found] == ["09:00"] * 5
    assert len({moment(text, zone).hour for text in found}) == 2


def test_a_time_that_the_clock_skips_comes_back_the_day_after():
    found = dates("FREQ=DAILY", "2026-03-28 02:30", zone=BERLIN)

    assert found == ["2026-03-28 02:30", "2026-03-29 03:30", "2026-03-30 02:30"]


def test_a_reminder_stays_as_long_before_by_the_clock_on_the_wall():
    old, new = moment("2026-03-28 09:00", BERLIN), moment("2026-03-29 09:00", BERLIN)
    moved = moved_along(moment("2026-03-27 18:00", BERLIN), old=old, new=new, zone=BERLIN)

    assert moved == moment("2026-03-28 18:00", BERLIN)
