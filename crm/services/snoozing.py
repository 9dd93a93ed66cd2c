"""Put a task off, or move a task, call or meeting to another day; its hour on the clock stays."""

from datetime import date, datetime, timedelta, tzinfo

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.dates import check_year, start_of
from crm.models import Activity, ActivityKind
from crm.models.activity_kinds import PLANNABLE
from crm.recurrence import moved_along, off_wall, on_wall
from crm.services import locking
from crm.services.activities import update_activity
from crm.services.activity_input import ActivityValues
from crm.services.days import zone_of

#: A longer while is a new due date, which the form of the task takes.
MOST_DAYS = 90


@transaction.atomic
def snooze_task(key: object, *, days: int, actor: Actor) -> Activity:
    """Have an open task be due some days from today, at the time of day that it has.

    :raises ValidationError: for what is no open task, and for no day or too many.
    """
    actor.require(Action.CHANGE_ACTIVITIES)
    task = locking.lock(Activity, actor, key)
    if task.kind != ActivityKind.TASK or task.done_at is not None:
        raise ValidationError("Only an open task can be put off.")
    if not 1 <= days <= MOST_DAYS:
        raise ValidationError(f"Put a task off by 1 to {MOST_DAYS} days.")
    zone, now = zone_of(actor), timezone.now()
    day = now.astimezone(zone).date() + timedelta(days=days)
    # A task without a day gets one without a time.
    moved = _moved(task, task.due_at or start_of(day, zone), day, zone)
    return update_activity(task.pk, moved, actor=actor, expected_version=task.version)


@transaction.atomic
def move_to_day(key: object, *, day: date, actor: Actor, expected_version: int | None = None) -> Activity:
    """Have what is not done be due, or begin, on another day of the actor, with its reminder as long before.

    :raises ValidationError: for what is done or cannot be planned, and for a day that is none.
    """
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = locking.lock(Activity, actor, key)
    if activity.kind not in PLANNABLE or activity.done_at is not None:
        raise ValidationError("Only a task, call or meeting that is not done can be moved to another day.")
    zone = zone_of(actor)
    old = activity.due_at or activity.starts_at or start_of(day, zone)
    try:
        check_year(day)
        moved = _moved(activity, old, day, zone)
    except (OverflowError, ValueError):
        raise ValidationError("Choose a day between the years 100 and 9998.") from None
    return update_activity(activity.pk, moved, actor=actor, expected_version=expected_version)


def _moved(activity: Activity, old: datetime, day: date, zone: tzinfo) -> ActivityValues:
    """Return the values that move an activity to a day, with its hour, also over a change to summer time."""
    new = off_wall(datetime.combine(day, on_wall(old, zone).time()), zone)
    values: ActivityValues = {"due_at": new} if activity.kind == ActivityKind.TASK else {"starts_at": new}
    if activity.remind_at is not None and old == (activity.due_at or activity.starts_at):
        values["remind_at"] = moved_along(activity.remind_at, old=old, new=new, zone=zone)
    return values
