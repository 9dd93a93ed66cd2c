"""Lists in pages: ``data`` and ``paginatorInfo``."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import graphene
from django.db.models import F, QuerySet
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Action, Actor
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.lists.columns import ListFilterSet
from crm.graphql.lists.cursors import decode, encode, following
from crm.graphql.lists.ordering import Key, order, order_input
from crm.graphql.lists.pages import (
    DEFAULT_PAGE_SIZE,
    Page,
    PaginatorInfo,
    check_after,
    check_page,
    paginator_type,
)
from crm.graphql.lists.where import Conditions, where_input
from crm.graphql.lists.where_has import has_arguments, has_condition
from crm.models.tallies import count_visible


def cursor_columns(keys: Sequence[Key]) -> list[str]:
    """Give the names under which rows carry what their cursors are made of."""
    return [f"in_cursor_{number}" for number, _ in enumerate(keys)]


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
    after: str | None
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
        self.list_name = name
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
            "after": graphene.String(),
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

    @property
    def model(self) -> Any:
        """The model of the rows."""
        return self.filterset.row_model

    def is_whole(self, asked: Asked) -> bool:
        """Tell whether all visible rows of the model are asked for."""
        return not (self.has_source or asked.is_narrowed)

    def asked(self, arguments: Mapping[str, Any]) -> Asked:
        """Read the arguments of the field.

        :raises BadUserInput: if the size or number of the page is out of range, or is given with a cursor.
        """
        others = dict(arguments)
        first = others.pop("first")
        page = check_page(first, others.pop("page", None))
        return Asked(
            first=first,
            page=page,
            after=check_after(others.pop("after", None), page),
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
            visible = self.model._default_manager.visible_to(actor)
        else:
            visible = self._source(actor, **asked.own)
        conditions = Conditions(self.filterset, actor)
        met = conditions.where(asked.where) & has_condition(asked.has, self.filterset, conditions)
        return self.filterset.search(visible.filter(met), asked.search)

    def order(self, asked: Asked) -> tuple[Key, ...]:
        """Give the order of the rows, which no two of them share."""
        return order(asked.order_by, self.filterset)

    def place(self, asked: Asked, keys: tuple[Key, ...]) -> tuple[Any, ...] | None:
        """Give the place in the order that the rows follow, if they are asked for after a cursor.

        :raises BadUserInput: if the text is no cursor of this list in this order.
        """
        return None if asked.after is None else decode(self.list_name, keys, asked.after)

    def cursor(self, keys: tuple[Key, ...], values: Iterable[Any]) -> str:
        """Give the cursor of a row by what it has in the columns of the order."""
        return encode(self.list_name, keys, list(values))

    def _resolve(self, _root: Any, info: GraphQLResolveInfo, **arguments: Any) -> Page:
        asked = self.asked(arguments)
        keys = self.order(asked)
        place = self.place(asked, keys)
        actor = actor_of(info)
        rows = self.rows(asked, actor)
        expressions = [key.expression for key in keys]
        planned = load(rows, self.row_type, data_nodes(info, self.wrapper), info)
        names = cursor_columns(keys)
        if _asks_for_cursor(info, self.wrapper):
            planned = planned.annotate(**{name: F(key.name) for name, key in zip(names, keys, strict=True)})
        if place is not None:
            planned = planned.filter(reduce(or_, following(keys, place)))

        def read(offset: int, number: int) -> list[Any]:
            found = planned.order_by(*expressions)
            if not offset:
                return list(found[:number])
            # Skipped rows cost least where only their ids are looked at. These are read first: PostgreSQL
            # would take a sub-select for a condition that many rows meet, and go through all of them.
            on_page = rows.order_by(*expressions).values_list("pk", flat=True)[offset : offset + number]
            return list(found.filter(pk__in=list(on_page)))

        return Page(
            read,
            lambda: count_visible(self.model, actor) if self.is_whole(asked) else rows.count(),
            first=asked.first,
            page=asked.page,
            cursor=lambda row: self.cursor(keys, (getattr(row, name) for name in names)),
            follows=place is not None,
        )


def _asks_for_cursor(info: GraphQLResolveInfo, wrapper: Any) -> bool:
    infos = selected_fields(info, wrapper._meta.name, info.field_nodes).get("paginatorInfo", [])
    return "endCursor" in selected_fields(info, PaginatorInfo._meta.name, infos)


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
