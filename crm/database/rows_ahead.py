"""Records that a batch of changes has read ahead, by one statement for all.

They are kept within ``reading_once`` until they are changed: who asks for one later reads it anew. Nobody may
change the instances.
"""

from collections.abc import Iterable
from typing import TypeVar

from django.db.models import Model

from crm.database.read_once import is_reading_once, once

Row = TypeVar("Row", bound=Model)


def keep(model: type[Row], rows: Iterable[Row]) -> None:
    """Keep visible rows that were just read, with the lists that they were read with."""
    _kept(model).update((row.pk, row) for row in rows)


def kept_row(model: type[Row], key: object) -> Row | None:
    """Return the row with a key as it is stored, if it was read ahead and not changed since."""
    return _kept(model).get(key)


def note_changed(model: type[Model], keys: Iterable[object]) -> None:
    """Note that rows are no longer as they were read."""
    if is_reading_once():
        kept = _kept(model)
        for key in keys:
            kept.pop(key, None)


def _kept(model: type[Row]) -> dict[object, Row]:
    return once(("rows ahead", model), dict)
