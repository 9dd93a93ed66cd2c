"""Holds writes back and sends very many of them together; who reads meets them all the same.

While ``write_behind`` is open, ``insert_together`` and ``insert_all`` give new rows their keys and keep them,
and ``change_columns`` keeps changes. All are written at its end, and before any other statement of the
connection: each statement finds the database as if every row had been written at once. Savepoints are held
back in the same way, and sent only if a statement follows in them: rolling back one that was never sent takes
back what was kept since.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connection, connections
from django.db.models import F, Model

from crm.database.row_writer import RowWriter, Values, row_writer
from crm.database.rows_ahead import note_changed

#: Keys that are fetched first, then twice as many each time; those that are not needed are left out for ever.
KEYS = 100
MOST_KEYS = 1_000


class WriteFailed(Exception):
    """Rows that were kept could not be written: which one is unknown, and the transaction must be undone."""


@dataclass(frozen=True)
class Change:
    """A change of a stored row: columns that are set, and columns that a number is added to."""

    key: int
    columns: Mapping[str, object]
    added: Mapping[str, int]


class WriteBehind:
    """The rows and savepoints of one connection that are kept."""

    def __init__(self, wrapper: Any) -> None:
        self._wrapper = wrapper
        self._rows: list[tuple[type[Model], Values | Change]] = []
        #: Savepoints that were not sent, each with the number of rows before it.
        self._savepoints: list[tuple[str, int]] = []
        self._keys: dict[type[Model], list[int]] = {}
        self._writers: dict[type[Model], RowWriter] = {}
        self._last_keys: dict[type[Model], int] = {}
        self._numbers: dict[type[Model], int] = {}
        self._is_writing = False
        #: Rows that were kept and statements that were sent.
        self.steps = 0

    def before(self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Write what is kept before a statement, as an execute wrapper of the connection."""
        self.steps += 1
        if not self._is_writing:
            self.flush()
            if self._wrapper.vendor == "sqlite":
                # SQLite has no sequences: the statement may take the next keys.
                self._keys.clear()
                self._last_keys.clear()
        return execute(sql, params, many, context)

    def begin(self, name: str) -> None:
        """Keep a savepoint."""
        self._savepoints.append((name, len(self._rows)))

    def release(self, name: str) -> None:
        place = self._place(name)
        if place is None:
            with self._writing():
                type(self._wrapper)._savepoint_commit(self._wrapper, name)
        else:
            del self._savepoints[place:]

    def roll_back(self, name: str) -> None:
        """Drop the rows that were kept since a savepoint."""
        place = self._place(name)
        # Whatever was kept when a savepoint was sent was written then: all that is kept came after it.
        del self._rows[0 if place is None else self._savepoints[place][1] :]
        del self._savepoints[0 if place is None else place + 1 :]
        if place is None:
            with self._writing():
                type(self._wrapper)._savepoint_rollback(self._wrapper, name)

    def add(self, row: Model) -> None:
        """Keep a row, and give it a key."""
        self.steps += 1
        model = type(row)
        if row.pk is None:
            row.pk = self._next_key(model)
        writer = self._writers.get(model)
        if writer is None:
            writer = self._writers[model] = row_writer(model)
        self._rows.append((model, writer.values(row)))
        row._state.adding = False
        row._state.db = DEFAULT_DB_ALIAS

    def change(
        self, model: type[Model], keys: Iterable[int], columns: Mapping[str, object], added: Mapping[str, int]
    ) -> None:
        """Keep a change of rows that are locked."""
        self.steps += 1
        self._rows += [(model, Change(key, columns, added)) for key in keys]

    def flush(self) -> None:
        """Write what is kept.

        :raises WriteFailed: if the database refuses it.
        """
        if not (self._rows or self._savepoints):
            return
        rows, savepoints = self._rows, self._savepoints
        self._rows, self._savepoints = [], []
        with self._writing():
            start = 0
            for name, end in savepoints:
                self._write(rows[start:end])
                start = end
                type(self._wrapper)._savepoint(self._wrapper, name)
            self._write(rows[start:])

    @contextmanager
    def _writing(self) -> Iterator[None]:
        is_writing, self._is_writing = self._is_writing, True
        try:
            yield
        finally:
            self._is_writing = is_writing

    def _place(self, name: str) -> int | None:
        return next((n for n, (kept, _) in enumerate(self._savepoints) if kept == name), None)

    def _write(self, rows: Sequence[tuple[type[Model], Values | Change]]) -> None:
        by_model: dict[type[Model], dict[int, Values]] = defaultdict(dict)
        changes: dict[tuple[type[Model], int], Change] = {}
        for model, given in rows:
            new, writer = by_model[model], row_writer(model)
            if not isinstance(given, Change):
                new[writer.key_of(given)] = given
            elif given.key in new:
                new[given.key] = writer.changed(new[given.key], given.columns, given.added)
            else:
                before = changes.get((model, given.key))
                changes[model, given.key] = given if before is None else _both(before, given)
        try:
            for model in _in_order(model for model, new in by_model.items() if new):
                row_writer(model).write(list(by_model[model].values()))
            _write_changes(changes)
        except OperationalError:
            # A lock that was waited for too long, or a deadlock: the caller knows these.
            raise
        except DatabaseError as refused:
            # Not as the error of the next statement, of which somebody may make a message.
            raise WriteFailed(str(refused)) from refused

    def _next_key(self, model: type[Model]) -> int:
        keys = self._keys.get(model)
        if not keys:
            with self._writing():
                number = self._numbers.get(model, KEYS)
                keys = self._keys[model] = _fetch_keys(model, number, after=self._last_keys.get(model))
            self._last_keys[model] = keys[0]
            self._numbers[model] = min(2 * number, MOST_KEYS)
        return keys.pop()


def _both(one: Change, other: Change) -> Change:
    added = Counter(one.added)
    added.update(other.added)
    return Change(one.key, {**one.columns, **other.columns}, added)


def _write_changes(changes: Mapping[tuple[type[Model], int], Change]) -> None:
    """Write changes; equal ones of several rows are one statement."""
    alike: dict[Any, list[Change]] = defaultdict(list)
    for (model, _), change in changes.items():
        columns = {name: value for name, value in change.columns.items() if name != "updated_at"}
        alike[model, tuple(change.columns), tuple(columns.values()), tuple(change.added.items())].append(
            change
        )
    for (model, *_), group in alike.items():
        # All were changed by one transaction: the time of its last change is that of each.
        _update(model, [change.key for change in group], group[-1].columns, group[-1].added)


def _update(
    model: type[Model], keys: Iterable[int], columns: Mapping[str, object], added: Mapping[str, int]
) -> None:
    sums = {name: F(name) + number for name, number in added.items()}
    model._base_manager.filter(pk__in=keys).update(**columns, **sums)


_open: ContextVar[WriteBehind | None] = ContextVar("write_behind", default=None)


@contextmanager
def write_behind() -> Iterator[None]:
    """Keep new rows back while the block runs, inside a transaction.

    :raises WriteFailed: if rows cannot be written.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    kept = WriteBehind(wrapper)
    token = _open.set(kept)
    # Django's own methods are found in the class again once these are gone.
    own = {"_savepoint": kept.begin, "_savepoint_commit": kept.release, "_savepoint_rollback": kept.roll_back}
    wrapper.__dict__.update(own)
    try:
        with wrapper.execute_wrapper(kept.before):
            yield
            kept.flush()
    finally:
        for name in own:
            del wrapper.__dict__[name]
        _open.reset(token)


def change_columns(
    model: type[Model],
    keys: Iterable[int],
    columns: Mapping[str, object],
    added: Mapping[str, int] = MappingProxyType({}),
) -> None:
    """Set columns of rows that are locked, and add numbers to others."""
    keys = list(keys)
    note_changed(model, keys)
    kept = _open.get()
    if kept is None:
        _update(model, keys, columns, added)
    else:
        kept.change(model, keys, columns, added)


def writes_so_far() -> int | None:
    """Return a number that grows with each row that is kept and each statement; None if nothing is kept."""
    kept = _open.get()
    return None if kept is None else kept.steps


def is_writing_behind() -> bool:
    """Return whether new rows are kept back now."""
    return _open.get() is not None


def current() -> WriteBehind | None:
    """Return what keeps rows back now, if something does."""
    return _open.get()


def _fetch_keys(model: type[Model], number: int, *, after: int | None) -> list[int]:
    """Return new keys for rows of a model, the highest first.

    :param after: the last key that this transaction has fetched, rows with which may not be written yet.
    """
    table, column = model._meta.db_table, str(model._meta.pk.column)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)"
            cursor.execute(sequence, [connection.ops.quote_name(table), column, number])
            return [key for (key,) in reversed(cursor.fetchall())]
        if after is None:
            # The transaction has the only right to write until its end.
            cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
            [after] = cursor.fetchone() or [0]
        return list(range(after + number, after, -1))


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
