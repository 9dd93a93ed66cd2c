"""Leave out of a row of an import what its record has already, without a statement.

Only of records that a batch has read ahead, and only what is certain: whatever is spelled otherwise is left
to the service, which may find that nothing changes too.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from typing import Any

from django.core.exceptions import ValidationError

from crm.database.rows_ahead import kept_row
from crm.models.external_ids import EXTERNAL_ID_COLUMNS
from crm.models.records import Record
from crm.models.texts import stored_name_key
from crm.services import custom_fields, external_ids, imported, saving

#: What a row says to a new record alone, and its notes, which are no values of the record.
OF_NEW = frozenset({"created_at", *imported.NOTES})
#: Returns whether a record has a value of an input.
Check = Callable[[Any, Any], bool]


def new_values(
    record: Record,
    values: Mapping[str, Any],
    checks: Mapping[str, Check],
    *,
    together: Sequence[Collection[str]] = (),
) -> dict[str, Any]:
    """Return the values without those that a record surely has; all of them if it was not read ahead.

    :param together: values that mean something with each other: all of them are left out, or none.
    """
    if kept_row(type(record), record.pk) is not record:
        return dict(values)
    # Whoever names a record by our own id may change its external one.
    given = external_ids.kept(record, values) if saving.is_none_given(values.get("id")) else values
    new = {
        name
        for name, value in given.items()
        if name not in OF_NEW and not (name in checks and checks[name](record, value))
    }
    for group in (*together, EXTERNAL_ID_COLUMNS):
        if not new.isdisjoint(group):
            new |= given.keys() & {*group}
    return {name: values[name] for name in values if name in new} if new - {"id"} else {}


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
