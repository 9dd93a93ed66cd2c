"""Keep the past of an imported record: its time of creation, and notes of that time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.actors import Action, Actor
from crm.database.read_once import once
from crm.database.write_behind import change_columns
from crm.models import Activity, ActivityKind
from crm.models.records import Record, link_columns
from crm.services import locking, saving
from crm.signals import record_discussed


class ImportedValues(TypedDict, total=False):
    """Values that only imports set: the API has no fields for them."""

    owner_id: int
    created_at: datetime
    note: str
    note_at: datetime


NOTES = ("note", "note_at")


def keep_created_at(record: Record, values: Mapping[str, Any]) -> None:
    """Set when a record that was just stored had been created."""
    if values.get("created_at") is not None:
        record.created_at = values["created_at"]
        # Columns that set themselves are not set by an insert.
        change_columns(type(record), [record.pk], {"created_at": record.created_at})


def write_note(record: Record, values: Mapping[str, Any], *, actor: Actor, is_new: bool = False) -> bool:
    """Write the note of an imported row into the timeline at its time, unless the record has it already.

    Nobody is notified: names in it were written to people of that time.

    :param is_new: whether the record was just made, and nobody else knows it.
    :return: whether the note is new.
    :raises ValidationError: keyed ``note``.
    """
    if not values.get("note"):
        return False
    actor.require(Action.CHANGE_ACTIVITIES)
    note = Activity(
        **link_columns(record),
        company_id=actor.company_id,
        user_id=actor.user_id,
        door=actor.door.value,
        kind=ActivityKind.NOTE,
        text=values["note"],
    )
    try:
        # Before it is looked for: texts are stored in one spelling.
        saving.validate_columns(note)
    except ValidationError as refused:
        raise ValidationError({"note": refused.messages}) from refused
    if not is_new and _has_note(record, note.text):
        return False
    saving.store(note, actor=actor, is_valid=True)
    at = values.get("note_at") or timezone.now()
    change_columns(Activity, [note.pk], {"created_at": at})
    locked = record if is_new else locking.lock_record_of(note, actor)
    record_discussed.send(sender=type(locked), record=locked, activity=ActivityKind.NOTE, at=at, actor=actor)
    return True


def read_notes_ahead(records: Sequence[Record], texts: Iterable[str | None]) -> None:
    """Look for notes of the records of a batch with the texts of its rows."""
    wanted = {text for text in texts if text}
    if not (records and wanted):
        return
    by_key = {record.pk: record for record in records}
    one = link_columns(records[0])
    del one["object_id"]
    notes = Activity.objects.filter(
        **one, object_id__in=by_key, kind=ActivityKind.NOTE, text__in=wanted, deleted_at=None
    )
    _notes(type(records[0])).update(notes.values_list("object_id", "text"))


def has_noted(record: Record, values: Mapping[str, Any]) -> bool:
    """Return whether the note of the values was found by ``read_notes_ahead``, if they have one."""
    return not values.get("note") or (record.pk, values["note"]) in _notes(type(record))


def _notes(model: type[Record]) -> set[tuple[int, str]]:
    return once(("notes", model), set)


def _has_note(record: Record, text: str) -> bool:
    same = Activity.objects.filter(**link_columns(record), kind=ActivityKind.NOTE, text=text)
    return same.filter(deleted_at=None).exists()


def remove_note(key: int, *, actor: Actor) -> None:
    """Delete a note that an import wrote, unless somebody has changed it since."""
    note = Activity.objects.visible_to(actor).filter(pk=key, version=1).first()
    if note is None:
        return
    actor.require(Action.CHANGE_ACTIVITIES)
    saving.soft_delete(note, actor=actor, before=locking.column_values(note))
    locked = locking.lock_record_of(note, actor)
    record_discussed.send(sender=type(locked), record=locked, activity=None, at=None, actor=actor)
