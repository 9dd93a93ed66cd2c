"""The kinds of records. Each app registers its own in ``AppConfig.ready``, in one call a kind.

Tags, custom fields, files, notes, timelines and imports of a record look up here what they need of its kind.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from crm.actors import Actor
from crm.errors import NotFound
from crm.models.activities import Activity
from crm.models.custom_fields import EntityKind
from crm.models.history import HistoryEntry
from crm.models.imports import ImportKind
from crm.models.lifecycle import LiveModel
from crm.models.records import Record
from crm.records.row_import import RowImport
from crm.records.timeline_entries import HistoryDetail, TimelineSource


class UpdateRecord(Protocol):
    """A service that changes the given fields of one record."""

    def __call__(self, key: object, values: Any, *, actor: Actor) -> Record:
        """Change a record and write its history and events."""


class SetParticipants(Protocol):
    """A service that sets which records of one kind take part in an activity."""

    def __call__(
        self, activity: Activity, keys: Sequence[object], *, actor: Actor, argument: str
    ) -> Sequence[Sequence[str]] | None:
        """Return the names before and after; None if nothing changed."""


@dataclass(frozen=True, kw_only=True)
class RecordKind:
    """One kind of record."""

    model: type[Record]
    #: Takes ``tags``, ``custom_fields``, ``files`` and ``detached_files`` among its values.
    update: UpdateRecord
    row_import: type[RowImport]
    #: Returns the visible records that a text names, as a column of another file may do it.
    find_named: Callable[[str, Actor], QuerySet[Any]]
    #: The column with that text.
    named_by: str
    #: Import path of the type in the API. A path, since commands without the API load no GraphQL types.
    graphql_type: str
    #: Returns an input of the API as a row of JSON Lines that the import of the kind takes, where inputs are
    #: imported.
    row_of_input: Callable[..., Mapping[str, Any]] = lambda values, *, actor: values
    #: Arguments of ``attachFilesTo...`` that take the uploads; leads have two spellings in the API.
    upload_arguments: tuple[str, ...] = ("files",)
    #: Sources of entries that only this kind has in its timeline.
    timeline_sources: tuple[TimelineSource, ...] = ()
    #: Sets the records of this kind that take part in calls, meetings and e-mails; None if they never do.
    set_participants: SetParticipants | None = None
    #: Returns the people with whom a call or meeting about a record is, as a form of one begins.
    people_of: Callable[[Any, Actor], Sequence[Record]] = lambda record, actor: ()
    #: Returns details of history entries of a record by primary key, where it has some to add.
    detail_history: Callable[[Record, Collection[HistoryEntry]], Mapping[int, HistoryDetail]] | None = None

    @property
    def name(self) -> EntityKind:
        """The name of the kind in the API."""
        return self.model.entity_kind


@dataclass(frozen=True, kw_only=True)
class ImportedKind:
    """Rows that are imported and are no records."""

    model: type[LiveModel]
    row_import: type[RowImport]


_kinds: dict[str, RecordKind] = {}
_imported: dict[str, ImportedKind] = {}


def register(kind: RecordKind) -> None:
    """Register a kind of records.

    :raises ImproperlyConfigured: if another one has its name.
    """
    if kind.name in _kinds:
        raise ImproperlyConfigured(f"Records of kind {kind.name} are registered twice.")
    _kinds[kind.name] = kind


def record_kinds() -> tuple[RecordKind, ...]:
    """Return all kinds, in the order of INSTALLED_APPS and of the calls in each app."""
    return tuple(_kinds.values())


def record_kind(name: str) -> RecordKind:
    """Return the kind with a name of ``EntityKind``.

    :raises NotFound: keyed ``entity_type``, if rows of that name are no records.
    """
    if name not in _kinds:
        raise NotFound("entity_type")
    return _kinds[name]


def register_import(kind: ImportedKind) -> None:
    """Register the import of rows that are no records."""
    _imported[kind.row_import.kind] = kind


def import_kind(name: str) -> RecordKind | ImportedKind:
    """Return what is imported under a name of ``ImportKind``."""
    return _imported.get(name) or record_kind(name)


def import_kinds() -> tuple[ImportKind, ...]:
    """Return the names of all that can be imported, in the order of ``ImportKind``."""
    return tuple(name for name in ImportKind if name in _kinds or name in _imported)


def find_record(name: str, key: object, actor: Actor) -> Record:
    """Return the visible record of a kind with this primary key or UUID."""
    record: Record = record_kind(name).model.objects.find(actor, key, argument="entity_id")
    return record
