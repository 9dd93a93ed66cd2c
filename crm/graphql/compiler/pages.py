"""The SQL of a page: its rows with the columns that are asked for, in no order (ADR 14).

The first page is cut from all rows. A page after a cursor is cut from the rows after it, in two parts where
one index cannot find both. A later page is cut from ids, which an index holds, to look up its rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Model, QuerySet

from crm.database.statements import NotCompilable, Parameter, Sql
from crm.graphql.lists.cursors import conditions_after, read_value
from crm.graphql.lists.ordering import Key
from crm.graphql.lists.paginator import cursor_columns

OFFSET = Parameter("offset")


@dataclass(frozen=True)
class Start:
    """Where a page starts: after a position in the order, or by its number if it ``is_later``."""

    keys: tuple[Key, ...]
    after: tuple[object, ...] | None = None
    is_later: bool = False

    @property
    def shape(self) -> tuple[object, ...]:
        """All that the text of the statement depends on, besides the order."""
        # A null in the position makes another condition.
        return self.is_later, self.after and tuple(value is None for value in self.after)

    @property
    def values(self) -> dict[str, object]:
        return {f"after{number}": value for number, value in enumerate(self.after or ())}

    def parts(self, rows: QuerySet[Model]) -> list[QuerySet[Model]]:
        """Return the rows that the page is cut from, in parts that follow one another."""
        if self.after is None:
            return [rows]
        parameters = [
            None if value is None else Parameter(name, key.field)
            for key, (name, value) in zip(self.keys, self.values.items(), strict=True)
        ]
        return [rows.filter(condition) for condition in conditions_after(self.keys, parameters)]


def page_sql(rows: QuerySet[Model], start: Start, needed: Sequence[str], *, limit: int) -> Sql:
    """Return the rows of a page with the needed columns and the columns of their cursors, for ``order_sql``.

    PostgreSQL copies every column that a subquery has; each that nobody reads costs a part of a per cent.
    """
    # DISTINCT would compare the columns that are added here too.
    if rows.query.distinct:
        raise NotCompilable("distinct")
    order = [key.expression for key in start.keys]
    cursors = {name: F(key.name) for name, key in zip(cursor_columns(start.keys), start.keys, strict=True)}
    options: Any = rows.model._meta
    columns = [options.pk.attname] if start.is_later else needed
    parts = [
        _sql(part.annotate(**cursors).order_by(*order).values_list(*columns, *cursors)[:limit])
        for part in start.parts(rows)
    ]
    page = parts[0] if len(parts) == 1 else _union(parts, start.keys, limit=limit)
    return _look_up(page, options, start.keys, needed) if start.is_later else page


def read_cursor_columns(keys: Sequence[Key], texts: Sequence[bytes | None]) -> list[object]:
    """Read the values of a row in the columns of the order."""
    return [
        None if text is None else read_value(key.field, text.decode())
        for key, text in zip(keys, texts, strict=True)
    ]


def _sql(rows: QuerySet[Model, tuple[object, ...]]) -> Sql:
    text, parameters = rows.query.sql_with_params()
    return Sql(text, tuple(parameters))


def order_sql(keys: Sequence[Key]) -> str:
    """Return the order of a page's rows, by the columns of their cursors."""
    return ", ".join(
        f"{name} {'DESC' if key.descending else 'ASC'}{' NULLS LAST' if key.nullable else ''}"
        for name, key in zip(cursor_columns(keys), keys, strict=True)
    )


def _union(parts: Sequence[Sql], keys: Sequence[Key], *, limit: int) -> Sql:
    # Each part has its own LIMIT, so that each can use its index and stop early.
    together = " UNION ALL ".join(f"({part.text})" for part in parts)
    return Sql(
        f"SELECT * FROM ({together}) parts ORDER BY {order_sql(keys)} LIMIT {limit}",  # noqa: S608 - names
        tuple(value for part in parts for value in part.parameters),
    )


def _look_up(ids: Sql, options: Any, keys: Sequence[Key], needed: Sequence[str]) -> Sql:
    quote = connection.ops.quote_name
    table, pk = quote(options.db_table), quote(options.pk.attname)
    columns = ", ".join(
        [
            *(f"{table}.{quote(name)}" for name in needed),
            *(f"page.{name}" for name in cursor_columns(keys)),
        ]
    )
    page = f"{ids.text} OFFSET %s"
    text = f"SELECT {columns} FROM ({page}) page JOIN {table} ON {table}.{pk} = page.{pk}"  # noqa: S608 - names
    return Sql(text, (*ids.parameters, OFFSET))
