"""FilterSets of the lists: which columns ``where`` knows, of what type each is, and how search works."""

import re
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

import django_filters
from django.db import models
from django.db.models import Count, Exists, IntegerField, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Lower

from crm.actors import Actor
from crm.database.keys import parse_id, parse_uuid
from crm.database.related_rows import related_rows
from crm.errors import BadUserInput
from crm.graphql.core.scalars import parse_date, parse_datetime
from crm.graphql.lists import operators
from crm.graphql.lists.operators import LISTS, NULL_TESTS, PATTERNS, RANGES, SQLOperator

LARGEST_LIST = 250

models.CharField.register_lookup(Lower)


class Column(django_filters.Filter):
    """A column that ``where`` knows: reads a value by its type and gives the condition."""

    operators: frozenset[SQLOperator] = operators.COMPARISONS

    def read(self, value: Any) -> Any:
        """Read one value by the column's type.

        :raises ValueError: if the value is of another type.
        """
        raise NotImplementedError

    def condition(self, operator: SQLOperator, value: Any, *, name: str, actor: Actor) -> Q:
        """Give the condition that a row meets.

        :param name: the column's name in the API, for errors.
        :raises BadUserInput: if the operator or the value does not fit the column.
        """
        return self.met(operator, self.checked(operator, value, name=name, actor=actor))

    def met(self, operator: SQLOperator, read: Any) -> Q:
        """Give the condition that a row meets.

        :param read: a value, or list of values, as ``checked`` gives it.
        """
        column = self.field_name if operator in NULL_TESTS else self.compared_column(operator)
        return operators.compare(column, operator, read)

    def checked(self, operator: SQLOperator, value: Any, *, name: str, actor: Actor) -> Any:
        """Read the value that a condition compares with; None for the tests of null, which take none.

        :raises BadUserInput: if the operator or the value does not fit the column.
        """
        if operator not in self.operators:
            raise BadUserInput(f"The operator {operator.value} does not fit the column {name.upper()}.")
        if operator in NULL_TESTS:
            return None
        try:
            return self.read_for(operator, value, actor)
        except ValueError as refused:
            message = f"The value does not fit the column {name.upper()}."
            raise BadUserInput(message, reason=str(refused)) from None

    def read_for(self, operator: SQLOperator, value: Any, actor: Actor) -> Any:
        """Read the value, or list of values, that the operator takes.

        :raises ValueError: if it is not what the operator takes.
        """
        if operator not in LISTS:
            return self.read(value)
        if not isinstance(value, list) or len(value) > LARGEST_LIST:
            raise ValueError(f"Expected a list of at most {LARGEST_LIST} values.")
        if operator in RANGES and len(value) != 2:
            raise ValueError("Expected a list of two values.")
        return [self.read(item) for item in value]

    def compared_column(self, operator: SQLOperator) -> str:
        """Give the field that the operator compares."""
        name: str = self.field_name
        return name


class TextColumn(Column):
    """Text; EQ is exact, LIKE ignores case."""

    operators = operators.EVERY

    def read(self, value: Any) -> str:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise ValueError("Expected text.")
        # Stored text is trimmed, and so is what it is compared with.
        text = str(value).strip()
        if not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text):
            raise ValueError("Expected text of whole characters.")
        return text


class CaselessColumn(TextColumn):
    """Text that is equal without case, such as an e-mail address without a canonical column."""

    def compared_column(self, operator: SQLOperator) -> str:
        return str(self.field_name) if operator in PATTERNS else f"{self.field_name}__lower"

    def read(self, value: Any) -> str:
        return super().read(value).lower()


class IdColumn(Column):
    """A primary or foreign key."""

    def read(self, value: Any) -> int:
        number = parse_id(value) if isinstance(value, str | int) else None
        if number is None:
            raise ValueError("Expected an id.")
        return number


class UuidColumn(Column):
    """A UUID."""

    operators = operators.MEMBERSHIP

    def read(self, value: Any) -> Any:
        identifier = parse_uuid(value) if isinstance(value, str) else None
        if identifier is None:
            raise ValueError("Expected a UUID.")
        return identifier


class IntegerColumn(Column):
    """A whole number of 32 bits."""

    def read(self, value: Any) -> int:
        if isinstance(value, str):
            value = int(value) if re.fullmatch(r"\s*-?[0-9]{1,10}\s*", value) else None
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) >= 2**31:
            raise ValueError("Expected a whole number.")
        return value


class BooleanColumn(Column):
    """True or false."""

    operators = operators.MEMBERSHIP

    def read(self, value: Any) -> bool:
        known = {"true": True, "1": True, "false": False, "0": False}
        text = str(value).strip().casefold()
        if isinstance(value, float) or text not in known:
            raise ValueError("Expected true or false.")
        return known[text]


class DateTimeColumn(Column):
    """A moment."""

    def read(self, value: Any) -> Any:
        return parse_datetime(value)


class DateColumn(Column):
    """A day."""

    def read(self, value: Any) -> Any:
        return parse_date(value)


class ChoiceColumn(Column):
    """One of a few words in upper case; they are read in any case."""

    def __init__(self, field_name: str, *, words: Collection[str]) -> None:
        super().__init__(field_name)
        self.words = words

    def read(self, value: Any) -> str:
        word = value.strip().upper() if isinstance(value, str) else None
        if word not in self.words:
            raise ValueError(f"Expected one of {', '.join(self.words)}.")
        return str(word)


class HasRelation:
    """Rows that belong to each row of a list, asked for by ``has...`` and ``HAS``.

    :param path: name of the model's field, or reverse field, that leads to them.
    :param columns: what is known of them, by its name in the API.
    :param narrow: which of them count, where not all do.
    :param also: what ``HAS`` knows the relation by beside its name.
    """

    def __init__(
        self, path: str, columns: Mapping[str, Column], *, narrow: Q | None = None, also: str | None = None
    ) -> None:
        self.path = path
        self.columns = columns
        self.also = also
        self._narrow = narrow or Q()

    def asked(self, _condition: Mapping[str, Any], _actor: Actor, _memo: dict[Any, Any]) -> "HasRelation":
        """Give the relation as one condition asks for it; some read values by what else is asked."""
        return self

    def exists(self, model: type[models.Model], actor: Actor, condition: Q) -> Q:
        """Give the condition that a related row, live and visible to the actor, meets the condition."""
        return Q(Exists(related_rows(model, self.path, actor).filter(self._narrow, condition)))

    def count(self, model: type[models.Model], actor: Actor, condition: Q) -> Any:
        """Give the expression that counts the related rows which ``exists`` looks for."""
        rows = related_rows(model, self.path, actor).filter(self._narrow, condition).order_by()
        counted = rows.annotate(all=Value(1)).values("all").annotate(number=Count("pk")).values("number")
        return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


class ListFilterSet(django_filters.FilterSet):
    """The columns of a list; ``search_method`` names the queryset method behind ``search``."""

    row_model: ClassVar[type[models.Model]]
    search_method: ClassVar[str | None] = None
    #: Related rows that the list can be narrowed by, by the name that ``HAS`` knows them by.
    relations: ClassVar[Mapping[str, HasRelation]] = {}
    #: Fields that the list can be ordered by, API name to field name.
    order_columns: ClassVar[Mapping[str, str]] = {}
    #: What those of them hold that are computed for the list and are no columns of the model.
    computed_columns: ClassVar[Mapping[str, models.Field[Any, Any]]] = {}

    @classmethod
    def columns(cls) -> dict[str, Column]:
        """Give the columns by their name in the API."""
        return {name: column for name, column in cls.base_filters.items() if isinstance(column, Column)}

    @classmethod
    def words(cls, _text: str) -> list[tuple[str, ...]] | None:
        """Split a search into the words that ``holding`` of the rows takes, None if they have none."""
        return None

    @classmethod
    def search(cls, queryset: QuerySet[Any], text: str | None) -> QuerySet[Any]:
        """Narrow a queryset to the rows that hold every word of the text."""
        if not text or cls.search_method is None:
            return queryset
        found: QuerySet[Any] = getattr(queryset, cls.search_method)(text)
        return found
