"""Notes, tasks, calls, meetings and e-mails about records.

Only authors and managers change a note or an e-mail; what is planned, everybody may change and do.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason, Forbidden
from crm.models.activities import Activity
from crm.models.activity_kinds import APPOINTMENTS, PLANNABLE, ActivityKind, named_kind
from crm.models.records import link_columns
from crm.services import locking, recurring_tasks, saving
from crm.services.activity_input import (
    REQUIRED,
    ActivityValues,
    assign_values,
    refuse_leftovers,
    set_participants,
)
from crm.services.mentions import emit_mentions, mentioned_in
from crm.services.records import check_same_record, required_record
from crm.signals import record_discussed


def _mentioned(activity: Activity, actor: Actor, *, before: str = "") -> frozenset[int]:
    """Return the ids of the members whom a text mentions anew; those of an e-mail are its sender's words."""
    if activity.kind == ActivityKind.EMAIL:
        return frozenset()
    return mentioned_in(activity.text, actor, before=before)


def tell_of_activity(activity: Activity, actor: Actor, took_place_at: datetime | None = None) -> None:
    """Have a record know that an activity changed; with a moment, that it took place then."""
    record = locking.lock_record_of(activity, actor)
    record_discussed.send(
        sender=type(record),
        record=record,
        activity=activity.kind if took_place_at is not None else None,
        at=took_place_at,
        actor=actor,
    )


@transaction.atomic
def create_activity(values: ActivityValues, *, actor: Actor, is_logged: bool = False) -> Activity:
    """Write down what was done about a record, or plan what is to be done.

    A note is an activity of its record by itself, a task once it is done, a call or meeting once its time
    has come.

    :param is_logged: a call or meeting that is not for later is done with this, as members log it.
    :raises ValidationError: if text and subject are missing, or a field does not belong to the kind.
    """
    actor.require(Action.CHANGE_ACTIVITIES)
    record = required_record(values, actor)
    activity = Activity(
        **link_columns(record), company_id=actor.company_id, user_id=actor.user_id, door=actor.door.value
    )
    assign_values(activity, values, actor=actor)
    mentioned = _mentioned(activity, actor)
    now = timezone.now()
    activity.is_awaited = activity.is_to_come(now)
    if is_logged and activity.kind in APPOINTMENTS and not activity.is_awaited:
        activity.starts_at = activity.starts_at or now
        # Done at its own time, which tells the timeline that the two are one event.
        activity.done_at, activity.done_by_id = activity.starts_at, actor.user_id
    recurring_tasks.check_rule(activity)
    saving.store(activity, actor=actor)
    set_participants(activity, values, actor=actor)
    emit_mentions(activity, mentioned, actor=actor)
    # Without a time it took place when it was stored, which is later than ``now``.
    tell_of_activity(activity, actor, activity.took_place(max(now, activity.created_at)))
    return activity


def _refuse_strangers(activity: Activity, actor: Actor) -> None:
    # What is planned is everybody's who sees the record; a note is its author's word.
    is_own = activity.kind in PLANNABLE or activity.user_id == actor.user_id
    if not is_own and not actor.may(Action.MODERATE):
        raise Forbidden


@transaction.atomic
def update_activity(
    key: object, values: ActivityValues, *, actor: Actor, expected_version: int | None = None
) -> Activity:
    """Change the given fields of an activity."""
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    _refuse_strangers(activity, actor)
    before = locking.column_values(activity)
    now = timezone.now()
    took_place = activity.took_place(now)
    saving.refuse_null(values, REQUIRED)
    check_same_record(activity, values, actor)
    assign_values(activity, values, actor=actor)
    mentioned = _mentioned(activity, actor, before=before["text"])
    takes_place = _follow_time(activity, took_place, now)
    if "recurrence" in values:
        recurring_tasks.check_rule(activity)
    participants = set_participants(activity, values, actor=actor)
    if activity.kind != before["kind"]:
        refuse_leftovers(activity)
    stored = saving.store(
        activity,
        actor=actor,
        before=before,
        expected_version=expected_version,
        relations=participants,
    )
    emit_mentions(activity, mentioned, actor=actor)
    # An update that changes nothing is no event of the record.
    if stored.changed:
        tell_of_activity(activity, actor, takes_place)
    return activity


def _follow_time(activity: Activity, before: datetime | None, now: datetime) -> datetime | None:
    """Note whether the activity still has to take place; return when it did, if this change says so.

    :param before: when it took place, as far as was known before the change.
    """
    after = activity.took_place(now)
    if activity.is_to_come(now):
        activity.is_awaited = activity.done_at is None
    elif after != before:
        activity.is_awaited = False
    return after if after != before else None


@transaction.atomic
def complete_task(key: object, *, actor: Actor) -> Activity:
    """Mark a task, call or meeting as done; do nothing if it is done already.

    The next task of a series is made with it.
    """
    return _set_done(key, done=True, actor=actor)


@transaction.atomic
def reopen_task(key: object, *, actor: Actor) -> Activity:
    """Mark a task, call or meeting as not done; do nothing if it is open."""
    return _set_done(key, done=False, actor=actor)


def _set_done(key: object, *, done: bool, actor: Actor) -> Activity:
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    if activity.kind not in PLANNABLE:
        message = f"{named_kind(activity.kind)} cannot be done or open: only a task, call or meeting can."
        raise Conflict(ConflictReason.VERSION, message)
    if (activity.done_at is not None) == done:
        return activity
    before = locking.column_values(activity)
    now = timezone.now()
    took_place = activity.took_place(now)
    activity.done_at = now if done else None
    activity.done_by_id = actor.user_id if done else None
    takes_place = _follow_time(activity, took_place, now)
    saving.store(activity, actor=actor, before=before)
    if done:
        recurring_tasks.create_next(activity, actor=actor)
    tell_of_activity(activity, actor, takes_place)
    return activity


@transaction.atomic
def delete_activity(key: object, *, actor: Actor, expected_version: int | None = None) -> None:
    """Delete an activity softly."""
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    _refuse_strangers(activity, actor)
    before = locking.column_values(activity)
    saving.soft_delete(activity, actor=actor, before=before, expected_version=expected_version)
    tell_of_activity(activity, actor)


@transaction.atomic
def restore_activity(key: object, *, actor: Actor) -> None:
    """Restore a deleted activity; do nothing if it is live."""
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock_deleted(Activity.objects.all(), actor, key)
    if activity.deleted_at is None:
        return
    _refuse_strangers(activity, actor)
    saving.undelete(activity, actor=actor)
    tell_of_activity(activity, actor)
