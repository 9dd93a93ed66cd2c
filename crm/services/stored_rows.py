"""Collects what a piece of work stores, and what changed in each row; imports keep it for their undo."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import models

from crm.services.history import Changes


@dataclass(frozen=True, kw_only=True)
class StoredRow:
    """A row that was stored: ``before`` has the previous values of its columns by attribute name."""

    row: models.Model
    created: bool
    before: Mapping[str, Any] = field(default_factory=dict)
    changes: Changes = field(default_factory=dict)


_observed: ContextVar[list[StoredRow] | None] = ContextVar("observed", default=None)


@contextmanager
def observed() -> Iterator[list[StoredRow]]:
    """Yield a list that fills with what the services store, in their order, while the block runs."""
    stored: list[StoredRow] = []
    token = _observed.set(stored)
    try:
        yield stored
    finally:
        _observed.reset(token)


def note(
    row: models.Model,
    *,
    created: bool,
    before: Mapping[str, Any] | None = None,
    changes: Changes | None = None,
) -> None:
    """Add a row to the list of who observes, if somebody does."""
    stored = _observed.get()
    if stored is not None:
        stored.append(StoredRow(row=row, created=created, before=before or {}, changes=changes or {}))


def count_of(model: type[models.Model], stored: Iterable[StoredRow]) -> int:
    """Return how many rows of a model were changed, by what was observed."""
    return len({each.row.pk for each in stored if isinstance(each.row, model) and not each.created})
