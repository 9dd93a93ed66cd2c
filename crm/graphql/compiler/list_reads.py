"""The compiled read of a list: the statements of its pages and of its total, and the JSON of its value."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field

import orjson
from django.core.exceptions import EmptyResultSet
from django.db.models import Model, QuerySet
from django.utils.functional import cached_property

from crm.actors import Actor
from crm.database.piggyback import Piggyback
from crm.database.statements import Row, Statement
from crm.graphql.compiler.bounds import Lengths
from crm.graphql.compiler.columns import MOST_PAGES, Columns, Pieces, count_sql, sum_sql
from crm.graphql.compiler.filters import Filters
from crm.graphql.compiler.pages import Start, order_sql, page_sql, read_cursor_columns
from crm.graphql.compiler.reads import PendingRead, Read
from crm.graphql.core.arguments import Values
from crm.graphql.lists.ordering import Key
from crm.graphql.lists.pages import Page
from crm.graphql.lists.paginator import ListField, ListQuery, cursor_columns
from crm.models.tallies import tallies_for

#: The arguments of a list, its order, and where the page starts.
Asked = tuple[ListQuery, tuple[Key, ...], Start]

#: Attributes of a page that need the total.
TOTALS = {"total", "last_page"}


@dataclass(frozen=True)
class Part:
    """A key of a list's wrapper: a column of ``data``, fields of ``paginatorInfo``, or a constant."""

    key: str
    column: int | None = None
    lengths: Lengths | None = None
    info: tuple[tuple[str, str], ...] = ()
    constant: str | None = None


@dataclass
class ListRead(Read):
    """A list; its statements are the same for all actors of the class."""

    field: ListField
    parts: tuple[Part, ...]
    columns: Columns
    #: An actor with parameters in place of its ids.
    symbolic: Actor
    _statements: dict[Hashable, Statement] = field(default_factory=dict)
    _asked_once: Asked | None = None

    def begin(self, actor: Actor, variables: Values) -> "PendingListRead":
        query, keys, start = self._asked(variables)
        filters = Filters.of(self.field, query, actor)
        values = {
            "company": actor.company_id,
            "user": actor.user_id,
            "offset": (query.page - 1) * query.first,
            **start.values,
            **filters.values,
        }
        return PendingListRead(self, actor, keys, start, filters, values)

    def _asked(self, variables: Values) -> Asked:
        """Return what the arguments ask for, worked out only once where they have no variable."""
        if not self._is_constant:
            return self._ask(variables)
        if self._asked_once is None:
            self._asked_once = self._ask(variables)
        return self._asked_once

    def _ask(self, variables: Values) -> Asked:
        query = self.field.read_arguments(self.arguments(variables))
        keys = self.field.order(query)
        return query, keys, Start(keys, self.field.position(query, keys), is_later=query.page > 1)

    @property
    def selects_rows(self) -> bool:
        """Whether ``data`` is selected, and not only ``paginatorInfo``."""
        return any(part.column is not None for part in self.parts)

    def page(self, filters: Filters, start: Start) -> Statement:
        query = filters.query
        order = tuple((clause["column"], clause["order"]) for clause in query.order_by or [])
        return self._cached(
            (order, query.first, start.shape, filters.shape),
            lambda: self.page_of(
                filters.rows(self.symbolic), start, first=query.first, total=self.total_column(filters)
            ),
        )

    def _cached(self, key: Hashable, make: Callable[[], Statement]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) >= MOST_PAGES:
                self._statements.clear()
            found = self._statements[key] = make().refuse_moments()
        return found

    def page_of(self, rows: QuerySet[Model], start: Start, *, first: int, total: Pieces = ()) -> Statement:
        """Return the statement of a page of some rows, and of one more row, with a column for the total."""
        page = page_sql(rows, start, self.columns.needed, limit=first + 1)
        names = cursor_columns(start.keys) if "end_cursor" in self._page_attributes else ()
        order = order_sql(start.keys)
        return Statement.of(*self.columns.select_from(page, *names, order=order, scalar=total))

    @cached_property
    def _page_attributes(self) -> set[str]:
        return {name for part in self.parts for _, name in part.info}

    def cursor_of(self, keys: tuple[Key, ...], row: Row) -> str:
        # Behind the columns of ``data``; where none are selected, the primary key is.
        before = max(1, sum(part.column is not None for part in self.parts))
        return self.field.cursor(keys, read_cursor_columns(keys, row[before : before + len(keys)]))

    def total_column(self, filters: Filters) -> Pieces:
        """Return the statement of the total for a column of the page; empty where rows must be counted."""
        # Counting can take long, and a page that is not full shows its total without.
        return self._tallied(filters) if self._page_attributes & TOTALS else ()

    def count(self, filters: Filters) -> Statement:
        return self._cached(filters.shape, lambda: Statement.of(*self._count_of(filters)))

    def _count_of(self, filters: Filters) -> Pieces:
        return self._tallied(filters) or count_sql(filters.rows(self.symbolic))

    def _tallied(self, filters: Filters) -> Pieces:
        return self._tally_of_all if self.field.is_whole(filters.query) else ()

    @cached_property
    def _tally_of_all(self) -> Pieces:
        tallies = tallies_for(self.columns.model, self.symbolic)
        return () if tallies is None else sum_sql(tallies)

    def json(self, page: Page) -> bytes:
        """Return a page as JSON; its rows have the columns of this read, as the database wrote them."""
        members = []
        for part in self.parts:
            if part.column is not None:
                rows = [row[part.column] for row in page.data]
                if part.lengths is not None:
                    part.lengths.check(rows)
                value = b"[" + b",".join(rows) + b"]"
            elif part.constant is not None:
                value = orjson.dumps(part.constant)
            else:
                value = orjson.dumps({key: getattr(page, name, "PaginatorInfo") for key, name in part.info})
            members.append(b'"%s":%s' % (part.key.encode(), value))
        return b"{%s}" % b",".join(members)


@dataclass
class PendingListRead(PendingRead):
    read: ListRead
    actor: Actor
    keys: tuple[Key, ...]
    start: Start
    filters: Filters
    values: Mapping[str, object]

    def __post_init__(self) -> None:
        # Without a shape the statements serve this request only, with its values inside.
        self._rows = (
            self.read.field.rows(self.filters.query, self.actor) if self.filters.shape is None else None
        )
        self.first = self._first()

    def _first(self) -> Piggyback | None:
        if self._rows is not None or not self.read.selects_rows:
            return None
        try:
            return Piggyback(self.read.page(self.filters, self.start), self.values)
        except EmptyResultSet:
            # Django raises it for a condition that no row can meet, such as an empty IN: there is no SQL.
            return None

    def json(self) -> bytes:
        query = self.filters.query
        page = Page(
            self._page,
            self._count,
            first=query.first,
            page=query.page,
            cursor=self._cursor,
            is_after_cursor=self.start.after is not None,
        )
        return self.read.json(page)

    def _page(self, _offset: int, _number: int) -> list[Row]:
        if self.first is not None:
            return self.first.texts()
        first = self.filters.query.first
        try:
            if self._rows is not None:
                statement = self.read.page_of(self._rows, self.start, first=first)
            else:
                statement = self.read.page(self.filters, self.start)
        except EmptyResultSet:
            return []
        return statement.texts(self.values)

    def _count(self) -> int:
        rows = self.first.texts() if self.first is not None else []
        if rows and self.read.total_column(self.filters):
            # NULL where nothing was tallied yet.
            return int(rows[0][-1] or 0)
        try:
            if self._rows is not None:
                statement = Statement.of(*count_sql(self._rows))
            else:
                statement = self.read.count(self.filters)
        except EmptyResultSet:
            return 0
        return int(statement.texts(self.values)[0][0] or 0)

    def _cursor(self, row: Row) -> str:
        return self.read.cursor_of(self.keys, row)
