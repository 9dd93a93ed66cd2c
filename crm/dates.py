"""Days as people and programs type them: ISO 8601 alone, with a year of four digits."""

import re
from datetime import UTC, date, datetime, time, tzinfo
from zoneinfo import ZoneInfo

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


def today_in(zone: str | None) -> date:
    """Return the present day in a time zone, or in UTC."""
    return datetime.now(ZoneInfo(zone) if zone else UTC).date()


def zone_of(*names: str | None) -> tzinfo:
    """Return the first named time zone that there is, or UTC."""
    for name in names:
        if name:
            try:
                return ZoneInfo(name)
            # A name that was stored before names were checked, or that the system no longer knows.
            except (KeyError, OSError, ValueError):
                continue
    return UTC


def start_of(day: date, zone: tzinfo) -> datetime:
    """Return the moment, in UTC, at which a day begins in a time zone."""
    # In UTC: sums with moments of one time zone would ignore that its clock is changed.
    return datetime.combine(day, time(), zone).astimezone(UTC)
