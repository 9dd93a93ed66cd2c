"""Rows and changes of rows that were kept back: what is written for all of them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DatabaseError, OperationalError
from django.db.models import F, Model

from crm.database.column_writer import column_writer
from crm.database.row_writer import Values, row_writer


class WriteFailed(Exception):
    """Rows that were kept could not be written: which one is unknown, and the transaction must be undone."""


class ChangedMeanwhile(WriteFailed):
    """Others have changed rows since a batch has read them: the transaction must be undone and begun anew."""


@dataclass(frozen=True)
class Change:
    """A change of a stored row: columns that are set, and columns that a number is added to."""

    key: int
    columns: Mapping[str, Any]
    added: Mapping[str, int]


Kept = tuple[type[Model], Values | Change]
#: New rows by model and key.
NewRows = dict[type[Model], dict[int, Values]]
#: The version of rows by model and key.
Versions = dict[type[Model], dict[int, int]]
Changes = dict[tuple[type[Model], int], Change]


@contextmanager
def as_failure() -> Iterator[None]:
    """Raise what the database refuses as ``WriteFailed``."""
    try:
        yield
    except OperationalError:
        # A lock that was waited for too long, or a deadlock: the caller knows these.
        raise
    except DatabaseError as refused:
        # Not as the error of the next statement, of which somebody may make a message.
        raise WriteFailed(str(refused)) from refused


def merged(rows: Sequence[Kept]) -> tuple[NewRows, Changes]:
    """Return new rows with their changes, and the changes of other rows, one for each."""
    by_model: NewRows = defaultdict(dict)
    changes: Changes = {}
    for model, given in rows:
        new, writer = by_model[model], row_writer(model)
        if not isinstance(given, Change):
            new[writer.key_of(given)] = given
        elif given.key in new:
            new[given.key] = writer.changed(new[given.key], given.columns, given.added)
        else:
            before = changes.get((model, given.key))
            changes[model, given.key] = given if before is None else _both(before, given)
    return by_model, changes


def check_versions(versions: Versions) -> None:
    """Lock rows, and check that nobody has changed them since they were read.

    :param versions: the version in which each row was read, by model and key.
    :raises ChangedMeanwhile: if a row has another version, or is gone.
    """
    for model, expected in versions.items():
        # In one order, so that two transactions do not wait for each other.
        rows: Any = model._base_manager.filter(pk__in=expected).order_by("pk")
        locked = rows.select_for_update(of=("self",), no_key=True)
        if dict(locked.values_list("pk", "version")) != expected:
            raise ChangedMeanwhile(f"Somebody has changed {model._meta.verbose_name_plural} meanwhile.")


def write_new_rows(by_model: NewRows) -> None:
    """Write new rows in the order of what they refer to."""
    for model in _in_order(model for model, new in by_model.items() if new):
        row_writer(model).write(list(by_model[model].values()))


def _both(one: Change, other: Change) -> Change:
    columns = {**one.columns, **other.columns}
    added = Counter({name: number for name, number in one.added.items() if name not in other.columns})
    added.update(other.added)
    for name in one.columns.keys() & other.added.keys():
        columns[name] += added.pop(name)
    return Change(one.key, columns, added)


def write_changes(changes: Changes) -> None:
    """Write changes, those of the same columns of a model together."""
    alike: dict[Any, list[Change]] = defaultdict(list)
    for (model, _), change in changes.items():
        alike[model, tuple(change.columns), tuple(change.added.items())].append(change)
    for (model, names, added), group in alike.items():
        column_writer(model, names, added).write([(change.key, change.columns) for change in group])


def update_rows(
    model: type[Model], keys: Iterable[int], columns: Mapping[str, object], added: Mapping[str, int]
) -> None:
    sums = {name: F(name) + number for name, number in added.items()}
    model._base_manager.filter(pk__in=keys).update(**columns, **sums)


def _in_order(models: Iterable[type[Model]]) -> list[type[Model]]:
    """Return models, each after those that it refers to: triggers look for what a new row refers to."""
    waiting = list(models)
    ordered: list[type[Model]] = []
    while waiting:
        ready = [each for each in waiting if not _related(each) & set(waiting) - {each}]
        # Of models that refer to each other the first goes first.
        ordered += ready or waiting[:1]
        waiting = [each for each in waiting if each not in ordered]
    return ordered


@cache
def _related(model: type[Model]) -> frozenset[Any]:
    return frozenset(field.related_model for field in model._meta.concrete_fields if field.is_relation)
