"""One page of a list, and its ``paginatorInfo``."""

from collections.abc import Callable
from typing import Any

import graphene
from django.utils.functional import cached_property

from crm.errors import BadUserInput
from crm.graphql.core.fields import RowType

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 100


class Page:
    """One page of a list; rows and total are read only when they are needed.

    ``read`` returns rows from an offset on: one more than the page holds shows whether there are more,
    without a count. Without ``cursor``, ``endCursor`` is null. After a cursor, ``firstItem`` counts from it.
    """

    def __init__(
        self,
        read: Callable[[int, int], list[Any]],
        count: Callable[[], int],
        *,
        first: int,
        page: int,
        cursor: Callable[[Any], str] | None = None,
        is_after_cursor: bool = False,
    ) -> None:
        self._read_rows = read
        self._count_rows = count
        self._cursor_of = cursor
        self._is_after_cursor = is_after_cursor
        self._offset = (page - 1) * first
        self.per_page = first
        self.current_page = page

    @classmethod
    def over(cls, rows: Any, counted: Any, *, first: int, page: int) -> "Page":
        """Return a page of rows that can be sliced, such as a query set; ``counted`` can be counted."""
        return cls(
            lambda offset, number: list(rows[offset : offset + number]), counted.count, first=first, page=page
        )

    @cached_property
    def _rows(self) -> list[Any]:
        # After a cursor, a page of no rows still shows whether any follow; otherwise the total does.
        if not self.per_page and not self._is_after_cursor:
            return []
        return self._read_rows(self._offset, self.per_page + 1)

    @property
    def data(self) -> list[Any]:
        return self._rows[: self.per_page]

    @property
    def count(self) -> int:
        return len(self.data)

    @property
    def first_item(self) -> int | None:
        return self._offset + 1 if self.data else None

    @property
    def last_item(self) -> int | None:
        return self._offset + len(self.data) if self.data else None

    @property
    def has_more_pages(self) -> bool:
        if self.per_page or self._is_after_cursor:
            return len(self._rows) > self.per_page
        return self.total > 0

    @property
    def end_cursor(self) -> str | None:
        return self._cursor_of(self.data[-1]) if self._cursor_of and self.data else None

    @property
    def last_page(self) -> int:
        return max(1, -(-self.total // self.per_page)) if self.per_page else 1

    @cached_property
    def total(self) -> int:
        # A last page that is not past the end shows the total: no count is needed.
        is_end = self.per_page and not self._is_after_cursor and not self.has_more_pages
        if is_end and (self.data or self.current_page == 1):
            return self._offset + len(self.data)
        return self._count_rows()


class PaginatorInfo(graphene.ObjectType):
    """Where a page stands in its list."""

    count = graphene.Int(required=True)
    current_page = graphene.Int(name="currentPage", required=True)
    end_cursor = graphene.String(name="endCursor")
    first_item = graphene.Int(name="firstItem")
    has_more_pages = graphene.Boolean(name="hasMorePages", required=True)
    last_item = graphene.Int(name="lastItem")
    last_page = graphene.Int(name="lastPage", required=True)
    per_page = graphene.Int(name="perPage", required=True)
    total = graphene.Int(required=True)


_wrappers: dict[RowType, type[graphene.ObjectType]] = {}


def paginator_type(row_type: RowType) -> type[graphene.ObjectType]:
    """Return the wrapper type of lists of a type, with Lighthouse's name for it."""
    if row_type not in _wrappers:
        _wrappers[row_type] = _make_paginator_type(row_type)
    return _wrappers[row_type]


def _make_paginator_type(row_type: RowType) -> type[graphene.ObjectType]:
    wrapper: type[graphene.ObjectType] = type(
        f"{row_type._meta.name}Paginator",
        (graphene.ObjectType,),
        {
            "data": graphene.List(graphene.NonNull(row_type), required=True),
            "paginator_info": graphene.Field(
                PaginatorInfo, name="paginatorInfo", required=True, resolver=lambda page, _info: page
            ),
        },
    )
    return wrapper


def check_page(first: int, page: int | None) -> int:
    """Check the size and number of a page, and return its number."""
    if first < 0:
        raise BadUserInput(f"Requested pagination amount must be non-negative, got {first}.")
    if first > LARGEST_PAGE_SIZE:
        raise BadUserInput(
            f"Maximum number of {LARGEST_PAGE_SIZE} requested items exceeded, got {first}."
            " Fetch smaller chunks."
        )
    if page is not None and page < 1:
        raise BadUserInput(f"Pages are counted from 1, got {page}.")
    return page or 1


def check_after(after: str | None, page: int) -> str | None:
    """Return the cursor, if there is one; refuse it together with the number of a later page."""
    if after and page > 1:
        raise BadUserInput("Ask for a page by its number or after a cursor, not by both.")
    # Clients start a walk through a list with after: "".
    return after or None
