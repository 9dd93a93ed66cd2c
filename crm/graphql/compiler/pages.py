"""The SQL of a page: its rows with all their columns, and their place.

Where a page begins decides on the form. The first one is cut from all rows. One after a cursor is cut from
the rows that follow, in two parts if an index would not find both. A later one by its number is cut from ids
alone, which an index holds, and the rows are looked up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F

from crm.database.statements import NotCompilable, Parameter, Sql
from crm.graphql.compiler.binding import OFFSET
from crm.graphql.lists.cursors import following, read_value
from crm.graphql.lists.ordering import Key
from crm.graphql.lists.paginator import cursor_columns

PLACE = "place_in_page"


@dataclass(frozen=True)
class Start:
    """Where a page begins.

    :param after: what the order has at the place that the rows follow, if there is one.
    :param is_later: whether rows are skipped by their number.
    """

    keys: tuple[Key, ...]
    after: tuple[Any, ...] | None = None
    is_later: bool = False

    @property
    def shape(self) -> tuple[Any, ...]:
        """What the statement follows from, beside the order."""
        return self.is_later, self.after and tuple(value is None for value in self.after)

    @property
    def values(self) -> dict[str, Any]:
        """The values of the markers."""
        return {f"after{number}": value for number, value in enumerate(self.after or ())}

    def parts(self, rows: Any) -> list[Any]:
        """Give the rows that the page is cut from, in parts that follow one another."""
        if self.after is None:
            return [rows]
        markers = [
            None if value is None else Parameter(name, key.field)
            for key, (name, value) in zip(self.keys, self.values.items(), strict=True)
        ]
        return [rows.filter(condition) for condition in following(self.keys, markers)]


def page_sql(rows: Any, start: Start, *, limit: int) -> Sql:
    """Give the rows of a page with all their columns, those of their order, and their place."""
    if rows.query.distinct:
        raise NotCompilable("distinct")
    order = [key.expression for key in start.keys]
    held = {name: F(key.name) for name, key in zip(cursor_columns(start.keys), start.keys, strict=True)}
    options = rows.model._meta
    columns = [options.pk.attname] if start.is_later else [each.attname for each in options.concrete_fields]
    parts = [
        _sql(part.annotate(**held).order_by(*order).values_list(*columns, *held)[:limit])
        for part in start.parts(rows)
    ]
    page = parts[0] if len(parts) == 1 else _joined(parts, start.keys, limit=limit)
    return _looked_up(page, options, start.keys) if start.is_later else _placed(page, start.keys)


def read_cursor_columns(keys: Sequence[Key], texts: Sequence[bytes | None]) -> list[Any]:
    """Read what a row has in the columns of the order."""
    return [
        None if text is None else read_value(key.field, text.decode())
        for key, text in zip(keys, texts, strict=True)
    ]


def _sql(rows: Any) -> Sql:
    text, parameters = rows.query.sql_with_params()
    return Sql(text, tuple(parameters))


def _order(keys: Sequence[Key]) -> str:
    """Give the order as it stands outside of a page, where its columns have other names."""
    return ", ".join(
        f"{name} {'DESC' if key.descending else 'ASC'}{' NULLS LAST' if key.nullable else ''}"
        for name, key in zip(cursor_columns(keys), keys, strict=True)
    )


def _joined(parts: Sequence[Sql], keys: Sequence[Key], *, limit: int) -> Sql:
    together = " UNION ALL ".join(f"({part.text})" for part in parts)
    return Sql(
        f"SELECT * FROM ({together}) parts ORDER BY {_order(keys)} LIMIT {limit}",  # noqa: S608 - names
        tuple(value for part in parts for value in part.parameters),
    )


def _placed(page: Sql, keys: Sequence[Key]) -> Sql:
    # Within the page itself, the numbering would have all rows sorted, and not just the first found.
    text = f"SELECT *, row_number() OVER (ORDER BY {_order(keys)}) {PLACE} FROM ({page.text}) page"  # noqa: S608 - names
    return Sql(text, page.parameters)


def _looked_up(ids: Sql, options: Any, keys: Sequence[Key]) -> Sql:
    page = _placed(Sql(f"{ids.text} OFFSET %s", (*ids.parameters, OFFSET)), keys)
    quote = connection.ops.quote_name
    table, pk = quote(options.db_table), quote(options.pk.attname)
    columns = ", ".join([f"{table}.*", *(f"page.{name}" for name in (PLACE, *cursor_columns(keys)))])
    text = f"SELECT {columns} FROM ({page.text}) page JOIN {table} ON {table}.{pk} = page.{pk}"  # noqa: S608 - names
    return Sql(text, page.parameters)
