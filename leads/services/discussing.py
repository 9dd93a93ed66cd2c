"""What notes, tasks and messages mean to the lead that they are about."""

from typing import Any

from django.dispatch import receiver

from crm.actors import Actor
from crm.signals import record_discussed
from leads.models import Lead
from leads.services import announcing
from leads.services.activity import touch


@receiver(record_discussed, sender=Lead)
def follow_discussion(record: Lead, activity: str | None, actor: Actor, **_signal: Any) -> None:
    """Keep the lead from rotting, if something was done, and tell the subscribers."""
    if activity is not None:
        touch(record, activity)
    seen_by = announcing.audience(record, announcing.involved_users(record), owner_id=record.owner_id)
    announcing.announce(record, "updated", actor=actor, before=seen_by, after=seen_by)
