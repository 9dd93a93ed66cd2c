"""The compiled read of one root field: its statements, and the JSON of its answer."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson
from django.core.exceptions import EmptyResultSet
from graphql import FieldNode, GraphQLField, ListValueNode, ObjectValueNode, ValueNode, VariableNode
from graphql.execution.values import get_argument_values

from crm.actors import Actor
from crm.graphql.compiler.binding import KEY
from crm.graphql.compiler.columns import MOST_PAGES, Columns, count_sql, sum_sql
from crm.graphql.compiler.narrowing import Narrowing
from crm.graphql.compiler.pages import Start, page_sql, read_cursor_columns
from crm.graphql.ordering import Key
from crm.graphql.pages import Page
from crm.graphql.paginator import ListField, cursor_columns
from crm.graphql.queries import SingleField
from crm.models.base import parse_id, parse_uuid
from crm.models.prepared import Sql, Statement, Uncompilable
from crm.models.tallies import tallies_for


def _holds_variable(value: ValueNode) -> bool:
    if isinstance(value, ListValueNode):
        return any(_holds_variable(item) for item in value.values)
    if isinstance(value, ObjectValueNode):
        return any(_holds_variable(field.value) for field in value.fields)
    return isinstance(value, VariableNode)


@dataclass
class Read(ABC):
    """What is read for one field of the root."""

    definition: GraphQLField
    node: FieldNode

    def __post_init__(self) -> None:
        given = [argument.value for argument in self.node.arguments]
        self._is_constant = not any(_holds_variable(value) for value in given)
        self._arguments: dict[str, Any] | None = None

    @abstractmethod
    def answer(self, actor: Actor, variables: Mapping[str, Any]) -> bytes:
        """Give the field's value as JSON.

        :raises Uncompilable: if only the standard executor can answer.
        :raises CrmError: if the arguments are refused.
        :raises django.db.Error: if the database refuses.
        """

    def arguments(self, variables: Mapping[str, Any]) -> dict[str, Any]:
        """Give the field's arguments; those without a variable are read once."""
        if not self._is_constant:
            return get_argument_values(self.definition, self.node, dict(variables))
        if self._arguments is None:
            self._arguments = get_argument_values(self.definition, self.node, {})
        return self._arguments


@dataclass
class SingleRead(Read):
    """One row by its key."""

    field: SingleField
    columns: Columns
    symbolic: Actor

    @cached_property
    def _statements(self) -> Mapping[str, Statement]:
        rows = self.columns.model._default_manager.visible_to(self.symbolic)
        start = Start((Key("pk", self.columns.model._meta.pk, False),))
        return {
            name: Statement.of(
                *self.columns.of_rows(page_sql(rows.filter(**{name: KEY}), start, limit=1))
            ).refuse_moments()
            for name in ("pk", "uuid")
            if name == "pk" or hasattr(self.columns.model, "uuid")
        }

    def answer(self, actor: Actor, variables: Mapping[str, Any]) -> bytes:
        key = self.arguments(variables)["id"]
        number = parse_id(key)
        value = parse_uuid(key) if number is None else number
        statement = self._statements.get("uuid" if number is None else "pk")
        if statement is None or value is None:
            raise Uncompilable("not found")
        values = {"company": actor.company_id, "user": actor.user_id, "key": value}
        found = statement.texts(values)
        if not found or found[0][0] is None:
            raise Uncompilable("not found")
        return found[0][0]


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

    def answer(self, actor: Actor, variables: Mapping[str, Any]) -> bytes:
        asked = self.field.asked(self.arguments(variables))
        keys = self.field.order(asked)
        start = Start(keys, self.field.place(asked, keys), is_later=asked.page > 1)
        narrowing = Narrowing.of(self.field, asked, actor)
        values = {
            "company": actor.company_id,
            "user": actor.user_id,
            **start.values,
            **narrowing.values,
        }
        # Without a shape the statement is made for this request alone.
        rows = self.field.rows(asked, actor) if narrowing.shape is None else None

        def read(offset: int, _number: int) -> list[Any]:
            try:
                statement = (
                    self._page(narrowing, start)
                    if rows is None
                    else self._page_of(rows, start, first=asked.first)
                )
            except EmptyResultSet:
                return []
            return statement.texts({**values, "offset": offset})

        def count() -> int:
            try:
                statement = self._count(narrowing) if rows is None else Statement.of(*count_sql(rows))
            except EmptyResultSet:
                return 0
            return int(statement.texts(values)[0][0] or 0)

        def cursor(row: tuple[bytes | None, ...]) -> str:
            return self.field.cursor(keys, read_cursor_columns(keys, row[-len(keys) :]))

        follows = start.after is not None
        return self._json(
            Page(read, count, first=asked.first, page=asked.page, cursor=cursor, follows=follows)
        )

    def _page(self, narrowing: Narrowing, start: Start) -> Statement:
        """Give the statement of a page, which is the same for all actors of the class."""
        asked = narrowing.asked
        order = tuple((clause["column"], clause["order"]) for clause in asked.order_by or [])
        return self._kept(
            (order, asked.first, start.shape, narrowing.shape),
            lambda: self._page_of(narrowing.rows(self.symbolic), start, first=asked.first),
        )

    def _kept(self, key: Any, make: Callable[[], Statement]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) >= MOST_PAGES:
                self._statements.clear()
            found = self._statements[key] = make().refuse_moments()
        return found

    def _page_of(self, rows: Any, start: Start, *, first: int) -> Statement:
        page = page_sql(rows, start, limit=first + 1)
        names = cursor_columns(start.keys) if self._gives_cursor else ()
        return Statement.of(*self.columns.of_rows(page, *names))

    @cached_property
    def _gives_cursor(self) -> bool:
        return any(name == "end_cursor" for part in self.parts for _, name in part.info)

    def _count(self, narrowing: Narrowing) -> Statement:
        return self._kept(narrowing.shape, lambda: Statement.of(*self._count_of(narrowing)))

    def _count_of(self, narrowing: Narrowing) -> tuple[Sql | str, ...]:
        if self.field.is_whole(narrowing.asked):
            tallies = tallies_for(self.columns.model, self.symbolic)
            if tallies is not None:
                return sum_sql(tallies)
        return count_sql(narrowing.rows(self.symbolic))

    def _json(self, page: Page) -> bytes:
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
