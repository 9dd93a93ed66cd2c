"""The interface of an importer of rows, which each kind of record has one of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from crm.actors import Actor
from crm.models.imports import DuplicatePolicy

#: The result of a row that was not refused.
Outcome = Literal["created", "updated", "skipped"]


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns that an import accepts; a file has at least one column of each group in ``required``."""

    known: Sequence[str]
    required: Sequence[Sequence[str]]


class RowImport(Protocol):
    """Stores rows of one kind of record for one actor.

    ``split_phones`` parts a text with several phone numbers, which is refused otherwise.
    """

    columns: ClassVar[Columns]

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.CREATE,
        *,
        split_phones: bool = False,
    ) -> None: ...

    def store(self, cells: Mapping[str, str]) -> Outcome:
        """Store one row of a file through the services; blank cells are absent.

        :raises ValidationError: keyed by column, or by a path that ``column_of`` knows.
        :raises CrmError: if the services refuse it.
        """

    def store_values(self, values: Mapping[str, Any]) -> Outcome:
        """Store one row given as the input of the API, in plain JSON.

        :raises ValidationError: keyed by the path of the input.
        :raises CrmError: if the services refuse it.
        """

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        """Return the column that the value at a path of the service's input came from."""
