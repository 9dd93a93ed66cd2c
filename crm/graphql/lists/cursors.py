"""Cursors: the place of a row in the order of a list, and the rows that follow it.

A cursor holds the values that the row had in the columns of the order, and a mark of the list and the order
it was made for. It is no permission: the rows that follow are those that the caller sees, as ever.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson
from django.db.models import Field, Q

from crm.errors import BadUserInput
from crm.graphql.lists.ordering import Key

VERSION = 1
#: Bytes of the mark of a list and its order: they tell mistakes, not forgery, which gains nothing.
MARK_BYTES = 6
LARGEST_NUMBER = 2**63
LONGEST_DECIMAL = 200


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment.astimezone(UTC)


def _whole(text: str) -> int:
    number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else LARGEST_NUMBER
    if abs(number) >= LARGEST_NUMBER:
        raise ValueError("no number of 64 bits")
    return number


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_DECIMAL or len(text) > LONGEST_DECIMAL:
        raise ValueError("no number")
    return number


def _text(text: str) -> str:
    if "\0" in text:
        raise ValueError("no text")
    return text


#: How a value is read from its text, which is PostgreSQL's or that of a cursor, by what its column holds.
READERS: dict[str, Callable[[str], Any]] = {
    "BooleanField": {"t": True, "f": False}.__getitem__,
    "CharField": _text,
    "DateField": date.fromisoformat,
    "DateTimeField": _moment,
    "DecimalField": _decimal,
    "TextField": _text,
    "UUIDField": uuid.UUID,
} | dict.fromkeys(
    (
        f"{size}{kind}Field"
        for size in ("", "Big", "Small", "Positive", "PositiveBig", "PositiveSmall")
        for kind in ("Integer", "Auto")
    ),
    _whole,
)


def read_value(field: Field[Any, Any], text: str) -> Any:
    """Read a value of a column from its text.

    :raises ValueError: if it is none.
    """
    try:
        return READERS[field.get_internal_type()](text)
    except (KeyError, OverflowError, InvalidOperation) as error:
        raise ValueError("no value of the column") from error


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _mark(name: str, keys: Sequence[Key]) -> str:
    order = "".join(f" {key.name} {'desc' if key.descending else 'asc'}" for key in keys)
    return hashlib.blake2b(f"{name}{order}".encode(), digest_size=MARK_BYTES).hexdigest()


def encode(name: str, keys: Sequence[Key], values: Sequence[Any]) -> str:
    """Give the cursor of a row.

    :param name: of the list.
    :param values: what the row has in the columns of the order.
    """
    written = [None if value is None else _written(value) for value in values]
    held = orjson.dumps([VERSION, _mark(name, keys), *written])
    return base64.urlsafe_b64encode(held).rstrip(b"=").decode()


def decode(name: str, keys: Sequence[Key], cursor: str) -> tuple[Any, ...]:
    """Give the values that a row had in the columns of the order.

    :raises BadUserInput: if the text is no cursor, or one of another list or another order.
    """
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        held = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        held = None
    match held:
        case [int(version), str(mark), *written] if version == VERSION:
            pass
        case _:
            raise BadUserInput("The argument after is no cursor.")
    if mark != _mark(name, keys):
        raise BadUserInput(
            "The cursor belongs to another list or another order: ask for it with the orderBy it came from."
        )
    try:
        return tuple(_read(key, text) for key, text in zip(keys, written, strict=True))
    except ValueError:
        raise BadUserInput("The argument after is no cursor.") from None


def _read(key: Key, text: Any) -> Any:
    if text is None and key.nullable:
        return None
    if not isinstance(text, str):
        raise ValueError("no text")
    return read_value(key.field, text)


def following(keys: Sequence[Key], values: Sequence[Any]) -> list[Q]:
    """Give the conditions of the rows after a place: of each part of the list, in their order.

    The rows without a value in the first column are a part of their own, since the index gives the others
    from the place on.

    :param values: of the place in each column; what is not None may be an expression.
    """
    first, value = keys[0], values[0]
    rest = _after(keys[1:], values[1:])
    empty = Q(**{f"{first.name}__isnull": True})
    if value is None:
        return [empty & (rest or Q())]
    filled = _reached(first, value, rest)
    return [filled, empty] if first.nullable else [filled]


def _reached(key: Key, value: Any, rest: Q | None) -> Q:
    """Give the condition in the form that PostgreSQL can start an index at."""
    way = "lt" if key.descending else "gt"
    beyond = Q(**{f"{key.name}__{way}": value})
    return beyond if rest is None else Q(**{f"{key.name}__{way}e": value}) & (beyond | rest)


def _after(keys: Sequence[Key], values: Sequence[Any]) -> Q | None:
    condition: Q | None = None
    for key, value in reversed(list(zip(keys, values, strict=True))):
        empty = Q(**{f"{key.name}__isnull": True})
        if value is None:
            condition = empty if condition is None else empty & condition
            continue
        condition = _reached(key, value, condition)
        if key.nullable:
            condition |= empty
    return condition
