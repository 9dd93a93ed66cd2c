"""The filters of a list, separated into shape and values: queries of one shape share a statement."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.db.models import Model, Q, QuerySet

from crm.actors import Actor
from crm.database.patterns import folded_pattern, holding_pattern
from crm.database.statements import Parameter
from crm.graphql.core.arguments import Values
from crm.graphql.lists.columns import Column
from crm.graphql.lists.operators import NULL_TESTS, PATTERNS, RANGES, SQLOperator
from crm.graphql.lists.paginator import ListField, ListQuery
from crm.graphql.lists.where import Conditions

#: The keys of a condition whose values can become parameters. Relations and custom fields build other SQL
#: for other values.
SEPARABLE = frozenset({"column", "operator", "value", "AND", "OR"})
#: Stands for a condition while values are collected. An empty Q would make Conditions skip the rest of an OR.
PLACEHOLDER = Q(pk__isnull=False)


class NotSeparable(Exception):
    """A filter whose SQL depends on its values."""


@dataclass(frozen=True)
class Filters:
    """The filters of one query; ``shape`` is None if they cannot be separated from their ``values``."""

    list_field: ListField
    query: ListQuery
    #: The words of the search, each with its alternatives.
    words: Sequence[tuple[str, ...]] = ()
    shape: tuple[object, ...] | None = ()
    values: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, list_field: ListField, query: ListQuery, actor: Actor) -> "Filters":
        if not query.is_filtered:
            return cls(list_field, query)
        if query.own or any(each is not None for each in query.has.values()):
            return cls(list_field, query, shape=None)
        collector = _ValueCollector(list_field, actor)
        try:
            words = _words(list_field, query, actor)
            shape = _shape(query.where)
            collector.where(query.where)
        except NotSeparable:
            return cls(list_field, query, shape=None)
        patterns = {name: holding_pattern(each) for name, each in _named_spellings(words)}
        return cls(
            list_field,
            query,
            words,
            (tuple(map(len, words)), shape, *collector.shape),
            collector.values | patterns,
        )

    def rows(self, actor: Actor) -> QuerySet[Model]:
        """Return the filtered rows, with parameters in place of the values and of the actor's ids."""
        unfiltered = replace(self.query, where=None, search=None, has={})
        visible = self.list_field.rows(unfiltered, actor)
        filtered: Any = visible.filter(_ParameterConditions(self.list_field, actor).where(self.query.where))
        if self.words:
            names = iter([Parameter(name) for name, _ in _named_spellings(self.words)])
            filtered = filtered.holding([[next(names) for _ in spellings] for spellings in self.words])
        rows: QuerySet[Model] = filtered
        return rows


def _words(list_field: ListField, query: ListQuery, actor: Actor) -> list[tuple[str, ...]]:
    """Return the words of a search, each in all its spellings, if the list splits it into words."""
    if not query.search or list_field.filterset.search_method is None:
        return []
    words = list_field.filterset.words(query.search, actor)
    if words is None:
        raise NotSeparable
    return words


def _named_spellings(words: Sequence[tuple[str, ...]]) -> list[tuple[str, str]]:
    """Return all spellings, each with the name of its parameter."""
    every = [spelling for spellings in words for spelling in spellings]
    return [(f"searched{number}", spelling) for number, spelling in enumerate(every, 1)]


def _shape(where: Values | None) -> tuple[object, ...]:
    """Return the structure of a condition; its columns and operators come from ``_ValueCollector``."""
    where = where or {}
    if any(value is not None for name, value in where.items() if name not in SEPARABLE):
        raise NotSeparable
    return (
        where.get("column") is not None,
        tuple(_shape(member) for member in where.get("AND") or []),
        tuple(_shape(member) for member in where.get("OR") or []),
    )


class _SeparableConditions(Conditions, ABC):
    """Conditions that are visited one by one; the same query visits them in the same order each time."""

    def __init__(self, list_field: ListField, actor: Actor) -> None:
        super().__init__(list_field.filterset, actor)
        self._number = 0

    def _name(self) -> str:
        self._number += 1
        return f"asked{self._number}"

    def _compared(self, column: Column, operator: SQLOperator, value: object, name: str) -> Q:
        # A column with conditions of its own may build them from the value.
        if type(column).condition is not Column.condition:
            raise NotSeparable
        return self._separated(column, operator, value, name)

    @abstractmethod
    def _separated(self, column: Column, operator: SQLOperator, value: object, name: str) -> Q:
        """Return the condition on one column."""


class _ValueCollector(_SeparableConditions):
    """Collects the values, and the columns and operators that they belong to."""

    def __init__(self, list_field: ListField, actor: Actor) -> None:
        super().__init__(list_field, actor)
        self.shape: list[tuple[str, SQLOperator]] = []
        self.values: dict[str, object] = {}

    def _separated(self, column: Column, operator: SQLOperator, value: object, name: str) -> Q:
        operand = column.read_operand(operator, value, name=name, actor=self._actor)
        self.shape.append((name, operator))
        if operator not in NULL_TESTS:
            for each in operand if operator in RANGES else [operand]:
                self.values[self._name()] = folded_pattern(each) if operator in PATTERNS else each
        return PLACEHOLDER


class _ParameterConditions(_SeparableConditions):
    """Builds the conditions with parameters in place of the values."""

    def _separated(self, column: Column, operator: SQLOperator, value: object, name: str) -> Q:
        if operator in NULL_TESTS:
            return column.condition_on(operator, None)
        parameters = [Parameter(self._name()) for _ in range(2 if operator in RANGES else 1)]
        return column.condition_on(operator, parameters if operator in RANGES else parameters[0])
