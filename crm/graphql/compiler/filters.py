"""What a list is narrowed by, parted into its shape and its values: lists of one shape share a statement."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from crm.actors import Actor
from crm.database.patterns import escaped_pattern, holding_pattern
from crm.database.statements import Parameter
from crm.graphql.lists.columns import Column
from crm.graphql.lists.operators import NULL_TESTS, PATTERNS, RANGES, SQLOperator
from crm.graphql.lists.paginator import Asked, ListField
from crm.graphql.lists.where import Conditions

#: What a condition may hold for its values to be set apart. Other conditions decide by them what they ask.
PARTS = frozenset({"column", "operator", "value", "AND", "OR"})
#: Stands for a condition while its values are gathered; any that is not empty would do.
SOME_CONDITION = Q(pk__isnull=False)


class NoShape(Exception):
    """Values and shape cannot be parted."""


@dataclass(frozen=True)
class Narrowing:
    """What one request narrows a list by.

    :param shape: equal for requests that differ in their values alone; None if that cannot be told.
    :param values: those of the markers.
    """

    list_field: ListField
    asked: Asked
    shape: tuple[Any, ...] | None = ()
    values: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, list_field: ListField, asked: Asked, actor: Actor) -> "Narrowing":
        """Part what is asked for.

        :raises BadUserInput: if a condition does not fit its column.
        """
        if not asked.is_narrowed:
            return cls(list_field, asked)
        if asked.own or any(each is not None for each in asked.has.values()):
            return cls(list_field, asked, None)
        gathering = _Gathering(list_field, actor)
        try:
            words = _words(list_field, asked)
            shape = _shape(asked.where)
            gathering.where(asked.where)
        except NoShape:
            return cls(list_field, asked, None)
        searched = {name: holding_pattern(each) for name, each in _spelled(words)}
        return cls(
            list_field,
            asked,
            (tuple(map(len, words)), shape, *gathering.shape),
            gathering.values | searched,
        )

    def rows(self, actor: Actor) -> Any:
        """Give the rows, with markers in place of the values.

        :param actor: one of the class, whose own values are markers too.
        """
        visible = self.list_field.rows(_whole(self.asked), actor)
        narrowed: Any = visible.filter(_Marking(self.list_field, actor).where(self.asked.where))
        words = _words(self.list_field, self.asked)
        if not words:
            return narrowed
        markers = iter([Parameter(name) for name, _ in _spelled(words)])
        return narrowed.holding([[next(markers) for _ in spellings] for spellings in words])


def _words(list_field: ListField, asked: Asked) -> list[tuple[str, ...]]:
    """Give the words that are searched for, each in all its spellings.

    :raises NoShape: if the list does not tell them.
    """
    if not asked.search or list_field.filterset.search_method is None:
        return []
    words = list_field.filterset.words(asked.search)
    if words is None:
        raise NoShape
    return words


def _spelled(words: list[tuple[str, ...]]) -> list[tuple[str, str]]:
    """Give all spellings, each with the name of its marker."""
    every = [spelling for spellings in words for spelling in spellings]
    return [(f"searched{number}", spelling) for number, spelling in enumerate(every, 1)]


def _whole(asked: Asked) -> Asked:
    return Asked(
        first=asked.first,
        page=asked.page,
        after=asked.after,
        where=None,
        order_by=None,
        search=None,
        own=asked.own,
        has={},
    )


def _shape(where: Mapping[str, Any] | None) -> tuple[Any, ...]:
    """Give the groups of a condition, without what each compares."""
    where = where or {}
    if any(value is not None for name, value in where.items() if name not in PARTS):
        raise NoShape
    return (
        where.get("column") is not None,
        tuple(_shape(member) for member in where.get("AND") or []),
        tuple(_shape(member) for member in where.get("OR") or []),
    )


class _Parting(Conditions, ABC):
    """Conditions that are gone through for their values, in the order in which they are asked."""

    def __init__(self, list_field: ListField, actor: Actor) -> None:
        super().__init__(list_field.filterset, actor)
        self._number = 0

    def _name(self) -> str:
        self._number += 1
        return f"asked{self._number}"

    def _compared(self, column: Column, operator: SQLOperator, value: Any, name: str) -> Q:
        if type(column).condition is not Column.condition:
            raise NoShape
        return self._parted(column, operator, value, name)

    @abstractmethod
    def _parted(self, column: Column, operator: SQLOperator, value: Any, name: str) -> Q:
        """Give the condition of one column, whose value can be set apart."""


class _Gathering(_Parting):
    """Gathers the values, and what decides on the SQL besides."""

    def __init__(self, list_field: ListField, actor: Actor) -> None:
        super().__init__(list_field, actor)
        self.shape: list[tuple[str, SQLOperator]] = []
        self.values: dict[str, Any] = {}

    def _parted(self, column: Column, operator: SQLOperator, value: Any, name: str) -> Q:
        read = column.checked(operator, value, name=name, actor=self._actor)
        self.shape.append((name, operator))
        if operator not in NULL_TESTS:
            for each in read if operator in RANGES else [read]:
                self.values[self._name()] = escaped_pattern(each) if operator in PATTERNS else each
        return SOME_CONDITION


class _Marking(_Parting):
    """Puts markers in the places of the values."""

    def _parted(self, column: Column, operator: SQLOperator, value: Any, name: str) -> Q:
        if operator in NULL_TESTS:
            return column.met(operator, None)
        marked = [Parameter(self._name()) for _ in range(2 if operator in RANGES else 1)]
        return column.met(operator, marked if operator in RANGES else marked[0])
