"""Recurrence of tasks: a rule of RFC 5545 (RRULE) as text, and the moment that follows by it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, UTC, datetime, time, tzinfo

from dateutil.rrule import rrulestr

_DAY = "(?:MO|TU|WE|TH|FR|SA|SU)"
_NUMBERED_DAY = f"(?:[+-]?(?:[1-9]|[1-4][0-9]|5[0-3]))?{_DAY}"
_MONTH_DAY = "-?(?:[1-9]|[12][0-9]|3[01])"
_MONTH = "(?:[1-9]|1[0-2])"
_PLACE = "-?(?:[1-9][0-9]?|[12][0-9]{2}|3[0-5][0-9]|36[0-6])"


def _list(item: str) -> str:
    return f"{item}(?:,{item})*"


#: The parts that a rule may have, in the order in which they are stored. Those of the time of day are left
#: out: a task repeats at most once a day.
PARTS: Mapping[str, str] = {
    "FREQ": "DAILY|WEEKLY|MONTHLY|YEARLY",
    "INTERVAL": "[1-9][0-9]{0,2}",
    "COUNT": "[1-9][0-9]{0,2}",
    "UNTIL": "[0-9]{8}(?:T[0-9]{6}Z?)?",
    "BYDAY": _list(_NUMBERED_DAY),
    "BYMONTHDAY": _list(_MONTH_DAY),
    "BYMONTH": _list(_MONTH),
    "BYSETPOS": _list(_PLACE),
    "WKST": _DAY,
}
#: The parts that only these frequencies have: with others, a date may be searched for in thousands of weeks.
MONTHLY_PARTS = frozenset({"BYMONTHDAY", "BYMONTH", "BYSETPOS"})
#: A rule without a date in so many years has ended. 29 February is at most eight years from the one before.
HORIZON = 10
#: Years after which the calendar repeats, leap days and days of the week included.
CYCLE = 400
EXAMPLE = "Enter a rule such as FREQ=WEEKLY;BYDAY=MO."


@dataclass(frozen=True, kw_only=True)
class Following:
    """What follows a date by a rule: the moment, and the rule from then on, with one repetition less."""

    at: datetime
    rule: str


def normalized_rule(text: str) -> str:
    """Return a rule in the form in which it is stored.

    :raises ValueError: with a sentence that says what is wrong.
    """
    return _written(_parsed(text))


def _parsed(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.strip().upper().removeprefix("RRULE:").rstrip(";").split(";"):
        name, _, value = part.partition("=")
        if name not in PARTS:
            allowed = ", ".join(PARTS)
            raise ValueError(f"{EXAMPLE} It may have {allowed}, and not {name[:20] or 'an empty part'}.")
        if name in parts:
            raise ValueError(f"Give {name} once.")
        if not re.fullmatch(PARTS[name], value, re.ASCII):
            raise ValueError(f"{EXAMPLE} The value of {name} is not understood.")
        parts[name] = value
    if "FREQ" not in parts:
        raise ValueError(f"{EXAMPLE} FREQ is missing.")
    if {"COUNT", "UNTIL"} <= parts.keys():
        raise ValueError("Give COUNT or UNTIL, not both.")
    _check_frequency(parts)
    try:
        _end(parts, UTC)
    except ValueError:
        raise ValueError("UNTIL is no date.") from None
    return parts


def _check_frequency(parts: Mapping[str, str]) -> None:
    frequency = parts["FREQ"]
    if frequency not in ("DAILY", "WEEKLY"):
        return
    surplus = sorted(MONTHLY_PARTS & parts.keys())
    if surplus:
        raise ValueError(f"{surplus[0]} needs FREQ=MONTHLY or FREQ=YEARLY.")
    if re.search("[0-9]", parts.get("BYDAY", "")):
        raise ValueError("Numbered days, such as 1MO, need FREQ=MONTHLY or FREQ=YEARLY.")
    if frequency == "DAILY" and "BYDAY" in parts and parts.get("INTERVAL", "1") != "1":
        raise ValueError("BYDAY with an INTERVAL needs FREQ=WEEKLY.")


def _written(parts: Mapping[str, str], *, without: tuple[str, ...] = ()) -> str:
    return ";".join(f"{name}={parts[name]}" for name in PARTS if name in parts and name not in without)


def _end(parts: Mapping[str, str], zone: tzinfo) -> datetime | None:
    """Return the last moment of a rule by the clock on the wall, or None."""
    if "UNTIL" not in parts:
        return None
    text = parts["UNTIL"]
    if "T" not in text:
        return datetime.combine(datetime.strptime(text, "%Y%m%d"), time.max)  # noqa: DTZ007 - wall clock
    moment = datetime.strptime(text.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007 - wall clock
    return on_wall(moment.replace(tzinfo=UTC), zone) if text.endswith("Z") else moment


def on_wall(moment: datetime, zone: tzinfo) -> datetime:
    """Return a moment as the clock on the wall shows it, without a time zone."""
    return moment.astimezone(zone).replace(tzinfo=None)


def off_wall(wall: datetime, zone: tzinfo) -> datetime:
    """Return the moment at which the clock on the wall shows this; a time that it skips is moved behind."""
    return wall.replace(tzinfo=zone).astimezone(UTC)


def following(rule: str, due: datetime, *, zone: tzinfo, former: datetime | None = None) -> Following | None:
    """Return the first date of a stored rule after a due date, at the same time of day; None if it has ended.

    COUNT counts the task with the due date too.

    :param zone: whose clock and calendar count, so that nine o'clock stays nine o'clock in summer.
    :param former: the due date of the task before, which knows the time of day where the clock skipped it.
    """
    parts = _parsed(rule)
    left = int(parts.get("COUNT", "2"))
    if left < 2:
        return None
    wall = _intended(due, zone, former)
    found, end = _next(parts, wall), _end(parts, zone)
    if found is None or (end is not None and found > end):
        return None
    if "COUNT" in parts:
        parts["COUNT"] = str(left - 1)
    try:
        return Following(at=off_wall(found, zone), rule=_written(parts))
    except (OverflowError, ValueError):
        # After the year 9999 no calendar goes on.
        return None


def _next(parts: Mapping[str, str], wall: datetime) -> datetime | None:
    """Return the first date of a rule after its start, by the clock on the wall."""
    # The library searches until the year 9999 for what never comes, such as 30 February. It begins some
    # cycles later, so that it soon gets there.
    shift = (MAXYEAR - HORIZON - wall.year) // CYCLE * CYCLE
    start = wall.replace(year=wall.year + shift)
    found: datetime | None = rrulestr(_written(parts, without=("COUNT", "UNTIL")), dtstart=start).after(start)
    if found is None or found.year - start.year > HORIZON or found.year - shift > MAXYEAR:
        return None
    return found.replace(year=found.year - shift)


def _intended(due: datetime, zone: tzinfo, former: datetime | None) -> datetime:
    """Return a due date on the wall, with its usual time of day on the day on which the clock skips it."""
    wall = on_wall(due, zone).replace(microsecond=0)
    if former is None:
        return wall
    usual = datetime.combine(wall.date(), on_wall(former, zone).time().replace(microsecond=0))
    return usual if off_wall(usual, zone) == due.replace(microsecond=0) else wall


def moved_along(moment: datetime, *, old: datetime, new: datetime, zone: tzinfo) -> datetime:
    """Return a moment moved as a due date was, by the clock on the wall."""
    return off_wall(on_wall(new, zone) - (on_wall(old, zone) - on_wall(moment, zone)), zone)
