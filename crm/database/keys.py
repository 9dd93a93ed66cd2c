"""Parse the keys that clients send: primary keys and UUIDs."""

import re
import uuid

from django.db import models

LARGEST_ID = 2**63 - 1
_DIGITS = re.compile(r"[0-9]{1,19}")


def parse_id(value: object) -> int | None:
    """Return a primary key, or None unless the value is ASCII digits that fit 64 bits."""
    if type(value) is int:
        return value if 0 <= value <= LARGEST_ID else None
    text = str(value).strip()
    # int() would also accept digits of other scripts, signs and underscores.
    if not _DIGITS.fullmatch(text) or isinstance(value, bool):
        return None
    number = int(text)
    return number if number <= LARGEST_ID else None


def parse_uuid(value: object) -> uuid.UUID | None:
    """Return a UUID from any spelling that ``uuid.UUID`` accepts, else None."""
    try:
        return uuid.UUID(str(value).strip())
    except ValueError:
        return None


def named_key(model: type[models.Model], key: object) -> tuple[str, int | uuid.UUID] | None:
    """Return the column and the value of a key, or None if it is neither a number nor a UUID."""
    number = parse_id(key)
    if number is not None:
        return "pk", number
    identifier = parse_uuid(key) if hasattr(model, "uuid") else None
    return None if identifier is None else ("uuid", identifier)
