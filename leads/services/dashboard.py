"""Leads in numbers, over those that the actor sees."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from crm.actors import Actor
from leads.models import Lead, StatusCategory
from leads.models.querysets import is_rotting
from pipelines.models import Pipeline, Stage


@dataclass(frozen=True, kw_only=True)
class StageCount:
    """How many leads are in a stage, and how many of them rot."""

    stage_id: int
    lead_count: int
    rotting_count: int


def totals(actor: Actor, condition: Q) -> dict[str, int]:
    """Count the leads that meet a condition, by how they stand, and their owners: in one statement."""
    is_open = Q(status__category=StatusCategory.OPEN)
    counted: dict[str, Any] = {
        "total_active_leads": Count("pk", filter=is_open),
        "total_closed_leads": Count("pk", filter=~is_open),
        "total_won_leads": Count("pk", filter=Q(status__category=StatusCategory.WON)),
        "total_lost_leads": Count("pk", filter=Q(status__category=StatusCategory.LOST)),
        "total_rotting_leads": Count("pk", filter=is_rotting()),
        "total_agents": Count("owner", distinct=True),
    }
    return Lead.objects.visible_to(actor).filter(condition).order_by().aggregate(**counted)


def count_by_stage(actor: Actor, pipeline_key: object = None) -> list[StageCount]:
    """Count the leads of each stage, in the order of the board, also of stages without leads.

    :param pipeline_key: narrows to the stages of one pipeline.
    :raises NotFound: if the pipeline does not exist for the actor.
    """
    stages = Stage.objects.visible_to(actor)
    if pipeline_key is not None:
        stages = stages.filter(pipeline=Pipeline.objects.find(actor, pipeline_key, argument="pipeline_id"))
    counted = (
        Lead.objects.visible_to(actor)
        .filter(stage__in=stages.order_by().values("pk"))
        .order_by()
        .values_list("stage_id")
        .annotate(leads=Count("pk"), rotting=Count("pk", filter=is_rotting()))
    )
    numbers = {stage: (leads, rotting) for stage, leads, rotting in counted}
    ordered = stages.order_by("pipeline__weight", "pipeline_id", "weight", "pk").values_list("pk", flat=True)
    return [
        StageCount(
            stage_id=key, lead_count=numbers.get(key, (0, 0))[0], rotting_count=numbers.get(key, (0, 0))[1]
        )
        for key in ordered
    ]
