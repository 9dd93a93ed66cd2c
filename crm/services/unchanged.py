"""Tell, without a statement, that a record has all that a row of an import says.

Only of records that a batch has read ahead, and only where it is certain: whatever is spelled otherwise is
left to the service, which may find that nothing changes too.
"""

import json
from collections.abc import Callable, Mapping
from copy import copy
from typing import Any

from django.core.exceptions import ValidationError

from crm.database.rows_ahead import kept_row
from crm.models.records import Record
from crm.models.texts import stored_name_key
from crm.services import custom_fields, external_ids, imported, saving

#: What a row says to a new record alone.
OF_NEW = frozenset({"id", "created_at", *imported.NOTES})
#: Returns whether a record has a value of an input.
Check = Callable[[Any, Any], bool]


def has_all(record: Record, values: Mapping[str, Any], checks: Mapping[str, Check]) -> bool:
    """Return whether a record was read ahead, is as it was, and has all values by their checks."""
    if kept_row(type(record), record.pk) is not record or not imported.has_noted(record, values):
        return False
    # Whoever names a record by our own id may change its external one.
    given = external_ids.kept(record, values) if saving.is_none_given(values.get("id")) else values
    return all(
        name in OF_NEW or (name in checks and checks[name](record, value)) for name, value in given.items()
    )


def column(name: str) -> Check:
    """Return the check of a column that is stored as it is given."""
    return lambda record, value: (value or None) == (getattr(record, name) or None)


def has_custom_fields(record: Record, values: Any) -> bool:
    """Return whether a record has custom fields with these values."""
    if not isinstance(values, list):
        return False
    merged = copy(record)
    try:
        custom_fields.merge(merged, values)
    except ValidationError:
        return False
    # To Python 1, 1.0 and True are equal; as values of a JSON document they are not.
    before, after = (json.dumps(each.custom_fields, sort_keys=True) for each in (record, merged))
    return before == after


def has_tags(record: Any, values: Any) -> bool:
    """Return whether a record has tags of these names."""
    names = {tag.name_key for tag in record.tags.all()}
    return isinstance(values, list) and all(
        each.keys() == {"name"} and stored_name_key(each["name"]) in names for each in values
    )


OF_EVERY_RECORD: Mapping[str, Check] = {
    "owner_id": column("user_id"),
    "external_id": column("external_id"),
    "external_source": column("external_source"),
    "custom_fields": has_custom_fields,
    "tags": has_tags,
}
