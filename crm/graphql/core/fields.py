"""How a field of a type is stored or computed."""

from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import graphene
from django.core.exceptions import ObjectDoesNotExist
from django.db import models as db
from django.db.models.functions import Coalesce
from graphene_django import DjangoObjectType
from graphene_django.converter import convert_django_field
from graphql import GraphQLResolveInfo

from crm.actors import Actor
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.scalars import Date, DateTime

#: A GraphQL type whose rows are those of a model.
RowType = type[DjangoObjectType]


@convert_django_field.register(db.DateTimeField)
def _datetime(field: Any, registry: Any = None) -> Any:
    return DateTime(required=not field.null)


@convert_django_field.register(db.DateField)
def _date(field: Any, registry: Any = None) -> Any:
    return Date(required=not field.null)


@convert_django_field.register(db.UUIDField)
def _uuid(field: Any, registry: Any = None) -> Any:
    return graphene.ID(required=not field.null)


@convert_django_field.register(db.CharField)
@convert_django_field.register(db.TextField)
def _text(field: Any, registry: Any = None) -> Any:
    return graphene.String(required=not field.null)


class Attribute(graphene.Field):
    """A field read from a column of the row, or of a row that belongs to it (``file__name``)."""

    def __init__(
        self, type_: Any, path: str, *, resolver: Callable[..., Any] | None = None, **kwargs: Any
    ) -> None:
        value_of = attrgetter(path.replace("__", "."))

        def read(row: Any, _info: GraphQLResolveInfo) -> Any:
            return value_of(row)

        super().__init__(type_, resolver=resolver or read, **kwargs)
        self.loads = (path,)
        #: Whether the column itself is the value.
        self.plain = resolver is None


class Related(graphene.Field):
    """A field that leads to one other row; null where the actor may not see it."""

    def __init__(self, type_: Any, path: str, **kwargs: Any) -> None:
        def read(row: Any, info: GraphQLResolveInfo) -> Any:
            try:
                related = getattr(row, path)
            except ObjectDoesNotExist:
                # Loaded in scope, it is not there for this actor.
                return None
            return related if related is not None and related.is_visible_to(actor_of(info)) else None

        super().__init__(type_, resolver=read, **kwargs)
        self.path = path

    @property
    def row_type(self) -> Any:
        """The graphene type of the other row."""
        return getattr(self.type, "of_type", self.type)


class RelatedList(graphene.Field):
    """A field that lists other rows, in an order of its own; only those that the actor may see."""

    def __init__(self, type_: Any, path: str, *, ordering: Sequence[Any], **kwargs: Any) -> None:
        def read(row: Any, _info: GraphQLResolveInfo) -> Any:
            return getattr(row, path).all()

        super().__init__(graphene.List(lambda: graphene.NonNull(self.row_type)), resolver=read, **kwargs)
        self._row = type_
        self.path = path
        self.ordering = (*ordering, "pk")

    @property
    def row_type(self) -> Any:
        """The graphene type of the other rows."""
        return self._row if isinstance(self._row, type) else self._row()


def count_by(rows: db.QuerySet[Any], path: str, *, outer: str = "pk") -> Coalesce:
    """Return the expression that counts the rows whose ``path`` is the outer row's ``outer``."""
    # Without an order: each column of it would be another group.
    matching = rows.filter(**{path: db.OuterRef(outer)}).order_by()
    counted = matching.values(path).annotate(number=db.Count("pk")).values("number")
    return Coalesce(db.Subquery(counted, output_field=db.IntegerField()), 0)


class Computed(graphene.Field):
    """A field that the database computes for each row, for this actor."""

    def __init__(
        self, type_: Any, annotation: str, expression: Callable[[Actor], Any], **kwargs: Any
    ) -> None:
        super().__init__(type_, resolver=lambda row, _info: getattr(row, annotation), **kwargs)
        self.annotation = annotation
        self.expression = expression


class Derived(graphene.Field):
    """A field that Python works out from columns of the row, or of rows that belong to it."""

    def __init__(
        self, type_: Any, loads: Sequence[str], resolver: Callable[[Any], Any], **kwargs: Any
    ) -> None:
        super().__init__(type_, resolver=lambda row, _info: resolver(row), **kwargs)
        self.loads = tuple(loads)


class BatchedList(graphene.Field):
    """A field that lists other rows by a rule of its own, found for all rows of a page at once.

    :param source: gives, for the rows of a page, the keys of the other rows by the key of the row, each list
        in its order; it is called once for a page, with the arguments of the field.
    :param loads: columns of the row that the source reads.
    :param visible: gives the rows that the actor may see, where that is not ``visible_to``.
    """

    def __init__(
        self,
        type_: Any,
        source: Callable[..., Mapping[int, Sequence[int]]],
        *,
        loads: Sequence[str] = (),
        visible: Callable[[Actor], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        def read(row: Any, _info: GraphQLResolveInfo, **arguments: Any) -> Any:
            return row.batches[self.batch_key(arguments)]

        super().__init__(
            graphene.List(lambda: graphene.NonNull(self.row_type)),
            resolver=read,
            **{"required": True} | kwargs,
        )
        self._row = type_
        self.source = source
        self.loads = tuple(loads)
        self._visible = visible

    @property
    def row_type(self) -> Any:
        """The graphene type of the other rows."""
        return self._row if isinstance(self._row, type) else self._row()

    def visible_rows(self, actor: Actor) -> Any:
        """Give the rows that the actor may see."""
        if self._visible is not None:
            return self._visible(actor)
        return self.row_type._meta.model._default_manager.visible_to(actor)

    def batch_key(self, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
        """Tell one use of the field from others with other arguments."""
        return (self.source, *sorted(arguments.items()))
