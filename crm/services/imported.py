"""Keep the past of an imported record: its time of creation, and notes of that time."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypedDict

from django.core.exceptions import ValidationError
from django.utils import timezone

from crm.actors import Action, Actor
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
        type(record)._base_manager.filter(pk=record.pk).update(created_at=record.created_at)


def write_note(record: Record, values: Mapping[str, Any], *, actor: Actor) -> bool:
    """Write the note of an imported row into the timeline at its time, unless the record has it already.

    Nobody is notified: names in it were written to people of that time.

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
    same = Activity.objects.filter(**link_columns(record), kind=ActivityKind.NOTE, text=note.text)
    if same.filter(deleted_at=None).exists():
        return False
    saving.store(note, actor=actor)
    at = values.get("note_at") or timezone.now()
    Activity.objects.filter(pk=note.pk).update(created_at=at)
    locked = locking.lock_record_of(note, actor)
    record_discussed.send(sender=type(locked), record=locked, activity=ActivityKind.NOTE, at=at, actor=actor)
    return True


def remove_note(key: int, *, actor: Actor) -> None:
    """Delete a note that an import wrote, unless somebody has changed it since."""
    note = Activity.objects.visible_to(actor).filter(pk=key, version=1).first()
    if note is None:
        return
    actor.require(Action.CHANGE_ACTIVITIES)
    saving.soft_delete(note, actor=actor, before=locking.column_values(note))
    locked = locking.lock_record_of(note, actor)
    record_discussed.send(sender=type(locked), record=locked, activity=None, at=None, actor=actor)
