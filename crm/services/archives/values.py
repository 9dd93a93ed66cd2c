"""The values of columns in an archive: plain JSON, the same from both databases."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from django.db.models import (
    BinaryField,
    DateField,
    DecimalField,
    Field,
    FileField,
    JSONField,
    UUIDField,
)

AnyField = Field[Any, Any]


def written(field: AnyField, value: Any) -> Any:
    """Return the value of a column as an archive holds it."""
    if value is None or isinstance(field, JSONField):
        return value
    if isinstance(field, BinaryField):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(field, DateField):
        return value.isoformat()
    if isinstance(field, DecimalField | UUIDField | FileField):
        return str(value)
    return value


def read(field: AnyField, value: Any) -> Any:
    """Return the value for a column from what an archive holds.

    :raises ValueError: if it is none of the column's type; ValidationError likewise.
    """
    if value is None or isinstance(field, JSONField):
        return value
    if isinstance(field, BinaryField):
        return base64.b64decode(value, validate=True)
    return field.to_python(value)


def line(values: Mapping[str, Any]) -> bytes:
    """Return one row as a line, without its empty columns."""
    given = {name: value for name, value in values.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
