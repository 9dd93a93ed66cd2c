"""Rotting: when a lead rots, why it does, and which activity restarts the count.

A lead rots while it is open and its last activity is at least as many days ago as its stage allows.
"""

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import (
    BooleanField,
    Case,
    DateTimeField,
    DurationField,
    ExpressionWrapper,
    Func,
    Value,
    When,
)
from django.utils import timezone

from crm.actors import Actor
from leads.models.lookups import LeadStatus, StatusCategory
from pipelines.models import Stage

#: Relations whose change is no work on a lead: labels.
NOT_WORK = frozenset({"tags"})
#: The lookups that the rule uses, as Python compares.
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "exact": operator.eq,
    "gt": operator.gt,
    "lte": operator.le,
    "isnull": lambda value, expected: (value is None) == expected,
}


class LastActivity(models.TextChoices):
    """The kinds of activity that keep a lead from rotting."""

    STAGE = "STAGE", "entry into the stage"
    NOTE = "NOTE", "note"
    TASK = "TASK", "task done"
    CALL = "CALL", "call"
    MEETING = "MEETING", "meeting"
    EMAIL = "EMAIL", "e-mail"
    MESSAGE = "MESSAGE", "message"
    OWNER = "OWNER", "change of owner"
    CHANGE = "CHANGE", "change of the lead"


class WithActivity(Protocol):
    """The part of a lead that the rule reads and that an activity changes."""

    last_activity_at: datetime
    last_activity: str
    closed_at: datetime | None

    @property
    def status(self) -> LeadStatus: ...

    @property
    def stage(self) -> Stage: ...


def _rule(idle_since: object) -> dict[str, object]:
    """Return the conditions that a rotting lead meets, as lookups from the lead.

    :param idle_since: the latest last activity with which a lead of this stage rots.
    """
    return {
        "status__category__exact": StatusCategory.OPEN,
        # The same once more, as the indexes of open leads have it.
        "closed_at__isnull": True,
        # A stage with a limit of 0 lets no lead rot.
        "stage__rotting_days__gt": 0,
        "last_activity_at__lte": idle_since,
    }


class _Days(Func):
    """A number of days as a duration of 24 hours each, as ``timedelta`` counts them.

    PostgreSQL's ``interval '1 day'`` is 23 or 25 hours long when clocks change.
    """

    template = "(%(expressions)s * 86400000000)"
    output_field = DurationField()

    def as_postgresql(self, compiler: Any, connection: Any) -> Any:
        return self.as_sql(compiler, connection, template="(%(expressions)s * interval '24 hours')")


def is_rotting() -> models.Q:
    """Return the rule as a condition on leads."""
    idle_since = Value(timezone.now()) - _Days("stage__rotting_days")
    return models.Q(**_rule(ExpressionWrapper(idle_since, DateTimeField())))


def is_rotting_in(stages: Iterable[Stage]) -> models.Q:
    """Return the rule as a condition on leads without ``closed_at`` that are in some stages.

    It names no column but those of the index of open leads, and joins nothing: for statements that read all
    open leads of a company, which have narrowed to them.
    """
    now = timezone.now()
    # None of no stage, where an empty condition would mean all.
    condition = models.Q(pk__in=[])
    for stage in stages:
        if stage.rotting_days > 0:
            idle_since = now - timedelta(days=stage.rotting_days)
            condition |= models.Q(stage=stage.pk, last_activity_at__lte=idle_since)
    return condition


def begins_to_rot(after: datetime, until: datetime) -> models.Q:
    """Return the condition that a lead rots at a moment, and did not at an earlier one."""

    # The stubs want a type argument that the class does not take at run time.
    def idle_since(moment: datetime) -> Any:
        return ExpressionWrapper(Value(moment) - _Days("stage__rotting_days"), DateTimeField())

    return models.Q(**_rule(idle_since(until)), last_activity_at__gt=idle_since(after))


def rotting_flag() -> Case:
    """Return the rule as an annotation: true or false for each lead."""
    return Case(When(is_rotting(), then=True), default=False, output_field=BooleanField())


def is_lead_rotting(lead: WithActivity) -> bool:
    """Apply the rule to a lead in memory."""
    idle_since = timezone.now() - timedelta(days=lead.stage.rotting_days)
    conditions = ((lookup.rsplit("__", 1), bound) for lookup, bound in _rule(idle_since).items())
    return all(
        COMPARISONS[comparison](operator.attrgetter(path.replace("__", "."))(lead), bound)
        for (path, comparison), bound in conditions
    )


#: The columns that ``rotting_reason`` reads, from a lead: those of the rule, and the kind of the activity.
REASON_COLUMNS = ("last_activity", *(lookup.rpartition("__")[0] for lookup in _rule(None)))


def rotting_reason(lead: WithActivity) -> str | None:
    """Return why a lead rots, such as "12 days since note of 3 March, limit 7"; None if it does not."""
    try:
        limit = lead.stage.rotting_days
    except ObjectDoesNotExist:
        # A deleted stage is out of the actor's scope, and its relation is empty then.
        return None
    if not is_lead_rotting(lead):
        return None
    idle = timezone.now() - lead.last_activity_at
    # In UTC for every reader: the sentence is part of the API, which knows no reader's time zone.
    day = lead.last_activity_at.astimezone(UTC)
    label = LastActivity(lead.last_activity).label
    return f"{idle.days} days since {label} of {day.day} {day:%B}, limit {limit}"


def record_activity(lead: WithActivity, activity: LastActivity, *, at: datetime) -> bool:
    """Set a lead's last activity, not stored yet; return whether it is newer than the one before.

    Every restart of the count goes through here.
    """
    last: datetime | None = lead.last_activity_at
    # Imports and late messages may report what is older than the last activity.
    if last is not None and last >= at:
        return False
    lead.last_activity_at, lead.last_activity = at, activity
    return True


def record_change(lead: WithActivity, changed: Collection[str], *, actor: Actor) -> None:
    """Set what a change of a lead means as an activity, not stored yet.

    :param changed: the names of what changed, as the history has them.
    """
    # Automatic changes, such as an assignment by rotation, are no work on a lead. The entry into a stage
    # is recorded by ``Lead.clean``, with the time of the move.
    if actor.user_id is None or "stage" in changed:
        return
    if "owner" in changed:
        record_activity(lead, LastActivity.OWNER, at=timezone.now())
    elif set(changed) - NOT_WORK:
        record_activity(lead, LastActivity.CHANGE, at=timezone.now())
