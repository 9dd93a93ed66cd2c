"""Writes columns of very many stored rows, whose values differ, by one statement."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from django.db import DatabaseError, connection
from django.db.models import CharField, Field, Model, TextField

from crm.database.statements import as_text

#: The key of a row, and the values of columns by attribute name.
KeyAndColumns = tuple[int, Mapping[str, Any]]


class ColumnWriter:
    """Sets some columns of stored rows of one model, and adds numbers to others."""

    def __init__(self, model: type[Model], names: Sequence[str], added: Sequence[tuple[str, int]]) -> None:
        self._model = model
        by_name = {column.attname: column for column in model._meta.concrete_fields}
        by_name |= {column.name: column for column in model._meta.concrete_fields}
        self._columns: dict[str, Field[Any, Any]] = {name: by_name[name] for name in names}
        quote = connection.ops.quote_name
        self._table, self._key = quote(model._meta.db_table), quote(str(model._meta.pk.column))
        self._sums = [f"{quote(name)} = {self._table}.{quote(name)} + {number}" for name, number in added]
        self._targets = [quote(str(column.column)) for column in self._columns.values()]

    def write(self, rows: Sequence[KeyAndColumns]) -> None:
        """Write the columns of rows.

        :raises DatabaseError: if one of the rows is gone.
        """
        is_postgres = connection.vendor == "postgresql"
        with connection.cursor() as cursor:
            if is_postgres:
                cursor.execute(self._joined(), self._lists(rows))
            else:
                cursor.executemany(self._single(), [self._values(key, given) for key, given in rows])
            if cursor.rowcount != len(rows):
                names = self._model._meta.verbose_name_plural
                raise DatabaseError(f"Some {names} are gone: {cursor.rowcount} of {len(rows)} were updated.")

    def _joined(self) -> str:
        """Return the statement that joins the table with a list of each column."""
        values = [f"v{place}" for place in range(len(self._targets))]
        # A text is no varchar: a cast to that would cut it where storing it is to be refused.
        casts = [
            name if isinstance(column, CharField | TextField) else f"{name}::{column.db_type(connection)}"
            for name, column in zip(values, self._columns.values(), strict=True)
        ]
        pairs = zip(self._targets, casts, strict=True)
        assignments = ", ".join([*(f"{target} = {value}" for target, value in pairs), *self._sums])
        lists = ", ".join(["%s::bigint[]", *["%s::text[]"] * len(values)])
        return (
            f"UPDATE {self._table} SET {assignments}"  # noqa: S608 - names of models only
            f" FROM unnest({lists}) AS given({', '.join(['row_key', *values])})"
            f" WHERE {self._table}.{self._key} = row_key"
        )

    def _lists(self, rows: Sequence[KeyAndColumns]) -> list[Any]:
        lists: list[Any] = [[key for key, _ in rows]]
        for name, column in self._columns.items():
            lists.append([as_text(column, given[name]) for _, given in rows])
        return lists

    def _single(self) -> str:
        assignments = ", ".join([*(f"{target} = %s" for target in self._targets), *self._sums])
        return f"UPDATE {self._table} SET {assignments} WHERE {self._key} = %s"  # noqa: S608 - names of models only

    def _values(self, key: int, given: Mapping[str, Any]) -> list[Any]:
        values = [column.get_db_prep_save(given[name], connection) for name, column in self._columns.items()]
        return [*values, key]


@cache
def _writer(
    model: type[Model], names: tuple[str, ...], added: tuple[tuple[str, int], ...], vendor: str
) -> ColumnWriter:
    return ColumnWriter(model, names, added)


def column_writer(
    model: type[Model], names: tuple[str, ...], added: tuple[tuple[str, int], ...]
) -> ColumnWriter:
    """Return the writer of some columns of a model for the database in use."""
    return _writer(model, names, added, connection.vendor)
