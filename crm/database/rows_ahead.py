"""Records that a batch of changes has read ahead, by one statement for all.

They are kept within ``reading_once`` until they are changed: who asks for one later reads it anew. Nobody may
change the instances.
"""

from collections.abc import Iterable
from copy import copy, deepcopy
from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model

from crm.database.read_once import is_reading_once, once

Row = TypeVar("Row", bound=Model)


def keep(model: type[Row], rows: Iterable[Row]) -> None:
    """Keep visible rows that were just read, with the lists that they were read with."""
    _kept(model).update((row.pk, row) for row in rows)


def kept_row(model: type[Row], key: object) -> Row | None:
    """Return the row with a key as it is stored, if it was read ahead and not changed since."""
    return _kept(model).get(key)


def kept_rows(model: type[Row]) -> list[Row]:
    """Return all rows of a model that were read ahead and not changed since."""
    return list(_kept(model).values())


def copy_of_kept(model: type[Row], key: object) -> Row | None:
    """Return a copy of what ``kept_row`` returns, without its lists, that may be changed."""
    kept = kept_row(model, key)
    if kept is None:
        return None
    names = [column.attname for column in model._meta.concrete_fields]
    values = [kept.__dict__[name] for name in names]
    return model.from_db(
        DEFAULT_DB_ALIAS,
        names,
        [deepcopy(each) if isinstance(each, dict | list) else each for each in values],
    )


def kept_list(row: Model, name: str) -> list[Any] | None:
    """Return copies of the rows of a list that a record was read ahead with; None if it must be read.

    :param row: the record, changed in memory at most.
    """
    kept = kept_row(type(row), row.pk)
    if kept is None:
        return None
    lists: dict[str, Any] = getattr(kept, "_prefetched_objects_cache", {})
    return [copy(each) for each in lists[name]] if name in lists else None


def note_changed(model: type[Model], keys: Iterable[object]) -> None:
    """Note that rows are no longer as they were read."""
    if is_reading_once():
        kept = _kept(model)
        for key in keys:
            kept.pop(key, None)


def _kept(model: type[Row]) -> dict[object, Row]:
    return once(("rows ahead", model), dict)
