"""The days of members and companies, on days on which clocks change and on leap days."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from crm.actors import system_actor
from crm.dates import bounds_of, check_time_zone, time_zones, today_in, zone_named
from crm.models import Company, User
from crm.services import days

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("zone", "day", "first", "hours"),
    [
        ("Europe/Madrid", date(2026, 7, 1), "2026-06-30T22:00Z", 24),
        # Clocks are put forward, and back.
        ("Europe/Madrid", date(2026, 3, 29), "2026-03-28T23:00Z", 23),
        ("Europe/Madrid", date(2026, 10, 25), "2026-10-24T22:00Z", 25),
        # Midnight itself is left out: the day begins at 1:00.
        ("America/Sao_Paulo", date(2018, 11, 4), "2018-11-04T03:00Z", 23),
        ("Asia/Kathmandu", date(2028, 2, 29), "2028-02-28T18:15Z", 24),
        ("Pacific/Kiritimati", date(2028, 3, 1), "2028-02-29T10:00Z", 24),
    ],
)
def test_a_day_is_as_long_as_the_clock_says(zone, day, first, hours):
    begins, ends = bounds_of(day, ZoneInfo(zone))

    assert (begins, ends - begins) == (datetime.fromisoformat(first), hours * HOUR)
    last = ends - timedelta(microseconds=1)
    assert {moment.astimezone(ZoneInfo(zone)).date() for moment in (begins, last)} == {day}
    assert ends.astimezone(ZoneInfo(zone)).date() == day + timedelta(days=1)


def test_only_names_of_time_zones_are_time_zones():
    for name in (None, "", "Europe/Madrid"):
        check_time_zone(name)
    for bad in ("Mars/Olympus", "europe/madrid", "+02:00", "../../etc/passwd", "Europe"):
        with pytest.raises(ValueError, match="Enter the name of a time zone"):
            check_time_zone(bad)
    assert all(len(name) <= 64 for name in time_zones())


def test_the_first_zone_that_exists_counts():
    assert zone_named("Mars/Olympus", None, "Asia/Tokyo", "Europe/Madrid") == ZoneInfo("Asia/Tokyo")
    assert zone_named(None, "") is UTC
    assert today_in("Mars/Olympus") == today_in(None)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("own", "of_company", "expected"),
    [
        ("Pacific/Kiritimati", "Asia/Tokyo", "Pacific/Kiritimati"),
        (None, "Asia/Tokyo", "Asia/Tokyo"),
        ("Mars/Olympus", "Asia/Tokyo", "Asia/Tokyo"),
        (None, None, "UTC"),
    ],
)
def test_a_member_lives_in_their_own_zone_or_in_that_of_the_company(
    tenant, actors, own, of_company, expected
):
    User.objects.filter(pk=tenant.users["agent"].pk).update(timezone=own)
    Company.objects.filter(pk=tenant.company.pk).update(timezone=of_company)
    moment = datetime(2026, 3, 28, 23, 30, tzinfo=UTC)
    day = moment.astimezone(ZoneInfo(expected)).date()

    assert str(days.zone_of(actors.agent)) == expected
    assert days.day_of(actors.agent, moment) == day
    assert days.bounds_of_day(actors.agent, day) == bounds_of(day, ZoneInfo(expected))
    assert days.today_of(actors.agent) == datetime.now(ZoneInfo(expected)).date()
    # The product itself has the days of the company, and so have its reports.
    of_reports = days.zone_of_company(tenant.company.pk)
    assert str(of_reports) == (of_company or "UTC")
    assert days.zone_of(system_actor(tenant.company.pk)) == of_reports
