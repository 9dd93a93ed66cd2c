"""Lists in pages: ``data`` and ``paginatorInfo``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import graphene
from django.db.models import QuerySet
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Action, Actor
from crm.errors import BadUserInput
from crm.graphql.auth import Guarded, actor_of
from crm.graphql.filters import ListFilterSet
from crm.graphql.ordering import order, order_input
from crm.graphql.prefetch import load, selected_fields
from crm.graphql.where import Conditions, where_input
from crm.graphql.where_has import has_arguments, has_condition

DEFAULT_PAGE_SIZE = 25
LARGEST_PAGE_SIZE = 100


class Page:
    """One page of a list; rows and total are read when, and only if, they are asked for.

    One row more than the page holds is read: it tells whether there are more pages, without a count.

    :param read: gives the rows from an offset on, up to a number of them.
    :param count: gives the number of all rows.
    """

    def __init__(
        self, read: Callable[[int, int], list[Any]], count: Callable[[], int], *, first: int, page: int
    ) -> None:
        self._read_rows = read
        self._count_rows = count
        self._offset = (page - 1) * first
        self.per_page = first
        self.current_page = page

    @classmethod
    def over(cls, rows: Any, counted: Any, *, first: int, page: int) -> "Page":
        """Give a page of rows that can be sliced, such as those of a queryset; ``counted`` can be counted."""
        return cls(
            lambda offset, number: list(rows[offset : offset + number]), counted.count, first=first, page=page
        )

    @cached_property
    def _read(self) -> list[Any]:
        return self._read_rows(self._offset, self.per_page + 1) if self.per_page else []

    @property
    def data(self) -> list[Any]:
        return self._read[: self.per_page]

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
        return len(self._read) > self.per_page if self.per_page else self.total > 0

    @property
    def last_page(self) -> int:
        return max(1, -(-self.total // self.per_page)) if self.per_page else 1

    @cached_property
    def total(self) -> int:
        # A page that is not full, and is not past the end, tells the total by itself.
        if self.per_page and not self.has_more_pages and (self.data or self.current_page == 1):
            return self._offset + len(self.data)
        return self._count_rows()


class PaginatorInfo(graphene.ObjectType):
    """Where a page stands in its list."""

    count = graphene.Int(required=True)
    current_page = graphene.Int(name="currentPage", required=True)
    first_item = graphene.Int(name="firstItem")
    has_more_pages = graphene.Boolean(name="hasMorePages", required=True)
    last_item = graphene.Int(name="lastItem")
    last_page = graphene.Int(name="lastPage", required=True)
    per_page = graphene.Int(name="perPage", required=True)
    total = graphene.Int(required=True)


def paginator_type(row_type: Any) -> type[graphene.ObjectType]:
    """Make the wrapper type of a list of this row type."""
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
    """Check the size and number of a page, and give its number.

    :raises BadUserInput: if one of them is out of range.
    """
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


def data_nodes(info: GraphQLResolveInfo, wrapper: Any) -> list[FieldNode]:
    """Give the ``data`` fields of a list's selection."""
    return selected_fields(info, wrapper._meta.name, info.field_nodes).get("data", [])


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the arguments of a list ask for."""

    first: int
    page: int
    where: Any
    order_by: Any
    search: str | None
    #: The ``has...`` arguments, and those that are the list's own.
    has: Mapping[str, Any]
    own: Mapping[str, Any]

    @property
    def is_narrowed(self) -> bool:
        """Whether something is asked of the rows beside their order."""
        return bool(
            self.where or self.search or self.own or any(each is not None for each in self.has.values())
        )


class ListField(Guarded):
    """A list of the root query: its arguments, its types and its resolver."""

    def __init__(
        self,
        name: str,
        row_type: Any,
        filterset: type[ListFilterSet],
        *,
        source: Callable[..., QuerySet[Any]] | None,
        permission: Action,
        own: Mapping[str, Any],
    ) -> None:
        self.row_type = row_type
        self.wrapper = paginator_type(row_type)
        self.filterset = filterset
        self._source = source
        self._own = own
        arguments: dict[str, Any] = {
            **own,
            "where": graphene.Argument(where_input("Query", name, filterset)),
            **has_arguments("Query", name, filterset),
            "orderBy": graphene.List(graphene.NonNull(order_input("Query", name, filterset))),
            "first": graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
            "page": graphene.Int(),
        }
        if filterset.search_method is not None:
            arguments["search"] = graphene.String()
        super().__init__(
            self.wrapper, name=name, required=True, resolver=self._resolve, permission=permission, **arguments
        )

    @property
    def has_source(self) -> bool:
        """Whether the list is of other rows than all visible ones of its model."""
        return self._source is not None

    def asked(self, arguments: Mapping[str, Any]) -> Asked:
        """Read the arguments of the field.

        :raises BadUserInput: if the size or number of the page is out of range.
        """
        others = dict(arguments)
        first, page = others.pop("first"), others.pop("page", None)
        return Asked(
            first=first,
            page=check_page(first, page),
            where=others.pop("where", None),
            order_by=others.pop("orderBy", None),
            search=others.pop("search", None),
            own={name: others.pop(name) for name in self._own if name in others},
            has=others,
        )

    def rows(self, asked: Asked, actor: Actor) -> QuerySet[Any]:
        """Give all rows that are asked for, in no order.

        :raises BadUserInput: if a condition does not fit its column.
        """
        if self._source is None:
            visible = self.filterset._meta.model._default_manager.visible_to(actor)
        else:
            visible = self._source(actor, **asked.own)
        conditions = Conditions(self.filterset, actor)
        met = conditions.where(asked.where) & has_condition(asked.has, self.filterset, conditions)
        return self.filterset.search(visible.filter(met), asked.search)

    def order(self, asked: Asked) -> list[Any]:
        """Give the order of the rows, which no two of them share."""
        return order(asked.order_by, self.filterset)

    def _resolve(self, _root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Page:
        asked = self.asked(arguments)
        rows = self.rows(asked, actor_of(info))
        planned = load(rows, self.row_type, data_nodes(info, self.wrapper), info)
        ordered = planned.order_by(*self.order(asked))
        return Page.over(ordered, rows, first=asked.first, page=asked.page)


def list_field(
    name: str,
    row_type: Any,
    filterset: type[ListFilterSet],
    *,
    source: Callable[..., QuerySet[Any]] | None = None,
    permission: Action = Action.READ,
    **further: Any,
) -> ListField:
    """Declare a list of the root query.

    :param name: the field's name in the API, from which the generated type names follow.
    :param filterset: the columns of the list; its model is that of the rows.
    :param source: gives the visible rows that the list is of, for the actor and ``further`` arguments.
    """
    return ListField(name, row_type, filterset, source=source, permission=permission, own=further)
