"""Custom fields of payload keys that nothing maps: under which name each is kept, and which are not."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from crm.models.custom_fields import LONGEST_NAME
from crm.texts import is_blank, normalized, normalized_json, single_line
from leads.routing.drafts import Details, Payload

#: More would make one lead's record of a sender's whole database.
MOST_FIELDS = 100


def field_name(key: str) -> str | None:
    """Return the name of the custom field that a key becomes; None if it cannot be one."""
    name = single_line(key)
    return None if is_blank(name) or len(name) > LONGEST_NAME else name


def as_fields(values: Mapping[str, Any] | Iterable[tuple[str, Any]]) -> Details:
    """Return the custom fields of keys and values: the first 100 that can be custom fields.

    Keys that are the same name, such as ``"a"`` and ``" a "``, are one field with a list of their values, as
    are fields of a form that come more than once.
    """
    pairs = values.items() if isinstance(values, Mapping) else values
    joined = _joined(pairs, field_name)
    return dict(list(joined.items())[:MOST_FIELDS])


def normalized_payload(payload: Payload) -> Details:
    """Return a payload with its texts and keys in NFC; keys that become equal are one, with both values."""
    pairs = _joined(payload.items(), normalized).items()
    return {key: normalized_json(value) for key, value in pairs}


def needs_order(payload: Payload) -> bool:
    """Return whether it matters in which order the keys of a payload were sent."""
    return len(payload) > MOST_FIELDS or len({field_name(key) for key in payload}) < len(payload)


def in_order(payload: Payload, order: Iterable[str] | None) -> Payload:
    """Return a payload with its keys in the given order: PostgreSQL keeps none."""
    return payload if order is None else {key: payload[key] for key in order if key in payload}


def _joined(pairs: Iterable[tuple[str, Any]], name_of: Callable[[str], str | None]) -> Details:
    values: dict[str, list[Any]] = {}
    for key, value in pairs:
        name = name_of(key)
        if name is not None:
            values.setdefault(name, []).append(value)
    return {name: each[0] if len(each) == 1 else _distinct(each) for name, each in values.items()}


def _distinct(values: list[Any]) -> Any:
    # By their JSON: to Python, 1, 1.0 and True are equal. A null says nothing beside another value.
    given = {json.dumps(value, sort_keys=True): value for value in values if value is not None}
    distinct = list(given.values())
    return distinct if len(distinct) > 1 else next(iter(distinct), None)
