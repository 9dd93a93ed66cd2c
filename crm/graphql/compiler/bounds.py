"""Bounds of what a compiled statement builds: a LIMIT below each list, and a share for each large value.

A list that was cut has one row more than it may, and a large value a marker in its place. An answer with
either, or with more than the budget, is thrown away and made again by the standard executor, which counts
exactly: too strict a bound costs time only.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from django.conf import settings
from django.utils.functional import cached_property

from crm.database.statements import NotCompilable
from crm.graphql.core.budget import PUNCTUATION, SMALLEST_SHARE

#: SQL of a character that JSON never has as it is. One byte: to find several takes a tenth of a list's time.
MARKER = "chr(1)"
MARKER_BYTE = b"\x01"
#: The shortest object in an answer, with a key and a comma: {"a":1},
SHORTEST_OBJECT = 8
#: All lists of a document may build so many times the budget together: few of them are ever full.
OVERSHOOT = 4


class Extent(NamedTuple):
    """The shape of a selection for one row: objects and keys outside of nested lists, and all lists below."""

    singles: int = 0
    characters: int = 0
    large: int = 0
    lists: int = 0

    def plus(self, other: "Extent") -> "Extent":
        return Extent(*(mine + its for mine, its in zip(self, other, strict=True)))

    @property
    def as_list(self) -> "Extent":
        """Return the extent for the row that has the list."""
        return Extent(large=self.large, lists=self.lists + 1)


@dataclass(frozen=True)
class Bounds:
    """The bounds of one statement, by the lists and the large values of the whole document."""

    lists: int
    large: int

    def rows(self, owners: int, extent: Extent, most: int) -> int:
        """Return how many rows each of some owners may list, so that all keep to one list's share."""
        objects = self._share(settings.GRAPHQL_MAX_OBJECTS) // max(1, owners * extent.singles)
        written = self._share(settings.GRAPHQL_MAX_ANSWER_BYTES) // max(1, owners * extent.characters)
        return min(most, max(1, objects), max(1, written))

    def value(self, rows: int) -> int:
        """Return how many bytes a large value may have, where there are so many rows."""
        most: int = OVERSHOOT * settings.GRAPHQL_MAX_ANSWER_BYTES
        return max(SMALLEST_SHARE, most // max(1, rows * self.large))

    def _share(self, budget: int) -> int:
        return OVERSHOOT * budget // max(1, self.lists)


#: For what only counts a selection.
UNBOUNDED = Bounds(lists=0, large=0)


@dataclass(frozen=True)
class Lengths:
    """Bounds of the lists below a row; ``most`` is None for one row, and for a list cut as asked."""

    below: Mapping[str, "Lengths"]
    most: int | None = None
    #: Bytes that an element of the list has at least.
    element: int = SHORTEST_OBJECT

    @cached_property
    def smallest(self) -> tuple[int, int] | None:
        """The bytes that a row has at least if one of its lists was cut, and the objects."""
        own = [] if self.most is None else [(self.most * self.element, self.most)]
        found = [*own, *(each.smallest for each in self.below.values() if each.smallest)]
        return (min(size for size, _ in found), min(most for _, most in found)) if found else None

    def check(self, rows: Sequence[bytes]) -> None:
        """Refuse the JSON of rows if any of their lists was cut."""
        if self.smallest is None:
            return
        size, objects = self.smallest
        # Few pages have rows that are long enough to be looked into. Braces in texts count too.
        if max(map(len, rows), default=0) <= size:
            return
        for row in rows:
            is_long = len(row) > size and row.count(b"{") > objects
            if is_long and (MARKER_BYTE in row or self.is_cut(orjson.loads(row))):
                raise NotCompilable("cut")

    def is_cut(self, value: Any) -> bool:
        if value is None:
            return False
        if isinstance(value, list):
            too_long = self.most is not None and len(value) > self.most
            return too_long or any(self._is_row_cut(row) for row in value)
        return self._is_row_cut(value)

    def _is_row_cut(self, row: Mapping[str, Any]) -> bool:
        return any(lengths.is_cut(row[key]) for key, lengths in self.below.items())


def check_answer(texts: Mapping[str, bytes]) -> None:
    """Refuse an answer of JSON by key if it has large values, or more objects or bytes than the budget."""
    size = PUNCTUATION
    for key, text in texts.items():
        size += len(key) + PUNCTUATION + len(text)
        if MARKER_BYTE in text:
            raise NotCompilable("large value")
    if size > settings.GRAPHQL_MAX_ANSWER_BYTES:
        raise NotCompilable("over budget")
    most: int = settings.GRAPHQL_MAX_OBJECTS
    # Short answers cannot hold too many.
    if size > most * SHORTEST_OBJECT and sum(text.count(b"{") for text in texts.values()) > most:
        raise NotCompilable("over budget")
