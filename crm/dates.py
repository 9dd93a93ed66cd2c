"""Days as people and programs type them (ISO 8601, a year of four digits), and days in a time zone."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

EXPECTED = "Expected a date such as 2026-01-31."
#: A browser's date field makes the year 0050 of "50", which is no year that anybody means.
SMALLEST_YEAR = 100
SHORT_YEAR = "Expected a year of four digits, such as 2026."
_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def parse_date(text: object) -> date:
    """Read a day of the form YYYY-MM-DD.

    :raises ValueError: with a sentence that says what is expected.
    """
    # Python would also read the other forms of ISO 8601, such as weeks.
    if not isinstance(text, str) or not _ISO.fullmatch(text.strip()):
        raise ValueError(EXPECTED)
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(EXPECTED) from None


def read_date(text: object) -> date:
    """Read a day that is to be stored: as ``parse_date``, but no year of two digits.

    :raises ValueError: with a sentence that says what is expected.
    """
    day = parse_date(text)
    check_year(day)
    return day


def check_year(day: date) -> None:
    """Refuse a year of two digits, which a form may fill up with zeros.

    :raises ValueError: with a sentence that says what is expected.
    """
    if day.year < SMALLEST_YEAR:
        raise ValueError(SHORT_YEAR)


@cache
def time_zones() -> frozenset[str]:
    """Return the names of all time zones."""
    # Cached: each call of Python's function reads the directory of time zones anew.
    return frozenset(available_timezones())


def check_time_zone(name: str | None) -> None:
    """Refuse a text that is not the name of a time zone; none at all is one.

    :raises ValueError: with a sentence that says what is expected.
    """
    if name and name not in time_zones():
        raise ValueError("Enter the name of a time zone, such as Europe/Paris.")


def zone_named(*names: str | None) -> tzinfo:
    """Return the first of some time zones that is given and exists, or UTC.

    One that was stored before names were checked counts as not given.
    """
    return next((ZoneInfo(name) for name in names if name and name in time_zones()), UTC)


def today_in(zone: str | None) -> date:
    """Return the present day in a time zone, or in UTC."""
    return datetime.now(zone_named(zone)).date()


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the first moment of a day in a time zone, in UTC."""
    # In UTC: sums with moments of one time zone would ignore that its clock is changed. On a day on which
    # clocks are put forward midnight may not exist; UTC then gives the first moment after.
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def bounds_of(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moment of a day and that of the next one, in UTC: 23 to 25 hours apart."""
    return start_of(day, zone), start_of(day + timedelta(days=1), zone)
