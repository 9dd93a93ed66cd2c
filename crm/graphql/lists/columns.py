"""Filter sets of the lists: the columns of ``where`` by type, the relations of ``HAS``, and search."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any, ClassVar, TypeVar
from uuid import UUID

import django_filters
from django.db import models
from django.db.models import Count, Exists, Expression, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce

from crm.actors import Actor
from crm.database.keys import parse_id, parse_uuid
from crm.database.related_rows import related_rows
from crm.dates import parse_date
from crm.errors import BadUserInput
from crm.graphql.core.arguments import Values
from crm.graphql.core.fields import ModelField
from crm.graphql.core.scalars import parse_datetime
from crm.graphql.lists import operators
from crm.graphql.lists.operators import LISTS, NULL_TESTS, RANGES, SQLOperator
from crm.texts import normalized

LARGEST_LIST = 250

Row = TypeVar("Row", bound=models.Model)
#: What the conditions of one request read from the database, so that each thing is read once.
Memo = dict[str, Any]


class Column(django_filters.Filter):
    """A column of ``where``: reads values of its type, and makes conditions of them."""

    operators: frozenset[SQLOperator] = operators.COMPARISONS

    def read(self, value: object) -> Any:
        """Read one value by the column's type; raise ``ValueError`` if it is of another."""
        raise NotImplementedError

    def condition(self, operator: SQLOperator, value: object, *, name: str, actor: Actor) -> Q:
        """Return the condition of one comparison; ``name`` is the column's name in errors."""
        return self.condition_on(operator, self.read_operand(operator, value, name=name, actor=actor))

    def condition_on(self, operator: SQLOperator, operand: object) -> Q:
        """Return the condition of one comparison with an operand from ``read_operand``."""
        column = self.field_name if operator in NULL_TESTS else self.compared_column(operator)
        return operators.column_condition(column, operator, operand)

    def read_operand(self, operator: SQLOperator, value: object, *, name: str, actor: Actor) -> Any:
        """Read the value, or list of values, of a comparison; None for the tests of null."""
        if operator not in self.operators:
            raise BadUserInput(f"The operator {operator.value} does not fit the column {name.upper()}.")
        if operator in NULL_TESTS:
            return None
        try:
            return self.read_for(operator, value, actor)
        except ValueError as refused:
            message = f"The value does not fit the column {name.upper()}."
            raise BadUserInput(message, reason=str(refused)) from None

    def read_for(self, operator: SQLOperator, value: object, actor: Actor) -> Any:
        """Read the value, or list of values, for an operator; raise ``ValueError`` if it needs another."""
        if operator not in LISTS:
            return self.read(value)
        if not isinstance(value, list) or len(value) > LARGEST_LIST:
            raise ValueError(f"Expected a list of at most {LARGEST_LIST} values.")
        if operator in RANGES and len(value) != 2:
            raise ValueError("Expected a list of two values.")
        return [self.read(item) for item in value]

    def compared_column(self, operator: SQLOperator) -> str:
        name: str = self.field_name
        return name


class TextColumn(Column):
    """Text; EQ is exact, LIKE ignores case."""

    operators = operators.EVERY

    def read(self, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("Expected text.")
        # Stored text is trimmed and in NFC.
        text = normalized(str(value).strip())
        # JSON can spell half of a surrogate pair, which cannot be encoded as UTF-8 for the database.
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise ValueError("Expected text of whole characters.")
        return text


class IdColumn(Column):
    """A primary or foreign key."""

    def read(self, value: object) -> int:
        number = parse_id(value) if isinstance(value, str | int) else None
        if number is None:
            raise ValueError("Expected an id.")
        return number


class UuidColumn(Column):
    operators = operators.MEMBERSHIP

    def read(self, value: object) -> UUID:
        identifier = parse_uuid(value) if isinstance(value, str) else None
        if identifier is None:
            raise ValueError("Expected a UUID.")
        return identifier


class IntegerColumn(Column):
    """A whole number of 32 bits."""

    def read(self, value: object) -> int:
        if isinstance(value, str):
            value = int(value) if re.fullmatch(r"\s*-?[0-9]{1,10}\s*", value) else None
        # PostgreSQL raises DataError for a number that its integer column cannot hold.
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
            raise ValueError("Expected a whole number.")
        return value


class BooleanColumn(Column):
    operators = operators.MEMBERSHIP

    def read(self, value: object) -> bool:
        words = {"true": True, "1": True, "false": False, "0": False}
        text = str(value).strip().casefold()
        if isinstance(value, float) or text not in words:
            raise ValueError("Expected true or false.")
        return words[text]


class DateTimeColumn(Column):
    def read(self, value: object) -> datetime:
        return parse_datetime(value)


class DateColumn(Column):
    def read(self, value: object) -> date:
        return parse_date(value)


class ChoiceColumn(Column):
    """One of a few words; stored in upper case, read in any case."""

    def __init__(self, field_name: str, *, words: Collection[str]) -> None:
        super().__init__(field_name)
        self.words = words

    def read(self, value: object) -> str:
        word = value.strip().upper() if isinstance(value, str) else None
        if word not in self.words:
            raise ValueError(f"Expected one of {', '.join(self.words)}.")
        return str(word)


class HasRelation:
    """Rows at ``path`` of each row of a list, for the filters ``has...`` and ``HAS``.

    ``narrow`` is a condition on the rows that count, ``also`` a second name of the relation in ``HAS``.
    """

    def __init__(
        self, path: str, columns: Mapping[str, Column], *, narrow: Q | None = None, also: str | None = None
    ) -> None:
        self.path = path
        self.columns = columns
        self.also = also
        self._narrow = narrow or Q()

    def for_condition(self, _condition: Values, _actor: Actor, _memo: Memo) -> "HasRelation":
        """Return the relation to use for one condition: the type of a custom field depends on its name."""
        return self

    def exists(self, model: type[models.Model], actor: Actor, condition: Q) -> Q:
        """Return the condition that some related row, live and visible to the actor, meets a condition."""
        return Q(Exists(related_rows(model, self.path, actor).filter(self._narrow, condition)))

    def count(self, model: type[models.Model], actor: Actor, condition: Q) -> Expression:
        """Return the number of related rows for which ``exists`` would hold."""
        rows = related_rows(model, self.path, actor).filter(self._narrow, condition).order_by()
        # Grouping by a constant makes one group of all rows: Django has no plain COUNT in a subquery.
        counted = rows.annotate(all=Value(1)).values("all").annotate(number=Count("pk")).values("number")
        return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


class ListFilterSet(django_filters.FilterSet):
    """The columns, relations and orders of a list."""

    #: The method of the query set that ``search`` calls; None for a list without search.
    row_model: ClassVar[type[models.Model]]
    search_method: ClassVar[str | None] = None
    #: Related rows that the list can be filtered by, by their name in ``HAS``.
    relations: ClassVar[Mapping[str, HasRelation]] = {}
    #: Fields that the list can be ordered by: name in the API to name of the field.
    order_columns: ClassVar[Mapping[str, str]] = {}
    #: The types of those that are annotations of the query set, not columns of the model.
    computed_columns: ClassVar[Mapping[str, ModelField]] = {}
    #: Those that only an order by them adds to the query set, so that other queries do not pay for them.
    order_expressions: ClassVar[Mapping[str, Callable[[], Combinable]]] = {}

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Return the columns by their name in the API."""
        return {name: column for name, column in cls.base_filters.items() if isinstance(column, Column)}

    @classmethod
    def with_order_columns(cls, rows: QuerySet[Row], names: Iterable[str]) -> QuerySet[Row]:
        """Add the expressions that an order by these names of the API needs."""
        columns = {cls.order_columns[name] for name in names}
        needed = {name: make() for name, make in cls.order_expressions.items() if name in columns}
        return rows.alias(**needed) if needed else rows

    @classmethod
    def words(cls, _text: str, _actor: Actor) -> list[tuple[str, ...]] | None:
        """Split a search into words for ``holding`` of the query set; None if it has no such method."""
        return None

    @classmethod
    def search(cls, queryset: QuerySet[Row], text: str | None, actor: Actor) -> QuerySet[Row]:
        """Narrow a query set to the rows that contain every word of the text."""
        if not text or cls.search_method is None:
            return queryset
        found: QuerySet[Row] = getattr(queryset, cls.search_method)(text, actor)
        return found
