"""The interface of an importer of rows, which each kind of record has one of."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from crm.actors import Actor
from crm.models.imports import DuplicatePolicy, ImportKind, RowAction
from crm.models.lifecycle import LiveModel

CUSTOM_FIELD = "custom_fields."
#: A record has this many of a repeated field at most: ``email``, ``email_2`` and so on.
MOST_REPEATED = 9


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The columns that an import accepts; a file has at least one column of each group in ``required``."""

    known: Sequence[str]
    required: Sequence[Sequence[str]]
    #: Those of which a row may have further ones, such as ``email_2``; a cell may hold several.
    repeated: Sequence[str] = ()
    #: Whole families of columns: how messages call one, and the pattern of their names.
    families: Mapping[str, str] = field(default_factory=dict)
    dates: Sequence[str] = ()
    #: Times, or days alone.
    moments: Sequence[str] = ()
    decimals: Sequence[str] = ()
    #: What a full name is parted into: first, middle and last name; the middle may be missing.
    names: Sequence[str] = ()
    has_custom_fields: bool = True

    def accepts(self, name: str) -> bool:
        """Return whether a row may have a cell of this field."""
        if name in self.known:
            return True
        if name.startswith(CUSTOM_FIELD):
            return self.has_custom_fields and name != CUSTOM_FIELD
        base, _, number = name.rpartition("_")
        if base in self.repeated and re.fullmatch(rf"[2-{MOST_REPEATED}]", number):
            return True
        return any(re.fullmatch(pattern, name) for pattern in self.families.values())

    def shown(self) -> str:
        """Return the names of all columns for a message."""
        further = [f"{name}_2 to {name}_{MOST_REPEATED}" for name in self.repeated]
        custom = [f"{CUSTOM_FIELD}NAME"] if self.has_custom_fields else []
        return ", ".join([*self.known, *further, *self.families, *custom])


@dataclass(frozen=True, kw_only=True)
class Imported:
    """The result of a row that was not refused.

    ``key`` says by what a known record was found; ``version_before`` is its version then, ``lists`` are its
    lists then, as the input that restores them.
    """

    action: RowAction
    record: LiveModel
    key: str = ""
    version_before: int | None = None
    lists: Mapping[str, Any] = field(default_factory=dict)


class RowImport(Protocol):
    """Stores rows of one kind of record for one actor.

    ``split_phones`` parts a text with several phone numbers, which is refused otherwise.
    """

    columns: ClassVar[Columns]
    kind: ClassVar[ImportKind]

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.UPDATE,
        *,
        split_phones: bool = False,
    ) -> None: ...

    def batch(
        self, contents: Sequence[Mapping[str, Any]], *, are_cells: bool
    ) -> AbstractContextManager[None]:
        """Look up together what the rows of a batch would look up each, while the context is open.

        :param are_cells: whether they are cells of a file, not inputs of the API.
        """

    def store(self, cells: Mapping[str, str], *, known: int | None = None) -> Imported:
        """Store one row of a file through the services; blank cells are absent.

        :param known: the record that an equal row of the same source has made; it counts if no key finds one.
        :raises ValidationError: keyed by column, or by a path that ``column_of`` knows.
        :raises CrmError: if the services refuse it.
        """

    def store_values(self, values: Mapping[str, Any], *, known: int | None = None) -> Imported:
        """Store one row given as the input of the API, in plain JSON.

        :raises ValidationError: keyed by the path of the input.
        :raises CrmError: if the services refuse it.
        """

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        """Return the column that the value at a path of the service's input came from."""

    def match(self, values: Mapping[str, Any]) -> tuple[LiveModel, str] | None:
        """Return the visible record that the input of a service means, and by what it was found.

        :raises Conflict: if several match, or one that is probably another.
        """

    def restore(
        self,
        key: int,
        columns: Mapping[str, Any],
        lists: Mapping[str, Any],
        *,
        expected_version: int | None,
    ) -> int:
        """Restore the previous columns and lists of a record; return its new version.

        :param columns: plain JSON by attribute name.
        :param lists: as in ``Imported``.
        """

    def unlink(self, keys: Mapping[str, int]) -> None:
        """Remove a link between two other records that a row has made, unless a live record needs it.

        :param keys: those of both, by the names of the relations of the link.
        """

    def remove(self, key: int, *, expected_version: int | None) -> None:
        """Delete a record softly.

        :raises Conflict: if its version is another.
        """
