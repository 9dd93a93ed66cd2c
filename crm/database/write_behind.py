"""Holds writes back and sends very many of them together; who reads meets them all the same.

While ``write_behind`` is open, ``insert_together`` and ``insert_all`` give new rows their keys and keep them,
and ``change_columns`` and ``save_columns`` keep changes. All are written at its end, and before any other
statement of the connection: each statement finds the database as if every row had been written at once.
Savepoints are held back in the same way, and sent only if a statement follows in them: rolling back one that
was never sent takes back what was kept since.

A record that was read ahead is not locked for its change: ``expect`` notes its version, and just before the
changes are written all such records are locked, and their versions compared, by one statement.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model

from crm.database.kept_rows import (
    Change,
    ChangedMeanwhile,
    Kept,
    Versions,
    WriteFailed,
    as_failure,
    check_versions,
    merged,
    update_rows,
    write_changes,
    write_new_rows,
)
from crm.database.new_keys import Needs, NewKeys
from crm.database.row_writer import RowWriter, row_writer
from crm.database.rows_ahead import note_changed

__all__ = ["ChangedMeanwhile", "WriteBehind", "WriteFailed", "change_columns", "write_behind"]


class WriteBehind:
    """The rows and savepoints of one connection that are kept."""

    def __init__(self, wrapper: Any, needs: Needs) -> None:
        self._wrapper = wrapper
        self._rows: list[Kept] = []
        #: Savepoints that were not sent, each with the number of rows before it.
        self._savepoints: list[tuple[str, int]] = []
        self._expected: Versions = defaultdict(dict)
        self._keys = NewKeys(needs)
        self._writers: dict[type[Model], RowWriter] = {}
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
                self._keys.forget()
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
            row.pk = self._key(model)
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

    def save(self, row: Model, columns: Mapping[str, object]) -> None:
        """Keep columns of a stored row that is locked, or whose version is expected."""
        self.change(type(row), [row.pk], columns, {})

    def expect(self, model: type[Model], key: int, version: int) -> None:
        """Refuse to write anything more if a stored row has another version by then."""
        # SQLite lets a transaction that writes read nothing that another has written since.
        if self._wrapper.vendor == "postgresql":
            self._expected[model].setdefault(key, version)

    def flush(self) -> None:
        """Write what is kept.

        :raises WriteFailed: if the database refuses it.
        """
        if not (self._rows or self._savepoints):
            return
        with self._writing():
            rows, savepoints, expected = self._rows, self._savepoints, self._expected
            self._rows, self._savepoints, self._expected = [], [], defaultdict(dict)
            check_versions(expected)
            start = 0
            for name, end in savepoints:
                self._write(rows[start:end])
                start = end
                type(self._wrapper)._savepoint(self._wrapper, name)
            self._write(rows[start:])

    def end(self) -> None:
        """Write the last of what is kept.

        :raises WriteFailed: if the database refuses it.
        """
        self.flush()
        self._keys.note_needs()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        is_writing, self._is_writing = self._is_writing, True
        try:
            yield
        finally:
            self._is_writing = is_writing

    def _place(self, name: str) -> int | None:
        return next((n for n, (kept, _) in enumerate(self._savepoints) if kept == name), None)

    def _write(self, rows: Sequence[Kept]) -> None:
        new, changes = merged(rows)
        with as_failure():
            write_changes(changes)
            write_new_rows(new)

    def _key(self, model: type[Model]) -> int:
        key = self._keys.take(model)
        if key is None:
            with self._writing():
                self._keys.fetch(model)
            key = self._keys.take(model)
            assert key is not None
        return key


_open: ContextVar[WriteBehind | None] = ContextVar("write_behind", default=None)


@contextmanager
def write_behind(needs: Needs | None = None) -> Iterator[None]:
    """Keep new rows back while the block runs, inside a transaction.

    :param needs: how many keys a block like this needs, which is noted for the next one.
    :raises WriteFailed: if rows cannot be written.
    """
    wrapper: Any = connections[DEFAULT_DB_ALIAS]
    kept = WriteBehind(wrapper, {} if needs is None else needs)
    token = _open.set(kept)
    # Django's own methods are found in the class again once these are gone.
    own = {"_savepoint": kept.begin, "_savepoint_commit": kept.release, "_savepoint_rollback": kept.roll_back}
    wrapper.__dict__.update(own)
    try:
        with wrapper.execute_wrapper(kept.before):
            yield
            kept.end()
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
        update_rows(model, keys, columns, added)
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
