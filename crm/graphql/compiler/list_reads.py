"""The compiled read of a list: the statements of its pages, and the JSON of its answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson
from django.core.exceptions import EmptyResultSet

from crm.actors import Actor
from crm.database.piggyback import Piggyback
from crm.database.statements import Row, Sql, Statement
from crm.graphql.compiler.columns import MOST_PAGES, Columns, count_sql, sum_sql
from crm.graphql.compiler.filters import Narrowing
from crm.graphql.compiler.pages import Start, page_sql, read_cursor_columns
from crm.graphql.compiler.reads import Read, Reading
from crm.graphql.lists.ordering import Key
from crm.graphql.lists.pages import Page
from crm.graphql.lists.paginator import ListField, cursor_columns
from crm.models.tallies import tallies_for

#: What is told of a page by the total.
TOTALS = {"total", "last_page"}


@dataclass(frozen=True)
class Part:
    """A key of a list's wrapper: a column of ``data``, fields of ``paginatorInfo``, or a constant."""

    key: str
    column: int | None = None
    info: tuple[tuple[str, str], ...] = ()
    constant: str | None = None


@dataclass
class ListRead(Read):
    """A page of a list."""

    field: ListField
    parts: tuple[Part, ...]
    columns: Columns
    symbolic: Actor
    _statements: dict[Any, Statement] = field(default_factory=dict)

    def begin(self, actor: Actor, variables: Mapping[str, Any]) -> "ListReading":
        asked = self.field.asked(self.arguments(variables))
        keys = self.field.order(asked)
        start = Start(keys, self.field.place(asked, keys), is_later=asked.page > 1)
        narrowing = Narrowing.of(self.field, asked, actor)
        values = {
            "company": actor.company_id,
            "user": actor.user_id,
            "offset": (asked.page - 1) * asked.first,
            **start.values,
            **narrowing.values,
        }
        return ListReading(self, actor, keys, start, narrowing, values)

    @property
    def shows_rows(self) -> bool:
        """Whether rows are asked for, and not only what may be said of the page."""
        return any(part.column is not None for part in self.parts)

    def page(self, narrowing: Narrowing, start: Start) -> Statement:
        """Give the statement of a page, which is the same for all actors of the class."""
        asked = narrowing.asked
        order = tuple((clause["column"], clause["order"]) for clause in asked.order_by or [])
        return self._kept(
            (order, asked.first, start.shape, narrowing.shape),
            lambda: self.page_of(
                narrowing.rows(self.symbolic), start, first=asked.first, beside=self.total_beside(narrowing)
            ),
        )

    def _kept(self, key: Any, make: Callable[[], Statement]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) >= MOST_PAGES:
                self._statements.clear()
            found = self._statements[key] = make().refuse_moments()
        return found

    def page_of(
        self, rows: Any, start: Start, *, first: int, beside: tuple[Sql | str, ...] = ()
    ) -> Statement:
        """Give the statement of a page of some rows, and one row more.

        :param beside: a statement of one value, which stands behind each row.
        """
        page = page_sql(rows, start, limit=first + 1)
        names = cursor_columns(start.keys) if "end_cursor" in self._told else ()
        return Statement.of(*self.columns.of_rows(page, *names, beside=beside))

    @cached_property
    def _told(self) -> set[str]:
        """What is told of the page."""
        return {name for part in self.parts for _, name in part.info}

    def cursor_of(self, keys: tuple[Key, ...], row: Row) -> str:
        """Give the cursor of a row of a page."""
        before = max(1, sum(part.column is not None for part in self.parts))
        return self.field.cursor(keys, read_cursor_columns(keys, row[before : before + len(keys)]))

    def total_beside(self, narrowing: Narrowing) -> tuple[Sql | str, ...]:
        """Give the statement of the total if a page has it behind its rows: where it takes no counting."""
        return self._tallied(narrowing) if self._told & TOTALS else ()

    def count(self, narrowing: Narrowing) -> Statement:
        """Give the statement that counts all rows, which is the same for all actors of the class."""
        return self._kept(narrowing.shape, lambda: Statement.of(*self._count_of(narrowing)))

    def _count_of(self, narrowing: Narrowing) -> tuple[Sql | str, ...]:
        return self._tallied(narrowing) or count_sql(narrowing.rows(self.symbolic))

    def _tallied(self, narrowing: Narrowing) -> tuple[Sql | str, ...]:
        return self._all_tallied if self.field.is_whole(narrowing.asked) else ()

    @cached_property
    def _all_tallied(self) -> tuple[Sql | str, ...]:
        tallies = tallies_for(self.columns.model, self.symbolic)
        return () if tallies is None else sum_sql(tallies)

    def json(self, page: Page) -> bytes:
        """Write a page whose rows have the columns of this read."""
        written = []
        for part in self.parts:
            if part.column is not None:
                column = part.column
                value = b"[" + b",".join([row[column] for row in page.data]) + b"]"
            elif part.constant is not None:
                value = orjson.dumps(part.constant)
            else:
                value = orjson.dumps({key: getattr(page, name, "PaginatorInfo") for key, name in part.info})
            written.append(b'"%s":%s' % (part.key.encode(), value))
        return b"{%s}" % b",".join(written)


class ListReading(Reading):
    """A page that is looked for."""

    def __init__(
        self,
        read: ListRead,
        actor: Actor,
        keys: tuple[Key, ...],
        start: Start,
        narrowing: Narrowing,
        values: Mapping[str, Any],
    ) -> None:
        self._read = read
        self._keys = keys
        self._start = start
        self._narrowing = narrowing
        self._values = values
        # Without a shape the statements are made for this request alone.
        self._rows = read.field.rows(narrowing.asked, actor) if narrowing.shape is None else None
        self.first = self._first()

    def _first(self) -> Piggyback | None:
        if self._rows is not None or not self._read.shows_rows:
            return None
        try:
            return Piggyback(self._read.page(self._narrowing, self._start), self._values)
        except EmptyResultSet:
            return None

    def answer(self) -> bytes:
        asked = self._narrowing.asked
        page = Page(
            self._page,
            self._count,
            first=asked.first,
            page=asked.page,
            cursor=self._cursor,
            follows=self._start.after is not None,
        )
        return self._read.json(page)

    def _page(self, _offset: int, _number: int) -> list[Row]:
        if self.first is not None:
            return self.first.texts()
        first = self._narrowing.asked.first
        try:
            if self._rows is not None:
                statement = self._read.page_of(self._rows, self._start, first=first)
            else:
                statement = self._read.page(self._narrowing, self._start)
        except EmptyResultSet:
            return []
        return statement.texts(self._values)

    def _count(self) -> int:
        rows = self.first.texts() if self.first is not None else []
        if rows and self._read.total_beside(self._narrowing):
            return int(rows[0][-1] or 0)
        try:
            if self._rows is not None:
                statement = Statement.of(*count_sql(self._rows))
            else:
                statement = self._read.count(self._narrowing)
        except EmptyResultSet:
            return 0
        return int(statement.texts(self._values)[0][0] or 0)

    def _cursor(self, row: Row) -> str:
        return self._read.cursor_of(self._keys, row)
