"""Lists of the root query: their arguments, and the page that the standard executor resolves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

import graphene
from django.db.models import F, Model, QuerySet
from graphql import FieldNode, GraphQLResolveInfo

from crm.actors import Action, Actor
from crm.graphql.core.arguments import Values, enum_value
from crm.graphql.core.fields import RowType
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.lists.columns import ListFilterSet
from crm.graphql.lists.cursors import conditions_after, decode, encode
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
from crm.models.base import visible_rows
from crm.models.tallies import count_visible


def cursor_columns(keys: Sequence[Key]) -> list[str]:
    """Return the names under which rows have the values of their cursors."""
    # Annotations of their own: an order may lead through a relation, or by a name that the row has twice.
    return [f"in_cursor_{number}" for number, _ in enumerate(keys)]


def data_nodes(info: GraphQLResolveInfo, wrapper: type[graphene.ObjectType]) -> list[FieldNode]:
    """Return the ``data`` fields in the selection of a list."""
    return selected_fields(info, wrapper._meta.name, info.field_nodes).get("data", [])


@dataclass(frozen=True, kw_only=True)
class ListQuery:
    """The arguments of a list, by what they do."""

    first: int
    page: int
    where: Values | None
    order_by: Sequence[Values] | None
    search: str | None
    after: str | None
    #: The ``has...`` arguments.
    has: Values
    #: The arguments that only this list has.
    own: Values

    @property
    def is_filtered(self) -> bool:
        return bool(
            self.where or self.search or self.own or any(each is not None for each in self.has.values())
        )


class ListField(Guarded):
    """A list of the root query: its arguments, its types and its resolver."""

    def __init__(
        self,
        name: str,
        row_type: RowType,
        filterset: type[ListFilterSet],
        *,
        source: Callable[..., QuerySet[Model]] | None,
        permission: Action,
        own: Mapping[str, object],
        description: str | None,
    ) -> None:
        self.list_name = name
        self.row_type = row_type
        self.wrapper = paginator_type(row_type)
        self.filterset = filterset
        self._source = source
        self._own = own
        arguments: dict[str, object] = {
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
            self.wrapper,
            name=name,
            required=True,
            resolver=self._resolve,
            permission=permission,
            description=description,
            **arguments,
        )

    @property
    def has_source(self) -> bool:
        """Whether the list has other rows than all visible ones of its model."""
        return self._source is not None

    @property
    def model(self) -> type[Model]:
        model: type[Model] = self.filterset.row_model
        return model

    def is_whole(self, query: ListQuery) -> bool:
        """Return whether a query is for all visible rows of the model."""
        return not (self.has_source or query.is_filtered)

    def read_arguments(self, arguments: Values) -> ListQuery:
        others = dict(arguments)
        first = others.pop("first")
        page = check_page(first, others.pop("page", None))
        return ListQuery(
            first=first,
            page=page,
            after=check_after(others.pop("after", None), page),
            where=others.pop("where", None),
            order_by=others.pop("orderBy", None),
            search=others.pop("search", None),
            own={name: others.pop(name) for name in self._own if name in others},
            has=others,
        )

    def rows(self, query: ListQuery, actor: Actor) -> QuerySet[Model]:
        """Return all rows that a query is for, in no order."""
        if self._source is None:
            visible = visible_rows(self.model, actor)
        else:
            visible = self._source(actor, **query.own)
        conditions = Conditions(self.filterset, actor)
        met = conditions.where(query.where) & has_condition(query.has, self.filterset, conditions)
        ordered = [enum_value(clause["column"]) for clause in query.order_by or []]
        found = self.filterset.with_order_columns(visible.filter(met), ordered)
        return self.filterset.search(found, query.search, actor)

    def order(self, query: ListQuery) -> tuple[Key, ...]:
        """Return the order of the rows; no two rows are equal in it."""
        return order(query.order_by, self.filterset)

    def position(self, query: ListQuery, keys: tuple[Key, ...]) -> tuple[object, ...] | None:
        """Return the position in the order after which the rows begin, None without a cursor."""
        return None if query.after is None else decode(self.list_name, keys, query.after)

    def cursor(self, keys: tuple[Key, ...], values: Iterable[object]) -> str:
        return encode(self.list_name, keys, list(values))

    def _resolve(self, _root: object, info: GraphQLResolveInfo, **arguments: Any) -> Page:
        query = self.read_arguments(arguments)
        keys = self.order(query)
        position = self.position(query, keys)
        actor = actor_of(info)
        rows = self.rows(query, actor)
        expressions = [key.expression for key in keys]
        loaded = load(rows, self.row_type, data_nodes(info, self.wrapper), info)
        names = cursor_columns(keys)
        if _selects_cursor(info, self.wrapper):
            loaded = loaded.annotate(**{name: F(key.name) for name, key in zip(names, keys, strict=True)})
        if position is not None:
            loaded = loaded.filter(reduce(or_, conditions_after(keys, position)))

        def read(offset: int, number: int) -> list[Model]:
            found = loaded.order_by(*expressions)
            if not offset:
                return list(found[:number])
            # Skipping is cheapest on ids alone, which an index holds. They are read by a statement of their
            # own: PostgreSQL takes a subquery for a condition that many rows meet, and reads all of them.
            on_page = rows.order_by(*expressions).values_list("pk", flat=True)[offset : offset + number]
            return list(found.filter(pk__in=list(on_page)))

        return Page(
            read,
            lambda: count_visible(self.model, actor) if self.is_whole(query) else rows.count(),
            first=query.first,
            page=query.page,
            cursor=lambda row: self.cursor(keys, (getattr(row, name) for name in names)),
            is_after_cursor=position is not None,
        )


def _selects_cursor(info: GraphQLResolveInfo, wrapper: type[graphene.ObjectType]) -> bool:
    infos = selected_fields(info, wrapper._meta.name, info.field_nodes).get("paginatorInfo", [])
    return "endCursor" in selected_fields(info, PaginatorInfo._meta.name, infos)


def list_field(
    name: str,
    row_type: RowType,
    filterset: type[ListFilterSet],
    *,
    source: Callable[..., QuerySet[Model]] | None = None,
    permission: Action = Action.READ,
    description: str | None = None,
    **own: object,
) -> ListField:
    """Declare a list of the root query; the names of its input types derive from its own.

    ``source`` returns the rows for an actor and the list's ``own`` arguments; the default is all visible.
    """
    return ListField(
        name, row_type, filterset, source=source, permission=permission, own=own, description=description
    )
