"""Imports of activities: a row of a file becomes the input of a service."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError

from crm.actors import Actor
from crm.database.keys import parse_id
from crm.database.rows_ahead import keep
from crm.importing.names import Members
from crm.importing.reading_ahead import read_named_ahead, read_uuids_ahead
from crm.importing.record_values import RecordValues, find_by_uuid, source_of_links
from crm.models import Activity, ActivityKind, DuplicatePolicy, ImportKind, Priority
from crm.models.activity_kinds import Direction
from crm.models.records import Record
from crm.records.registry import RecordKind, record_kind, record_kinds
from crm.records.row_import import Columns, Imported
from crm.services import external_ids, imported_activities, same_activities
from crm.services.activities import delete_activity
from crm.services.imported_activities import ImportedActivityValues
from crm.services.locking import note_seen
from crm.services.versions import locked_records
from crm.texts import name_key

TEXTS = ("subject", "text", "outcome", "recurrence")
#: Columns whose cells are one of some words.
WORDS: Mapping[str, Sequence[str]] = {
    "kind": ActivityKind.values,
    "direction": Direction.values,
    "priority": Priority.values,
}
#: Moments of the past, and those that may be to come.
PAST, TO_COME = ("done_at", "created_at"), ("due_at", "starts_at")
#: By what a row names its record, beside its kind.
RECORD = ("record_uuid", "record_external_id", "record_name")


class ActivityImport:
    """Stores an activity for each row; one that exists is found by its uuid, else by the row itself."""

    columns: ClassVar[Columns] = Columns(
        known=(
            *("uuid", "record_kind", *RECORD, "record_external_source", "kind", "subject", "text"),
            *("owner", "assignee", "due_at", "starts_at", "minutes", "direction", "outcome", "priority"),
            *("recurrence", "done_at", "created_at"),
        ),
        required=[("text", "subject"), ("record_kind",), RECORD],
        moments=(*TO_COME, *PAST),
        has_custom_fields=False,
    )
    kind: ClassVar[ImportKind] = ImportKind.ACTIVITY

    def __init__(
        self,
        actor: Actor,
        policy: DuplicatePolicy = DuplicatePolicy.UPDATE,
        *,
        split_phones: bool = False,  # An activity has no phone number.
    ) -> None:
        self._actor = actor
        self._policy = policy
        self._values = RecordValues(actor)
        self._members: dict[str, Members] = {}

    def batch(
        self, contents: Sequence[Mapping[str, Any]], *, are_cells: bool
    ) -> AbstractContextManager[None]:
        if are_cells:
            self._read_ahead(contents)
        return nullcontext()

    def _read_ahead(self, contents: Sequence[Mapping[str, str]]) -> None:
        # People before organizations, as whatever locks records of several kinds does.
        for kind in record_kinds():
            own = [cells for cells in contents if name_key(cells.get("record_kind")) == name_key(kind.name)]
            keys = read_named_ahead("record", kind.model, own, actor=self._actor)
            if keys:
                records = locked_records(kind.model, sorted(keys))
                note_seen(kind.model, records)
                if self._policy != DuplicatePolicy.CREATE:
                    same_activities.read_ahead(records, self._times(own), actor=self._actor)
        if self._policy != DuplicatePolicy.CREATE:
            keys = read_uuids_ahead(Activity, "uuid", contents, self._actor)
            keep(Activity, Activity.objects.visible_to(self._actor).filter(pk__in=keys))

    def _times(self, contents: Sequence[Mapping[str, str]]) -> set[datetime]:
        moments = set()
        for text in {cells["created_at"] for cells in contents if "created_at" in cells}:
            # A row that is refused is refused when it is stored.
            with suppress(ValidationError):
                moments.add(self._values.moment("created_at", text))
        return moments

    def store(self, cells: Mapping[str, str], *, known: int | None = None) -> Imported:
        values: dict[str, Any] = {name: cells[name] for name in TEXTS if name in cells}
        values |= {name: _word(name, cells[name]) for name in WORDS if name in cells}
        values |= {name: self._values.moment(name, cells[name]) for name in PAST if name in cells}
        values |= {
            name: self._values.moment(name, cells[name], may_be_to_come=True)
            for name in TO_COME
            if name in cells
        }
        if "minutes" in cells:
            values["minutes"] = parse_id(cells["minutes"].strip())
            if values["minutes"] is None:
                raise ValidationError({"minutes": ["Enter a whole number of minutes."]})
        for column in ("owner", "assignee"):
            if column in cells:
                if column not in self._members:
                    self._members[column] = Members(self._actor, column)
                values[f"{column}_id"] = self._members[column].find(cells[column])
        if "uuid" in cells and self._policy != DuplicatePolicy.CREATE:
            same = find_by_uuid("uuid", Activity, cells, self._actor)
            values["id"] = None if same is None else same.pk
        values["record"] = self._record(cells)
        return self.store_values({name: value for name, value in values.items() if value}, known=known)

    def store_values(self, values: Mapping[str, Any], *, known: int | None = None) -> Imported:
        given = cast(ImportedActivityValues, values)
        return imported_activities.import_activity(given, policy=self._policy, actor=self._actor, known=known)

    def match(self, values: Mapping[str, Any]) -> tuple[Activity, str] | None:
        return imported_activities.match_activity(values, actor=self._actor)

    def restore(
        self, key: int, columns: Mapping[str, Any], lists: Mapping[str, Any], *, expected_version: int | None
    ) -> int:
        return imported_activities.restore_activity_columns(
            key, columns, actor=self._actor, expected_version=expected_version
        )

    def unlink(self, keys: Mapping[str, int]) -> None:
        """Do nothing: rows of activities link no records."""

    def remove(self, key: int, *, expected_version: int | None) -> None:
        delete_activity(key, actor=self._actor, expected_version=expected_version)

    def column_of(self, path: str, cells: Mapping[str, str]) -> str:
        return {"assignee_id": "assignee", "owner_id": "owner", "entity_id": "record_uuid"}.get(path, path)

    def _record(self, cells: Mapping[str, str]) -> Record:
        """Return the record of a row: by its uuid, else its external id, else its name.

        :raises ValidationError: keyed by column, if there is none, or several have the name.
        """
        names = [kind.name.value for kind in record_kinds()]
        kind = record_kind(_word("record_kind", cells.get("record_kind", ""), names))
        for column, find in (("record_uuid", self._by_uuid), ("record_external_id", self._by_external_id)):
            found = find(kind, cells) if column in cells else None
            if found is not None:
                return found
        if "record_name" in cells:
            return self._by_name(kind, cells["record_name"])
        given = [column for column in RECORD if column in cells]
        said = f"No {kind.model._meta.verbose_name} is known by this: import those records first."
        raise ValidationError({(given or ["record_uuid"])[0]: [said]})

    def _by_uuid(self, kind: RecordKind, cells: Mapping[str, str]) -> Record | None:
        return find_by_uuid("record_uuid", kind.model, cells, self._actor)

    def _by_external_id(self, kind: RecordKind, cells: Mapping[str, str]) -> Record | None:
        given = {
            "external_id": cells["record_external_id"],
            "external_source": source_of_links(cells, "record"),
        }
        return external_ids.find(kind.model, given, actor=self._actor)

    def _by_name(self, kind: RecordKind, text: str) -> Record:
        found = list(kind.find_named(text, self._actor).order_by("pk")[:2])
        if len(found) == 1:
            record: Record = found[0]
            return record
        noun = kind.model._meta
        said = (
            f"Several {noun.verbose_name_plural} are called this: name the uuid or external id."
            if found
            else f"No {noun.verbose_name} is called this: import those records first."
        )
        raise ValidationError({"record_name": [said]})


def _word(column: str, text: str, words: Sequence[str] | None = None) -> str:
    known = {name_key(word): word for word in words or WORDS[column]}
    found = known.get(name_key(text))
    if found is None:
        raise ValidationError({column: [f"Choose one of: {', '.join(known.values())}."]})
    return found
