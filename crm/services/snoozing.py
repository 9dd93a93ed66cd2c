"""Put a task, call or meeting off, or move it to another day; its hour stays unless one is chosen."""

from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

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

#: How much later "later today" is, to the full hour.
LATER = timedelta(hours=3)
WEEK = 7


class Snooze(StrEnum):
    """When something is put off to, without a day being named."""

    LATER = "later"
    TOMORROW = "tomorrow"
    NEXT_WEEK = "week"

    def moment(self, now: datetime, zone: tzinfo) -> tuple[date, time | None] | None:
        """Return the day, and the time of day if that changes too; None if today is too late for it."""
        wall = on_wall(now, zone)
        match self:
            case Snooze.LATER:
                later = (wall + LATER).replace(minute=0, second=0, microsecond=0)
                return (later.date(), later.time()) if later.date() == wall.date() else None
            case Snooze.TOMORROW:
                return wall.date() + timedelta(days=1), None
        return wall.date() + timedelta(days=WEEK - wall.weekday()), None


def snooze(key: object, snooze: Snooze, *, actor: Actor) -> Activity:
    """Put off an open task, call or meeting.

    :raises ValidationError: as ``move_to_day``, and if it is too late for the choice.
    """
    found = snooze.moment(timezone.now(), zone_of(actor))
    if found is None:
        raise ValidationError("It is too late for later today: choose another day.")
    day, at = found
    return move_to_day(key, day=day, at=at, actor=actor)


@transaction.atomic
def move_to_day(
    key: object, *, day: date, at: time | None = None, actor: Actor, expected_version: int | None = None
) -> Activity:
    """Have what is not done be due, or begin, on another day of the actor, with its reminder as long before.

    :param at: the time of day, in place of the present one.
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
        # By the clock on the wall, also over a change to summer time.
        new = off_wall(datetime.combine(day, on_wall(old, zone).time() if at is None else at), zone)
        moved = _moved(activity, old, new, zone)
    except (OverflowError, ValueError):
        raise ValidationError("Choose a day between the years 100 and 9998.") from None
    return update_activity(activity.pk, moved, actor=actor, expected_version=expected_version)


def _moved(activity: Activity, old: datetime, new: datetime, zone: tzinfo) -> ActivityValues:
    """Return the values that move an activity to another moment, with its reminder as long before."""
    values: ActivityValues = {"due_at": new} if activity.kind == ActivityKind.TASK else {"starts_at": new}
    if activity.remind_at is not None and old == (activity.due_at or activity.starts_at):
        values["remind_at"] = moved_along(activity.remind_at, old=old, new=new, zone=zone)
    return values
