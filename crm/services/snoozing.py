"""Put a task off to another day."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.actors import Action, Actor
from crm.models import Activity, ActivityKind
from crm.services import locking
from crm.services.activities import update_activity
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
    zone = zone_of(actor)
    due = (task.due_at or timezone.now()).astimezone(zone)
    day = timezone.now().astimezone(zone).date() + timedelta(days=days)
    # The hour on the clock stays, also over a change to summer time.
    moved = datetime.combine(day, due.time(), zone)
    return update_activity(task.pk, {"due_at": moved}, actor=actor, expected_version=task.version)
