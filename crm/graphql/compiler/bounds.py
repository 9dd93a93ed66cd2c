"""Bounds of what a compiled statement builds: a LIMIT below each list, and a share for each large value.

A list that was cut has one row more than it may, and a large value a marker in its place. An answer with
either, or with more than the budget, is thrown away and made again by the standard executor, which counts
exactly: too strict a bound costs time only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import orjson
from django.conf import settings

from crm.database.statements import NotCompilable
from crm.graphql.core.budget import PUNCTUATION, SMALLEST_SHARE

#: JSON that nothing else in an answer is: PostgreSQL stores no NUL, and writes a backslash as two.
MARKER = '"\\u0000"'
_MARKER_BYTES = MARKER.encode()
#: All lists of a document may build so many times the budget together: few of them are ever full.
OVERSHOOT = 4


class Extent(NamedTuple):
    """What a selection has for one row: its objects and keys without nested lists, and all lists below."""

    objects: int = 0
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
        objects = self._share(settings.GRAPHQL_MAX_OBJECTS) // max(1, owners * extent.objects)
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
    """How long the lists below a row may be; ``most`` is None for one row, and for a list cut as asked."""

    below: Mapping[str, "Lengths"]
    most: int | None = None

    @cached_property
    def smallest(self) -> int | None:
        """The length of the shortest list that may be cut."""
        found = [each for each in (self.most, *(each.smallest for each in self.below.values())) if each]
        return min(found, default=None)

    def check(self, *rows: bytes) -> None:
        """Refuse the JSON of rows if any of their lists was cut."""
        if self.smallest is None:
            return
        for row in rows:
            # Braces in texts count too. Rows with fewer objects than the shortest list are not parsed.
            if row.count(b"{") > self.smallest and self.is_cut(orjson.loads(row)):
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
    objects = sum(text.count(b"{") for text in texts.values())
    size = sum(len(key) + PUNCTUATION + len(text) for key, text in texts.items()) + PUNCTUATION
    if any(_MARKER_BYTES in text for text in texts.values()):
        raise NotCompilable("large value")
    if objects > settings.GRAPHQL_MAX_OBJECTS or size > settings.GRAPHQL_MAX_ANSWER_BYTES:
        raise NotCompilable("over budget")
