"""Fields that list rows below a row: what they read, and how long they may be."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import graphene
from django.db import models as db
from graphql import GraphQLResolveInfo

from crm.actors import Actor
from crm.errors import BadUserInput
from crm.graphql.core.fields import LazyRowType, RowType
from crm.graphql.core.permissions import budget_of
from crm.models.base import visible_rows

FIRST = "first"
LARGEST_FIRST = 100
#: Rows that a nested list without ``first`` answers.
LARGEST_LIST = 250
DEFAULT_FIRST = 25


class Listed(NamedTuple):
    """The rows of a list, and whether there are more."""

    rows: Sequence[db.Model]
    has_more: bool


NO_ROWS = Listed((), False)


class ListSize:
    """Bounds of a nested list: its argument ``first``, its default, and the most that it answers.

    Without a ``default`` the list is plain: it answers all rows up to ``most``, and where there are more its
    path is in ``extensions.truncated`` of the answer.
    """

    def __init__(self, *, default: int | None = None, most: int = LARGEST_LIST) -> None:
        self.most = most
        self.argument = (
            graphene.Int(description=f"At most so many, 0 to {LARGEST_FIRST}; without it all, up to {most}.")
            if default is None
            else graphene.Int(
                required=True, default_value=default, description=f"At most so many, 0 to {LARGEST_FIRST}."
            )
        )

    def of(self, arguments: Mapping[str, Any]) -> int:
        """Return how many rows a list may answer; ``check_first`` has refused what is out of range."""
        first = arguments.get(FIRST)
        return self.most if first is None else int(first)

    def cut(self, rows: Listed, info: GraphQLResolveInfo, first: int | None) -> Sequence[Any]:
        """Return the rows; note the path of a plain list that has more."""
        if rows.has_more and first is None:
            budget_of(info).truncate(info.path.as_list())
        return rows.rows


def check_first(name: str, first: int) -> None:
    """Refuse the argument ``first`` of a nested list if it is out of range."""
    if not 0 <= first <= LARGEST_FIRST:
        raise BadUserInput(f"first of {name} takes 0 to {LARGEST_FIRST}, got {first}.", argument=FIRST)


class RowList(graphene.Field):
    """A field that lists rows, which ``load`` attached to the row: see ``crm.graphql.core.row_lists``."""

    def __init__(
        self, type_: LazyRowType, *, first: int | None = None, most: int = LARGEST_LIST, **kwargs: object
    ) -> None:
        self.size = ListSize(default=first, most=most)

        def read(row: Any, info: GraphQLResolveInfo, first: int | None = None) -> object:
            return self.size.cut(row.lists[self.key({FIRST: first})], info, first)

        super().__init__(
            graphene.List(lambda: graphene.NonNull(self.row_type)),
            resolver=read,
            first=self.size.argument,
            **kwargs,
        )
        self._row_type = type_

    @property
    def row_type(self) -> RowType:
        return self._row_type if isinstance(self._row_type, type) else self._row_type()

    def key(self, arguments: Mapping[str, Any]) -> tuple[object, ...]:
        """Return the key under which a row stores the list: one per size, for aliases."""
        return (self, self.size.of(arguments))


class RelatedList(RowList):
    """A field that lists related rows in a fixed order; only those that the actor may see."""

    def __init__(
        self, type_: LazyRowType, path: str, *, ordering: Sequence[str | db.OrderBy], **kwargs: Any
    ) -> None:
        super().__init__(type_, **kwargs)
        self.path = path
        # Rows that are equal in the ordering must not change places from one request to the next.
        self.ordering = (*ordering, "pk")


class BatchedList(RowList):
    """A field that lists rows found by a function, called once for all rows of a page.

    ``source`` returns the keys of the listed rows by the key of the row, in order, for the rows of a page and
    the actor: one more than ``most``, if there are so many. ``loads`` are the columns that it reads.
    """

    def __init__(
        self,
        type_: LazyRowType,
        source: Callable[[Sequence[Any], Actor], Mapping[int, Sequence[int]]],
        *,
        loads: Sequence[str] = (),
        visible: Callable[[Actor], db.QuerySet[db.Model]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(type_, **{"required": True} | kwargs)
        self.source = source
        self.loads = tuple(loads)
        self._visible = visible

    def visible_rows(self, actor: Actor) -> db.QuerySet[db.Model]:
        if self._visible is not None:
            return self._visible(actor)
        return visible_rows(self.row_type._meta.model, actor)


class BatchedRow(BatchedList):
    """A field that leads to one row, or none, found by a function as those of ``BatchedList`` are."""

    def __init__(
        self,
        type_: LazyRowType,
        source: Callable[[Sequence[Any], Actor], Mapping[int, Sequence[int]]],
        *,
        loads: Sequence[str] = (),
        **kwargs: Any,
    ) -> None:
        def read(row: Any, _info: GraphQLResolveInfo) -> object:
            rows = row.lists[self.key({})].rows
            return rows[0] if rows else None

        # Not by ``RowList``, whose type is a list and which takes ``first``.
        graphene.Field.__init__(self, type_, resolver=read, **kwargs)
        self.size = ListSize(most=1)
        self._row_type = type_
        self.source = source
        self.loads = tuple(loads)
        self._visible = None
