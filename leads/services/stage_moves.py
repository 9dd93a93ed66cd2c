"""Leads of a stage that goes move to the one in its place."""

from typing import Any

from django.dispatch import receiver

from crm.actors import Actor
from leads.models import Lead
from leads.services.leads import update_lead
from pipelines.models import Stage
from pipelines.signals import stage_replaced


@receiver(stage_replaced)
def move_leads(*, stage: Stage, replacement: Stage, actor: Actor, **_: Any) -> None:
    """Move every live lead of a stage, each with its history and events."""
    leads = Lead.objects.visible_to(actor).filter(stage=stage)
    for lead_id in leads.order_by("pk").values_list("pk", flat=True):
        update_lead(lead_id, {"pipeline_stage_id": replacement.pk}, actor=actor)
