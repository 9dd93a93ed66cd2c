"""Reads dates and decimals as people write them, once somebody has said how they do."""

import re
from datetime import datetime

ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
#: As address books write a birthday whose year nobody knows.
YEARLESS_DAY = re.compile(r"--[0-9]{1,2}-?[0-9]{1,2}")
#: Times that may follow a day.
_TIMES = (" %H:%M", " %H:%M:%S", ", %H:%M", " %I:%M %p", " %I:%M:%S %p")
_NUMERIC_DAY = re.compile(r"([0-9]{1,4})([./-])([0-9]{1,2})\2([0-9]{1,4})")
_NAMED_MONTH = re.compile(r"[0-9]{1,2}[. ]+[^\W\d_]{3,}[. ]+[0-9]{4}")
#: What people set between thousands: spaces of two kinds more, and both apostrophes.
_BETWEEN = " '\u2019\u00a0\u202f"
_GROUPED = {
    ",": re.compile(rf"[-+]?(?:[0-9]{{1,3}}(?:[.{_BETWEEN}][0-9]{{3}})+|[0-9]+)(?:,[0-9]+)?"),
    ".": re.compile(rf"[-+]?(?:[0-9]{{1,3}}(?:[,{_BETWEEN}][0-9]{{3}})+|[0-9]+)(?:\.[0-9]+)?"),
}
_PLAIN: dict[str, dict[int, str | None]] = {
    ",": {**dict.fromkeys(map(ord, "." + _BETWEEN)), ord(","): "."},
    ".": {**dict.fromkeys(map(ord, "," + _BETWEEN))},
}


def read_day(text: str, form: str) -> str:
    """Return a day in ISO 8601.

    :param form: one of ``strptime``; a day that is in ISO 8601 already is always read as that.
    :raises ValueError: if it is in neither form.
    """
    if ISO_DAY.fullmatch(text):
        return text
    # Only the day counts, which has no time zone.
    return datetime.strptime(text, form).date().isoformat()  # noqa: DTZ007


def read_moment(text: str, form: str) -> str:
    """Return a day, or a day with its time, in ISO 8601.

    :param form: one of ``strptime``, of the day alone or with a time; ISO 8601 is always read as that.
    :raises ValueError: if it is in neither form.
    """
    if ISO_DAY.match(text):
        return text
    times = ("",) if "%H" in form or "%I" in form else ("", *_TIMES)
    for time in times:
        try:
            return datetime.strptime(text, form + time).isoformat(" ")  # noqa: DTZ007 - the company's zone
        except ValueError:
            continue
    raise ValueError(text)


def forms_of_day(text: str) -> list[str]:
    """Return the forms in which a text may be a date, as people type them; none if it needs no form."""
    if _NAMED_MONTH.fullmatch(text):
        return ["'DD MMM YYYY'"]
    found = _NUMERIC_DAY.fullmatch(text)
    if found is None or ISO_DAY.fullmatch(text):
        return []
    first, sign, second, last = found.groups()
    year = "YYYY" if max(len(first), len(last)) > 2 else "YY"
    if len(first) > 2:
        orders = [(year, "MM", "DD"), (year, "DD", "MM")]
        numbers = {1: second, 2: last}
    else:
        orders = [("DD", "MM", year), ("MM", "DD", year)]
        numbers = {0: first, 1: second}
    possible = [order for order in orders if int(numbers[order.index("MM")]) <= 12]
    return [sign.join(order) for order in possible[: 1 if year == "YYYY" and len(first) > 2 else 2]]


def read_decimal(text: str, sign: str) -> str:
    """Return a number with a point before its decimals, and nothing between thousands.

    :raises ValueError: if it is no number whose decimals stand after ``sign``.
    """
    if not _GROUPED[sign].fullmatch(text):
        raise ValueError(text)
    return text.translate(_PLAIN[sign])


def has_decimal_comma(text: str) -> bool:
    """Return whether a number may have a comma before its decimals: nobody can know without being told."""
    return "," in text and bool(_GROUPED[","].fullmatch(text))


def has_comma_between(text: str) -> bool:
    """Return whether a number can only have commas between thousands, such as ``12,000.50``."""
    return "," in text and not has_decimal_comma(text) and bool(_GROUPED["."].fullmatch(text))
