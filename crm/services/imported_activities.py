"""Store one activity of an import, with its past: who wrote it and when, and when it was done.

Nobody is notified of mentions and tasks, which are of the past or of another installation.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.database.rows_ahead import kept_row
from crm.database.write_behind import change_columns
from crm.models.activities import Activity
from crm.models.activity_kinds import TALKS
from crm.models.imports import DuplicatePolicy
from crm.models.records import Record, link_columns
from crm.records.row_import import Imported
from crm.services import importing, locking, saving
from crm.services.activities import tell_of_activity
from crm.services.activity_input import ActivityValues, assign_values
from crm.services.same_activities import find_same, note_made

#: The columns of the keys of an input that are called otherwise.
COLUMNS = {"assignee_id": "assignee_id", "owner_id": "user_id"}


class ImportedActivityValues(ActivityValues, total=False):
    """An activity as an import has it: its record is found already, and its past is kept."""

    id: int | None
    record: Record
    owner_id: int
    created_at: datetime
    done_at: datetime | None


def match_activity(values: Mapping[str, Any], *, actor: Actor) -> tuple[Activity, str] | None:
    """Return the activity that the values mean: that of their id, else the same one of before."""
    key = values.get("id")
    if key is not None:
        return kept_row(Activity, key) or Activity.objects.find(actor, key), "ID"
    same = find_same(values, actor=actor)
    return None if same is None else (same, "CONTENT")


def _new_values(activity: Activity, values: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return nothing if an activity that a batch has read surely has all of the values, else all of them."""
    given = {name: value for name, value in values.items() if name not in ("id", "record", "created_at")}
    if "record" in values:
        link = link_columns(values["record"])
        given |= {"content_type_id": link["content_type"].pk, "object_id": link["object_id"]}
    is_same = kept_row(Activity, activity.pk) is activity and all(
        (getattr(activity, COLUMNS.get(name, name)) or None) == value for name, value in given.items()
    )
    return {} if is_same else values


def import_activity(
    values: ImportedActivityValues, *, policy: DuplicatePolicy, actor: Actor, known: int | None = None
) -> Imported:
    """Store an activity as ``crm.services.importing`` says."""
    actor.require(Action.CHANGE_ACTIVITIES)
    return importing.import_record(
        values,
        model=Activity,
        policy=policy,
        actor=actor,
        match=partial(match_activity, actor=actor),
        create=partial(_create, actor=actor),
        update=partial(_update, actor=actor),
        only_missing=partial(importing.only_missing_columns, columns=COLUMNS),
        new_values=_new_values,
        known=known,
    )


def _create(values: ImportedActivityValues, *, actor: Actor) -> Activity:
    activity = Activity(
        **link_columns(values["record"]),
        company_id=actor.company_id,
        user_id=values.get("owner_id", actor.user_id),
        door=actor.door.value,
    )
    if values.get("created_at") is not None:
        activity.created_at = values["created_at"]
        # Else a talk of the past would have taken place when it is imported.
        activity.starts_at = values["created_at"] if _is_talk_without_time(values) else None
    _assign(activity, values, actor)
    now = timezone.now()
    activity.is_awaited = activity.is_to_come(now) and activity.done_at is None
    saving.store(activity, actor=actor)
    if values.get("created_at") is not None:
        # A column that sets itself is not set by an insert.
        activity.created_at = values["created_at"]
        change_columns(Activity, [activity.pk], {"created_at": activity.created_at})
    note_made(activity, values)
    tell_of_activity(activity, actor, activity.took_place(max(now, activity.created_at)))
    return activity


def _is_talk_without_time(values: Mapping[str, Any]) -> bool:
    return values.get("kind") in TALKS and values.get("starts_at") is None


def _update(
    activity: Activity, values: ImportedActivityValues, *, actor: Actor
) -> tuple[Activity, Mapping[str, Any]]:
    locked = locking.lock(Activity, actor, activity.pk)
    if "record" in values and values["record"] != locked.entity:
        raise ValidationError({"entity_id": ["This cannot be moved to another record."]})
    before = locking.column_values(locked)
    now = timezone.now()
    took_place = locked.took_place(now)
    _assign(locked, values, actor)
    locked.is_awaited = locked.is_awaited and locked.is_to_come(now) and locked.done_at is None
    _store(locked, before, took_place, actor=actor)
    return locked, {}


def _assign(activity: Activity, values: ImportedActivityValues, actor: Actor) -> None:
    assign_values(activity, values, actor=actor)
    if "done_at" in values and values["done_at"] != activity.done_at:
        activity.done_at = values["done_at"]
        activity.done_by_id = actor.user_id if activity.done_at is not None else None


def _store(
    activity: Activity,
    before: locking.Columns,
    took_place: datetime | None,
    *,
    actor: Actor,
    expected_version: int | None = None,
) -> None:
    stored = saving.store(activity, actor=actor, before=before, expected_version=expected_version)
    if stored.changed:
        after = activity.took_place(timezone.now())
        tell_of_activity(activity, actor, after if after != took_place else None)


@transaction.atomic
def restore_activity_columns(
    key: int, columns: Mapping[str, Any], *, actor: Actor, expected_version: int | None
) -> int:
    """Restore the previous columns of an activity; return its new version.

    :raises Conflict: if the version is another.
    """
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    before = locking.column_values(activity)
    took_place = activity.took_place(timezone.now())
    fields: dict[str, Any] = {field.attname: field for field in Activity._meta.concrete_fields}
    for name, value in columns.items():
        setattr(activity, name, fields[name].to_python(value))
    _store(activity, before, took_place, actor=actor, expected_version=expected_version)
    return activity.version
