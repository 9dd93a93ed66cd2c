"""Cursors: the position of a row in the order of a list, and the rows after it (ADR 14).

A cursor holds the row's values in the columns of the order, and a fingerprint of the list and the order. It
grants nothing: the rows after it are those that the caller may see.
"""

import base64
import hashlib
import re
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

import orjson
from django.db.models import Q

from crm.errors import BadUserInput
from crm.graphql.core.fields import ModelField
from crm.graphql.lists.ordering import Key

VERSION = 1
#: Bytes of the fingerprint. It shall detect mistakes, not forgery: a forged cursor gains nothing.
FINGERPRINT_BYTES = 6
LARGEST_NUMBER = 2**63
LONGEST_DECIMAL = 200
UNREADABLE = "The argument after is not a cursor: pass the endCursor of a page."
FOREIGN = "The cursor belongs to another list or another order: use the orderBy that it came from."


def _read_datetime(text: str) -> datetime:
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("no offset")
    return value.astimezone(UTC)


def _read_integer(text: str) -> int:
    number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else LARGEST_NUMBER
    if abs(number) >= LARGEST_NUMBER:
        raise ValueError("not a number of 64 bits")
    return number


def _read_decimal(text: str) -> Decimal:
    number = Decimal(text)
    # A short cursor can spell a number of many digits, such as 1E+100000.
    if not number.is_finite() or abs(number.adjusted()) > LONGEST_DECIMAL or len(text) > LONGEST_DECIMAL:
        raise ValueError("not a number")
    return number


def _read_text(text: str) -> str:
    # psycopg raises DataError for NUL, which would be answered as INTERNAL.
    if "\0" in text:
        raise ValueError("not a text")
    return text


#: Read a value from the text that PostgreSQL, or a cursor, has for it: by the internal type of the column.
READERS: dict[str, Callable[[str], object]] = {
    "BooleanField": {"t": True, "f": False}.__getitem__,
    "CharField": _read_text,
    "DateField": date.fromisoformat,
    "DateTimeField": _read_datetime,
    "DecimalField": _read_decimal,
    "TextField": _read_text,
    "UUIDField": uuid.UUID,
} | dict.fromkeys(
    (
        f"{size}{kind}Field"
        for size in ("", "Big", "Small", "Positive", "PositiveBig", "PositiveSmall")
        for kind in ("Integer", "Auto")
    ),
    _read_integer,
)


def read_value(field: ModelField, text: str) -> object:
    """Read a value of a column from its text; raise ``ValueError`` if it is none."""
    try:
        return READERS[field.get_internal_type()](text)
    except (KeyError, OverflowError, InvalidOperation) as error:
        raise ValueError("not a value of the column") from error


def _write_value(value: object) -> str:
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)


def _fingerprint(name: str, keys: Sequence[Key]) -> str:
    order = "".join(f" {key.name} {'desc' if key.descending else 'asc'}" for key in keys)
    return hashlib.blake2b(f"{name}{order}".encode(), digest_size=FINGERPRINT_BYTES).hexdigest()


def encode(name: str, keys: Sequence[Key], values: Sequence[object]) -> str:
    """Return the cursor of a row of a list from its values in the columns of the order."""
    texts = [None if value is None else _write_value(value) for value in values]
    content = orjson.dumps([VERSION, _fingerprint(name, keys), *texts])
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode(name: str, keys: Sequence[Key], cursor: str) -> tuple[object, ...]:
    """Return the values of a cursor; refuse one of another list or another order."""
    padded = cursor + "=" * (-len(cursor) % 4)
    try:
        content = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except ValueError:
        content = None
    match content:
        case [int(version), str(fingerprint), *texts] if version == VERSION:
            pass
        case _:
            raise BadUserInput(UNREADABLE)
    if fingerprint != _fingerprint(name, keys):
        raise BadUserInput(FOREIGN)
    try:
        return tuple(_read(key, text) for key, text in zip(keys, texts, strict=True))
    except ValueError:
        raise BadUserInput(UNREADABLE) from None


def _read(key: Key, text: object) -> object:
    if text is None and key.nullable:
        return None
    if not isinstance(text, str):
        raise ValueError("not a text")
    return read_value(key.field, text)


def conditions_after(keys: Sequence[Key], values: Sequence[object]) -> list[Q]:
    """Return the conditions for the rows after a position, one for each part of the list, in order.

    Rows without a value in the first column are a part of their own: PostgreSQL could not start an index at
    the position in a condition for both. A value that is not None may be an expression.
    """
    first, value = keys[0], values[0]
    rest = _after(keys[1:], values[1:])
    is_null = Q(**{f"{first.name}__isnull": True})
    if value is None:
        return [is_null & (rest or Q())]
    with_value = _beyond(first, value, rest)
    return [with_value, is_null] if first.nullable else [with_value]


def _beyond(key: Key, value: object, rest: Q | None) -> Q:
    lookup = "lt" if key.descending else "gt"
    beyond = Q(**{f"{key.name}__{lookup}": value})
    # "a >= x AND (a > x OR rest)" means "a > x OR (a = x AND rest)", but only a condition on the column
    # outside of the OR lets PostgreSQL start an index there.
    return beyond if rest is None else Q(**{f"{key.name}__{lookup}e": value}) & (beyond | rest)


def _after(keys: Sequence[Key], values: Sequence[object]) -> Q | None:
    # From the last column to the first: each decides only among rows that are equal in those before it.
    condition: Q | None = None
    for key, value in reversed(list(zip(keys, values, strict=True))):
        is_null = Q(**{f"{key.name}__isnull": True})
        if value is None:
            condition = is_null if condition is None else is_null & condition
            continue
        condition = _beyond(key, value, condition)
        if key.nullable:
            condition |= is_null
    return condition
