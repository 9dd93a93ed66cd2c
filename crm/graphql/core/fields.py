"""Fields of row types: each declares what it reads from the database, so that both executors can plan it."""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import graphene
from django.core.exceptions import ObjectDoesNotExist
from django.db import models as db
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from graphene_django.converter import convert_django_field
from graphql import GraphQLResolveInfo

from crm.actors import Actor
from crm.graphql.core.permissions import Resolver, actor_of
from crm.graphql.core.scalars import Date, DateTime, Decimal

#: A graphene type whose values are rows of a model.
RowType = type[graphene.ObjectType]
#: Such a type, or a function that returns it: two types that refer to each other need one.
LazyRowType = RowType | Callable[[], RowType]
#: A column of any kind; Django's stubs type a column by what can be set and read.
ModelField = db.Field[Any, Any]


# graphene-django's own converters use scalars that the contract does not have (UUID, its own DateTime), and
# write the help texts of the admin into the schema.
@convert_django_field.register(db.DateTimeField)
def _datetime(field: ModelField, registry: object = None) -> DateTime:
    return DateTime(required=not field.null)


@convert_django_field.register(db.DateField)
def _date(field: ModelField, registry: object = None) -> Date:
    return Date(required=not field.null)


@convert_django_field.register(db.DecimalField)
def _decimal(field: ModelField, registry: object = None) -> Decimal:
    return Decimal(required=not field.null)


@convert_django_field.register(db.UUIDField)
def _uuid(field: ModelField, registry: object = None) -> graphene.ID:
    return graphene.ID(required=not field.null)


@convert_django_field.register(db.CharField)
@convert_django_field.register(db.TextField)
def _text(field: ModelField, registry: object = None) -> graphene.String:
    return graphene.String(required=not field.null)


def _reader(path: str) -> Callable[[object], object]:
    """Return what reads a column of a row, or of a row that it refers to; null where it refers to none."""
    *relations, column = path.split("__")
    if not relations:
        return attrgetter(column)

    def read(row: object) -> object:
        for relation in relations:
            row = getattr(row, relation)
            if row is None:
                return None
        return getattr(row, column)

    return read


class Attribute(graphene.Field):
    """A field read from a column of the row, or of a row that it refers to (``file__name``)."""

    def __init__(
        self, type_: object, path: str, *, resolver: Resolver | None = None, **kwargs: object
    ) -> None:
        value_of = _reader(path)

        def read(row: object, _info: GraphQLResolveInfo) -> object:
            return value_of(row)

        super().__init__(type_, resolver=resolver or read, **kwargs)
        self.loads = (path,)
        #: Whether the value is the column's as it is: only then can the compiler select it.
        self.plain = resolver is None


class Related(graphene.Field):
    """A field that leads to one other row; null where the actor may not see it."""

    def __init__(self, type_: LazyRowType, path: str, **kwargs: object) -> None:
        def read(row: object, info: GraphQLResolveInfo) -> object:
            try:
                related = getattr(row, path)
            except ObjectDoesNotExist:
                # Prefetched with visible_to(actor): Django raises for a row that the query left out.
                return None
            # A joined row was not filtered by visible_to (ADR 7).
            return related if related is not None and related.is_visible_to(actor_of(info)) else None

        super().__init__(type_, resolver=read, **kwargs)
        self.path = path

    @property
    def row_type(self) -> RowType:
        # ``required=True`` wraps the type.
        row_type: RowType = self.type.of_type if isinstance(self.type, graphene.NonNull) else self.type
        return row_type


class SameRow(graphene.Field):
    """A field that groups further fields of the row itself under a type of their own."""

    def __init__(self, type_: RowType, **kwargs: object) -> None:
        super().__init__(type_, resolver=lambda row, _info: row, **kwargs)
        self.row_type = type_


def count_by(rows: db.QuerySet[Any], path: str, *, outer: str = "pk") -> Coalesce:
    """Return the expression that counts the rows whose ``path`` is the outer row's ``outer``."""
    # Without an order: each column of it would be another group.
    matching = rows.filter(**{path: db.OuterRef(outer)}).order_by()
    counted = matching.values(path).annotate(number=db.Count("pk")).values("number")
    return Coalesce(db.Subquery(counted, output_field=db.IntegerField()), 0)


class Computed(graphene.Field):
    """A field that the database computes for each row, for the actor."""

    def __init__(
        self, type_: object, annotation: str, expression: Callable[[Actor], Combinable], **kwargs: object
    ) -> None:
        super().__init__(type_, resolver=lambda row, _info: getattr(row, annotation), **kwargs)
        self.annotation = annotation
        self.expression = expression


class Derived(graphene.Field):
    """A field that Python derives from columns of the row, or of rows that it refers to."""

    def __init__(
        self, type_: object, loads: Sequence[str], resolver: Callable[[Any], object], **kwargs: object
    ) -> None:
        super().__init__(type_, resolver=lambda row, _info: resolver(row), **kwargs)
        self.loads = tuple(loads)


_declared: dict[RowType, dict[str, graphene.Field]] = {}


def declared_fields(type_: RowType) -> dict[str, graphene.Field]:
    """Return the declared fields of a type by their names in the API."""
    if type_ not in _declared:
        # ``name=`` gives a field another name than the attribute it is declared as.
        _declared[type_] = {field.name or name: field for name, field in type_._meta.fields.items()}
    return _declared[type_]
