"""Lists in pages: ``data`` and ``paginatorInfo``."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import graphene
from django.db.models import QuerySet
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Action
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
    """

    def __init__(self, rows: QuerySet[Any], counted: QuerySet[Any], *, first: int, page: int) -> None:
        self._rows = rows
        self._counted = counted
        self._offset = (page - 1) * first
        self.per_page = first
        self.current_page = page

    @cached_property
    def _read(self) -> list[Any]:
        end = self._offset + self.per_page + 1
        return list(self._rows[self._offset : end]) if self.per_page else []

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
        return self._counted.count()


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


def list_field(
    name: str,
    row_type: Any,
    filterset: type[ListFilterSet],
    *,
    source: Callable[..., QuerySet[Any]] | None = None,
    permission: Action = Action.READ,
    **further: Any,
) -> Guarded:
    """Declare a list of the root query: its arguments, its types and its resolver.

    :param name: the field's name in the API, from which the generated type names follow.
    :param filterset: the columns of the list; its model is that of the rows.
    :param source: gives the visible rows that the list is of, for the actor and ``further`` arguments.
    """
    wrapper = paginator_type(row_type)

    def resolve(
        _root: Any,
        info: GraphQLResolveInfo,
        *,
        first: int,
        page: int | None = None,
        where: Any = None,
        orderBy: Any = None,  # noqa: N803 - the name of the wire
        search: str | None = None,
        **others: Any,
    ) -> Page:
        number = check_page(first, page)
        actor = actor_of(info)
        own = {argument: others.pop(argument) for argument in further if argument in others}
        if source is None:
            visible = filterset._meta.model._default_manager.visible_to(actor)
        else:
            visible = source(actor, **own)
        conditions = Conditions(filterset, actor)
        asked = conditions.where(where) & has_condition(others, filterset, conditions)
        rows = filterset.search(visible.filter(asked), search)
        planned = load(rows, row_type, data_nodes(info, wrapper), info).order_by(*order(orderBy, filterset))
        return Page(planned, rows, first=first, page=number)

    arguments: dict[str, Any] = {
        **further,
        "where": graphene.Argument(where_input("Query", name, filterset)),
        **has_arguments("Query", name, filterset),
        "orderBy": graphene.List(graphene.NonNull(order_input("Query", name, filterset))),
        "first": graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
        "page": graphene.Int(),
    }
    if filterset.search_method is not None:
        arguments["search"] = graphene.String()
    return Guarded(wrapper, name=name, required=True, resolver=resolve, permission=permission, **arguments)
