"""The UPDATE of a row that is stored, by a statement that is kept."""

from collections.abc import Collection
from functools import lru_cache
from typing import Any

from django.db import DatabaseError, connection, models

from crm.database.statements import Parameter, Sql, Statement, as_text

#: Statements that are kept compiled, by the columns that they set.
MOST_STATEMENTS = 1000


def save_columns(row: models.Model, names: Collection[str]) -> None:
    """Write some columns of a stored row, as ``row.save(update_fields=names)`` does; no signal is sent.

    :raises django.db.DatabaseError: if the row is not there any more.
    :raises django.db.IntegrityError: if it would break a constraint.
    """
    if connection.vendor != "postgresql":
        row.save(update_fields=names)
        return
    columns = tuple(
        column
        for column in row._meta.concrete_fields
        if not column.primary_key and (column.name in names or column.attname in names)
    )
    values = {column.attname: as_text(column, column.pre_save(row, False)) for column in columns}
    if not _statement(type(row), columns).rows({**values, "row": row.pk}):
        raise DatabaseError("No row was changed.")


@lru_cache(MOST_STATEMENTS)
def _statement(model: Any, columns: tuple[Any, ...]) -> Statement:
    quote = connection.ops.quote_name
    places = ", ".join(f"{quote(column.column)} = %s" for column in columns)
    table, pk = quote(model._meta.db_table), quote(model._meta.pk.column)
    return Statement.of(
        Sql(
            f"UPDATE {table} SET {places} WHERE {pk} = %s RETURNING true",  # noqa: S608 - names of models alone
            (*(Parameter(column.attname) for column in columns), Parameter("row")),
        )
    )
