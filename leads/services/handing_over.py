"""Open leads of a member who may own none any more go to somebody else."""

from dataclasses import replace
from typing import Any

from django.dispatch import receiver

from crm.actors import Actor, system_actor
from crm.models import Membership, User
from crm.signals import member_left
from leads.models import Lead, StatusCategory
from leads.services.leads import update_lead


@receiver(member_left)
def reassign_open_leads(*, membership: Membership, heir: User | None, actor: Actor, **_: Any) -> None:
    """Give each open lead of the member to the heir, or to nobody, with its history and events."""
    # Whoever changes members sees all leads, also when ending the own membership.
    mover = replace(
        system_actor(membership.company_id, door=actor.door, via=actor.via), user_id=actor.user_id
    )
    leads = Lead.objects.visible_to(mover).filter(
        owner=membership.user_id, status__category=StatusCategory.OPEN
    )
    for lead_id in leads.order_by("pk").values_list("pk", flat=True):
        update_lead(lead_id, {"leads_owner_id": heir and heir.pk}, actor=mover)
