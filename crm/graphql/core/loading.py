"""Columns, joins, prefetches and annotations that one query set needs for a selection."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from django.db.models import Model, Prefetch, QuerySet
from django.db.models.expressions import Combinable

from crm.graphql.core.budget import Budget
from crm.graphql.core.large_columns import LargeColumns

Row = TypeVar("Row", bound=Model)
#: Attaches something to the rows of a page.
Callback = Callable[[Sequence[Model]], None]


@dataclass
class Loading:
    """The columns and relations that one query set must load."""

    budget: Budget
    columns: set[str] = field(default_factory=lambda: {"id"})
    joined: set[str] = field(default_factory=set)
    prefetched: dict[str, Prefetch[str]] = field(default_factory=dict)
    computed: dict[str, Combinable] = field(default_factory=dict)
    callbacks: list[Callback] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._large = LargeColumns(self.budget)

    def apply(self, queryset: QuerySet[Row], *, rows: int) -> QuerySet[Row]:
        """Return the query set with what it must load, except for ``attach``; ``rows`` is how many it has."""
        for path, prefetch in self.prefetched.items():
            self._move_columns(path, prefetch.queryset)
        columns, annotations = self._large.split(queryset, self.columns, rows)
        # Without arguments select_related follows every relation; None makes it follow none.
        queryset = queryset.annotate(**self.computed, **annotations).select_related(*self.joined or [None])
        return queryset.only(*columns).prefetch_related(*self.prefetched.values())

    def attach(self, rows: Sequence[Model]) -> None:
        """Attach to the fetched rows what their query set does not select."""
        self._large.fill(rows)
        for callback in self.callbacks:
            callback(rows)

    @property
    def attaches(self) -> bool:
        return bool(self._large.columns or self.callbacks)

    def _move_columns(self, path: str, rows: QuerySet[Model] | None) -> None:
        """Move the columns of a prefetched row that other fields need from the join to the prefetch.

        Django would take a joined row as loaded, and skip the prefetch with its computed columns.
        """
        prefix = f"{path}__"
        moved = {name for name in self.columns if name.startswith(prefix)} - {f"{prefix}id"}
        if rows is None or not moved:
            return
        self.columns -= moved
        self.joined = {name for name in self.joined if name != path and not name.startswith(prefix)}
        load_also(rows, (name.removeprefix(prefix) for name in moved))


def load_also(rows: QuerySet[Model], columns: Iterable[str]) -> None:
    """Add columns to those that a query set loads."""
    # A second only() would replace the columns of the first; the query keeps those as deferred_loading.
    rows.query.add_immediate_loading([*rows.query.deferred_loading[0], *columns])
