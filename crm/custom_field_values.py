"""Read values of defined custom fields into the form in which each kind is stored."""

import json
import math
import re
from collections.abc import Callable, Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from crm.dates import read_date
from crm.json_texts import InexactNumber, is_exact
from crm.texts import name_key

#: A value as it is stored.
CustomFieldValue = str | float | bool

LONGEST_NUMBER = 300
#: Integers that both databases compare without rounding; SQLite takes larger ones for floats.
SMALLEST_INTEGER, LARGEST_INTEGER = -(2**63), 2**63 - 1
INEXACT = "This number has more digits than can be kept exactly: shorten it, or keep it in a text field."
#: "on" is what a browser sends for a ticked box without a value.
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "t", "y", "1"), True),
    **dict.fromkeys(("false", "no", "off", "f", "n", "0"), False),
}
_is_web_address = URLValidator(schemes=["http", "https"])


def finite(number: float) -> float:
    """Return a number that every database can compare.

    :raises ValueError: if it is infinite, not a number, or too large.
    """
    # An integer too large for a double makes isfinite raise.
    try:
        if math.isfinite(number):
            return number
    except OverflowError:
        pass
    raise ValueError("Expected a finite number.")


def read_number(value: object) -> float:
    """Read a number, or a text with a number, of which no digit is lost.

    :raises ValueError: if the value is neither, or cannot be kept exactly.
    """
    if isinstance(value, str):
        return _spelled_number(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Expected a number.")
    number = finite(value)
    is_safe = isinstance(value, float) or SMALLEST_INTEGER <= value <= LARGEST_INTEGER
    if isinstance(value, InexactNumber) or not (is_safe or is_exact(str(value), float(value))):
        raise ValueError(INEXACT)
    return number


def _spelled_number(text: str) -> float:
    # float() would also read "inf", "1_000" and digits of other scripts.
    spelled = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", text)
    if not spelled or len(text) > LONGEST_NUMBER:
        raise ValueError("Expected a number.")
    if not (spelled[1] or spelled[2]):
        return read_number(int(text))
    number = finite(float(text))
    if not is_exact(text, number):
        raise ValueError(INEXACT)
    return number


def _read_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("Expected text.")
    return str(value).strip()


def _read_date(value: object) -> str:
    return read_date(value).isoformat()


def _read_boolean(value: object) -> bool:
    read = _truth(value)
    if read is None:
        raise ValueError("Expected true or false.")
    return read


def _truth(value: object) -> bool | None:
    if isinstance(value, list):
        box = checked(value)
        return None if box is None else _truth(box)
    return None if isinstance(value, float) else _WORDS.get(str(value).strip().casefold())


def checked(values: Sequence[object]) -> object:
    """Return the value of a ticked box that comes as a list; None if the list is no such box.

    A form sends a hidden "0" before or after the "1" of the box, so that an empty box says something too.
    """
    if not 1 <= len(values) <= 2 or any(isinstance(each, list) or _truth(each) is None for each in values):
        return None
    return next((each for each in values if _truth(each)), values[-1])


def _read_web_address(value: object) -> str:
    text = _read_text(value)
    try:
        _is_web_address(text)
    except ValidationError:
        raise ValueError("Expected a web address that starts with http:// or https://.") from None
    return text


_READERS: dict[str, Callable[[object], CustomFieldValue]] = {
    "TEXT": _read_text,
    "NUMBER": read_number,
    "DATE": _read_date,
    "BOOLEAN": _read_boolean,
    "URL": _read_web_address,
}


def read_value(kind: str, value: object, choices: Sequence[str] = ()) -> CustomFieldValue:
    """Read a value into the form in which its kind is stored.

    That is text, a JSON number, YYYY-MM-DD, true or false, a choice as it is defined, or a web address.

    :raises ValueError: if the value is of another kind.
    """
    if kind != "CHOICE":
        return _READERS[kind](value)
    for choice in choices:
        if isinstance(value, str) and name_key(value) == name_key(choice):
            return choice
    raise ValueError(f"Expected one of {', '.join(choices)}.")


def written(value: object) -> str:
    """Return a stored value as the cell of a file holds it: a text as it is, another value as JSON."""
    return value if isinstance(value, str) else _json_text(value)


def _json_text(value: object) -> str:
    # As PostgreSQL writes them, without an exponent for small numbers: exports may let it write the cells.
    if isinstance(value, float) and "e-" in (text := repr(value)):
        return format(Decimal(text), "f")
    if isinstance(value, list):
        return f"[{', '.join(map(_json_text, value))}]"
    if isinstance(value, dict):
        pairs = (
            f"{json.dumps(name, ensure_ascii=False)}: {_json_text(each)}" for name, each in value.items()
        )
        return f"{{{', '.join(pairs)}}}"
    return json.dumps(value, ensure_ascii=False)
