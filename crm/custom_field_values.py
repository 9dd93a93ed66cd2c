"""Read values of defined custom fields into the form in which each kind is stored."""

import math
import re
from collections.abc import Callable, Sequence
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

from crm.texts import name_key

#: A value as it is stored.
CustomFieldValue = str | float | bool

LONGEST_NUMBER = 300
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
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
    """Read a number, or a text with a number.

    :raises ValueError: if the value is neither.
    """
    if isinstance(value, str):
        text = value.strip()
        # float() would also read "inf", "1_000" and digits of other scripts.
        spelled = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", text)
        if spelled and len(text) <= LONGEST_NUMBER:
            value = float(text) if spelled[1] or spelled[2] else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Expected a number.")
    return finite(value)


def _read_text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("Expected text.")
    return str(value).strip()


def _read_date(value: object) -> str:
    message = "Expected a date such as 2026-01-31."
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        raise ValueError(message)
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        raise ValueError(message) from None


def _read_boolean(value: object) -> bool:
    text = str(value).strip().casefold()
    if isinstance(value, float) or text not in _WORDS:
        raise ValueError("Expected true or false.")
    return _WORDS[text]


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
