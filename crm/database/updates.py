"""Updates columns of a stored row: on PostgreSQL by a compiled statement, in a batch with those of others.

``Model.save`` compiles its UPDATE each time: updateLead takes 1.17 to 1.19 times the CPU time (ADR 12).
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import lru_cache

from django.db import DatabaseError, connection
from django.db.models import Field, Model
from django.db.models.signals import post_save, pre_save

from crm.database import write_behind
from crm.database.rows_ahead import note_changed
from crm.database.statements import Parameter, Sql, Statement, as_text

Columns = tuple["Field[object, object]", ...]
#: Statements that a process keeps, one for each model and set of columns.
MOST_STATEMENTS = 1000


def save_columns(row: Model, names: Collection[str]) -> None:
    """Write some columns of a stored row, as ``row.save(update_fields=names)`` does, signals included."""
    note_changed(type(row), [row.pk])
    kept = write_behind.current()
    if kept is not None:
        _keep(row, frozenset(names), kept)
    elif connection.vendor == "postgresql":
        _save_by_statement(row, frozenset(names))
    else:
        row.save(update_fields=names)


def _save_by_statement(row: Model, names: frozenset[str]) -> None:
    model = type(row)
    with _signalled(row, names):
        columns = _columns(model, names)
        values = {column.attname: as_text(column, column.pre_save(row, False)) for column in columns}
        if not _statement(model, columns).rows({**values, "row": row.pk}):
            raise DatabaseError(f"The {model._meta.verbose_name} is gone: no row was updated.")


def _keep(row: Model, names: frozenset[str], kept: write_behind.WriteBehind) -> None:
    with _signalled(row, names):
        columns = _columns(type(row), names)
        kept.save(row, {column.attname: column.pre_save(row, False) for column in columns})


@contextmanager
def _signalled(row: Model, names: frozenset[str]) -> Iterator[None]:
    """Send the signals of a save; values are read within, since receivers may change them."""
    given = {"instance": row, "raw": False, "using": connection.alias, "update_fields": names}
    pre_save.send(type(row), **given)
    yield
    post_save.send(type(row), created=False, **given)


@lru_cache(MOST_STATEMENTS)
def _columns(model: type[Model], names: frozenset[str]) -> Columns:
    return tuple(
        column
        for column in model._meta.concrete_fields
        if not column.primary_key and (column.name in names or column.attname in names)
    )


@lru_cache(MOST_STATEMENTS)
def _statement(model: type[Model], columns: Columns) -> Statement:
    quote = connection.ops.quote_name
    assignments = ", ".join(f"{quote(str(column.column))} = %s" for column in columns)
    table, pk = quote(model._meta.db_table), quote(str(model._meta.pk.column))
    return Statement.of(
        Sql(
            f"UPDATE {table} SET {assignments} WHERE {pk} = %s RETURNING true",  # noqa: S608 - names of models only
            (*(Parameter(column.attname) for column in columns), Parameter("row")),
        )
    )
