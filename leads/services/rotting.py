"""What keeps a lead from rotting."""

from datetime import UTC, datetime, timedelta

from django.core.exceptions import ObjectDoesNotExist
from django.utils import timezone

from crm.actors import Actor
from crm.services.saving import Stored
from leads.models import LastActivity, Lead

#: What is no work on a lead: how it is labelled.
NO_WORK = frozenset({"tags"})


def touch(lead: Lead, activity: str, *, at: datetime | None = None) -> None:
    """Store that something was done about a lead, which is locked; this alone makes no new version of it.

    What is older than the last thing that was done changes nothing.

    :param activity: one of ``LastActivity``.
    """
    if _set(lead, activity, at or timezone.now()):
        lead.save(update_fields=["last_activity_at", "last_activity"])


def _set(lead: Lead, activity: str, at: datetime) -> bool:
    if lead.last_activity_at > at:
        return False
    lead.last_activity_at = at
    lead.last_activity = activity
    return True


def set_changed(lead: Lead, stored: Stored, *, actor: Actor) -> None:
    """Set what a change of a lead means for rotting, not stored yet: an owner was found, or work was done.

    The entry into a stage is kept with the lead itself. What the product does by itself, as it assigns
    owners, is no work on a lead; nor are its tags.
    """
    if actor.user_id is None or "stage" in stored.changes:
        return
    if "owner" in stored.changes:
        _set(lead, LastActivity.OWNER, timezone.now())
    elif stored.changes.keys() - NO_WORK:
        _set(lead, LastActivity.CHANGE, timezone.now())


def rotting_reason(lead: Lead) -> str | None:
    """Say why a lead rots, by the rule of ``is_rotting``: "12 days since note of 3 March, limit 7"."""
    try:
        limit = lead.stage.rotting_days
    except ObjectDoesNotExist:
        # Read in scope, a stage that is gone is not there.
        return None
    idle = timezone.now() - lead.last_activity_at
    if not lead.status.is_open or limit <= 0 or idle < timedelta(days=limit):
        return None
    day = lead.last_activity_at.astimezone(UTC)
    what = LastActivity(lead.last_activity).label
    return f"{idle.days} days since {what} of {day.day} {day:%B}, limit {limit}"
