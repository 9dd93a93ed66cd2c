"""What the values of defined custom fields are, and the one form in which each is stored."""

import math
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator

LONGEST_NUMBER = 300
_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_is_web_address = URLValidator(schemes=["http", "https"])


def finite(number: float) -> float:
    """Give a number back that every database can compare.

    :raises ValueError: if it is infinite, or too large.
    """
    try:
        if math.isfinite(number):
            return number
    except OverflowError:
        pass
    raise ValueError("Expected a finite number.")


def read_number(value: Any) -> float:
    """Read a number, given as one or as text that spells one.

    :raises ValueError: if it is none.
    """
    if isinstance(value, str):
        text = value.strip()
        spelled = re.fullmatch(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?", text)
        if spelled and len(text) <= LONGEST_NUMBER:
            value = float(text) if spelled[1] or spelled[2] else int(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("Expected a number.")
    return finite(value)


def _read_text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("Expected text.")
    return str(value).strip()


def _read_date(value: Any) -> str:
    message = "Expected a date such as 2026-01-31."
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value.strip()):
        raise ValueError(message)
    try:
        return date.fromisoformat(value.strip()).isoformat()
    except ValueError:
        raise ValueError(message) from None


def _read_boolean(value: Any) -> bool:
    text = str(value).strip().casefold()
    if isinstance(value, float) or text not in _WORDS:
        raise ValueError("Expected true or false.")
    return _WORDS[text]


def _read_web_address(value: Any) -> str:
    text = _read_text(value)
    try:
        _is_web_address(text)
    except ValidationError:
        raise ValueError("Expected a web address that starts with http:// or https://.") from None
    return text


_READERS = {
    "TEXT": _read_text,
    "NUMBER": read_number,
    "DATE": _read_date,
    "BOOLEAN": _read_boolean,
    "URL": _read_web_address,
}


def read_value(kind: str, value: Any, choices: Sequence[str] = ()) -> Any:
    """Read a value of a kind into the form in which it is stored.

    That is text, a JSON number, YYYY-MM-DD, true or false, the choice as it is defined, a web address.

    :raises ValueError: if the value is of another kind.
    """
    if kind != "CHOICE":
        return _READERS[kind](value)
    for choice in choices:
        if isinstance(value, str) and value.strip().casefold() == choice.casefold():
            return choice
    raise ValueError(f"Expected one of {', '.join(choices)}.")
