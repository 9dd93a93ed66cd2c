"""Notes and tasks about records. Only authors and managers change a note; everybody may do a task."""

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason, Forbidden
from crm.models.accounts import User
from crm.models.activities import Activity, ActivityKind
from crm.models.custom_fields import is_storable
from crm.models.records import link_columns
from crm.services import locking, saving
from crm.services.records import RecordReference, check_same_record, required_record
from crm.signals import record_discussed


class ActivityValues(RecordReference, total=False):
    kind: str | None
    text: str | None
    due_at: datetime | None
    assignee_id: object


def _assign(activity: Activity, values: ActivityValues, actor: Actor) -> None:
    if values.get("kind") is not None:
        activity.kind = values["kind"] or ActivityKind.NOTE
    if "text" in values:
        activity.text = values["text"] or ""
        # PostgreSQL stores no NUL characters.
        if not is_storable(activity.text):
            raise ValidationError({"text": ["Remove characters that cannot be stored, such as NUL."]})
    if "due_at" in values:
        activity.due_at = values["due_at"]
    if "assignee_id" in values:
        activity.assignee = _find_assignee(values["assignee_id"], actor)


def _find_assignee(key: object, actor: Actor) -> User | None:
    if saving.is_none_given(key):
        return None
    user: User = User.objects.find(actor, key, argument="assignee_id")
    if not User.objects.assignable_in(actor.company_id).filter(pk=user.pk).exists():
        raise ValidationError({"assignee_id": ["An assignee is an active member who is not a viewer."]})
    return user


def _notify(activity: Activity, what: str | None, actor: Actor) -> None:
    record = locking.lock_record_of(activity, actor)
    record_discussed.send(sender=type(record), record=record, activity=what, actor=actor)


@transaction.atomic
def create_activity(values: ActivityValues, *, actor: Actor) -> Activity:
    """Add a note about a record, or plan a task.

    A note is an activity by itself; a task is one when it is done.

    :raises ValidationError: if the text is missing, or a note is planned like a task.
    """
    actor.require(Action.CHANGE_ACTIVITIES)
    record = required_record(values, actor)
    activity = Activity(
        **link_columns(record), company_id=actor.company_id, user_id=actor.user_id, door=actor.door.value
    )
    _assign(activity, values, actor)
    saving.store(activity, actor=actor)
    _notify(activity, "NOTE" if activity.kind == ActivityKind.NOTE else None, actor)
    return activity


def _refuse_strangers(activity: Activity, actor: Actor) -> None:
    # A task is everybody's who sees the record; a note is its author's word.
    is_own = activity.kind == ActivityKind.TASK or activity.user_id == actor.user_id
    if not is_own and not actor.may(Action.MODERATE):
        raise Forbidden


@transaction.atomic
def update_activity(
    key: object, values: ActivityValues, *, actor: Actor, expected_version: int | None = None
) -> Activity:
    """Change the fields of a note or task that are given."""
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    _refuse_strangers(activity, actor)
    before = locking.column_values(activity)
    saving.refuse_null(values, ["kind", "text"])
    check_same_record(activity, values, actor)
    _assign(activity, values, actor)
    stored = saving.store(activity, actor=actor, before=before, expected_version=expected_version)
    # An update that changes nothing is no event of the record.
    if stored.changed:
        _notify(activity, None, actor)
    return activity


@transaction.atomic
def complete_task(key: object, *, actor: Actor) -> Activity:
    """Mark a task as done; do nothing if it is done already."""
    return _set_done(key, done=True, actor=actor)


@transaction.atomic
def reopen_task(key: object, *, actor: Actor) -> Activity:
    """Mark a task as not done; do nothing if it is open."""
    return _set_done(key, done=False, actor=actor)


def _set_done(key: object, *, done: bool, actor: Actor) -> Activity:
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    if activity.kind != ActivityKind.TASK:
        raise Conflict(ConflictReason.VERSION, "Only a task can be done or open; this is a note.")
    if (activity.done_at is not None) == done:
        return activity
    before = locking.column_values(activity)
    activity.done_at = timezone.now() if done else None
    activity.done_by_id = actor.user_id if done else None
    saving.store(activity, actor=actor, before=before)
    _notify(activity, "TASK" if done else None, actor)
    return activity


@transaction.atomic
def delete_activity(key: object, *, actor: Actor, expected_version: int | None = None) -> None:
    """Delete a note or task softly."""
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    _refuse_strangers(activity, actor)
    before = locking.column_values(activity)
    saving.soft_delete(activity, actor=actor, before=before, expected_version=expected_version)
    _notify(activity, None, actor)


@transaction.atomic
def restore_activity(key: object, *, actor: Actor) -> None:
    """Restore a deleted note or task; do nothing if it is live."""
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock_deleted(Activity.objects.all(), actor, key)
    if activity.deleted_at is None:
        return
    _refuse_strangers(activity, actor)
    saving.undelete(activity, actor=actor)
    _notify(activity, None, actor)
