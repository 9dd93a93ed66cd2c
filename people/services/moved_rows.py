"""Collect the rows of other records that a merge moved or dropped."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Model

from people.services.merge_moves import Move


@dataclass(frozen=True, kw_only=True)
class MovedRows:
    """Rows that a merge, or its undoing, moved, dropped or inserted.

    ``dropped`` are rows that the merge removed because the winner has their equals; undoing brings them back.
    """

    moves: Sequence[Move]
    dropped: Sequence[Model]
    records: Mapping[int, Model]
    is_undone: bool = False

    def changes_through(self, model: type[Model], column: str, owner: str) -> dict[int, list[list[str]]]:
        """Return which records changed because their rows of a model were moved, dropped or brought back.

        :param column: the column of the rows that refers to the merged records.
        :param owner: the column that refers to the records whose parts the rows are.
        :return: by key of the owner, the names that went and those that came.
        """
        went: dict[int, set[str]] = defaultdict(set)
        came: dict[int, set[str]] = defaultdict(set)
        for move in self.moves:
            if (move.relation.model, move.relation.column) == (model, column):
                rows = model._base_manager.filter(pk__in=move.rows)
                for key in rows.values_list(owner, flat=True):
                    went[key].add(str(move.old))
                    came[key].add(str(move.new))
        for row in self.dropped:
            record = self.records.get(getattr(row, column)) if isinstance(row, model) else None
            if record is not None:
                (came if self.is_undone else went)[getattr(row, owner)].add(str(record))
        return {key: [sorted(went[key]), sorted(came[key])] for key in went.keys() | came.keys()}
