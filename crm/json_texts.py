"""Read strict JSON, of a bounded depth, and without losing digits of numbers unnoticed."""

import json
import math
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, NoReturn

NULL_CHARACTERS = "Null characters are not allowed."
HALF_CHARACTERS = "Half of a surrogate pair is not allowed: send whole characters."
_HALVES = re.compile("[\ud800-\udfff]")


#: Levels of lists and objects, as in the input of the API.
DEEPEST = 50
TOO_DEEP = f"JSON may be nested {DEEPEST} levels deep."

#: A string, or a bracket outside of strings. Possessive, so that no text takes more than one pass.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)


def fault_of(text: str) -> str | None:
    """Return why no database stores a text, None if it does."""
    # Most texts are ASCII, and Python knows that without a look at them.
    if not text.isascii() and _HALVES.search(text):
        return HALF_CHARACTERS
    return NULL_CHARACTERS if "\0" in text else None


class TooDeep(ValueError):
    """A JSON value has more levels than ``DEEPEST``."""


class InexactNumber(float):
    """A number of a JSON text that had more digits than a float keeps."""


def is_exact(text: str, number: float) -> bool:
    """Return whether a number keeps the value of the decimal that it was read from."""
    # The shortest decimal of a float is what all answers show: 0.1 is exact, although its bits are not.
    return Decimal(text) == Decimal(repr(number))


def read_json(text: str, *, inexact: Callable[[str], object] = InexactNumber) -> Any:
    """Return the value of a JSON text.

    :param inexact: makes the value of a number that loses digits as a float.
    :raises ValueError: if it is no JSON, or holds NaN or an infinity, which are none.
    :raises RecursionError: if it is nested too deep, unless ``check_depth_of_text`` has let it pass.
    """

    return _decoder(inexact).decode(text)


@lru_cache(maxsize=10)
def _decoder(inexact: Callable[[str], object]) -> json.JSONDecoder:
    # Kept: making one takes as long as reading a usual request.
    def number(literal: str) -> object:
        value = float(literal)
        # 1e999 is valid JSON, and becomes an infinity that no database stores as JSON.
        if math.isinf(value):
            raise ValueError(literal)
        return value if is_exact(literal, value) else inexact(literal)

    return json.JSONDecoder(parse_constant=_refuse, parse_float=number)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)


def check_depth_of_text(text: str) -> None:
    """Refuse a JSON text that is nested too deep for a parser's stack, whether it is valid or not.

    :raises TooDeep: if it is.
    """
    depth = 0
    for token in _TOKEN.finditer(text):
        if token[1]:
            depth += 1
            if depth > DEEPEST:
                raise TooDeep(TOO_DEEP)
        elif token[2]:
            depth -= 1


def faulty_texts(value: object) -> Iterator[tuple[str, str]]:
    """Yield the paths of the texts in a JSON value that no database stores, and why."""
    open_values: list[tuple[tuple[str, ...], object]] = [((), value)]
    while open_values:
        path, value = open_values.pop()
        if isinstance(value, list):
            open_values.extend(((*path, str(index)), item) for index, item in enumerate(value))
        elif isinstance(value, dict):
            faults = {name: fault_of(name) for name in value}
            yield from ((".".join(path), fault) for fault in faults.values() if fault)
            open_values.extend(((*path, name), item) for name, item in value.items() if not faults[name])
        elif isinstance(value, str) and (found := fault_of(value)):
            yield ".".join(path), found


def is_bounded(value: object) -> bool:
    """Return whether a JSON value is nested at most ``DEEPEST`` levels, and no number in it lost digits."""
    level = [value]
    # Level by level and not by recursion: the value may be deeper than the interpreter's stack.
    for _ in range(DEEPEST + 1):
        if any(isinstance(each, InexactNumber) for each in level):
            return False
        containers = [each for each in level if isinstance(each, dict | list)]
        if not containers:
            return True
        level = [item for each in containers for item in (each.values() if isinstance(each, dict) else each)]
    return False
