"""Numbers of the leads that the actor sees."""

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from crm.actors import Actor
from leads.models import Lead, StatusCategory
from leads.models.rotting import is_rotting
from pipelines.models import Pipeline, Stage, visible_lead_count


@dataclass(frozen=True, kw_only=True)
class StageCount:
    """The number of leads in a stage, and of those that rot."""

    stage_id: int
    lead_count: int
    rotting_count: int


def totals(actor: Actor, condition: Q) -> dict[str, int]:
    """Count the leads that meet a condition by category of status, and their owners, by one statement."""
    is_open = Q(status__category=StatusCategory.OPEN)
    # No GROUP BY: the categories overlap, and owners are counted across all of them.
    counts = {
        "total_active_leads": Count("pk", filter=is_open),
        "total_closed_leads": Count("pk", filter=~is_open),
        "total_won_leads": Count("pk", filter=Q(status__category=StatusCategory.WON)),
        "total_lost_leads": Count("pk", filter=Q(status__category=StatusCategory.LOST)),
        "total_rotting_leads": Count("pk", filter=is_rotting()),
        "total_agents": Count("owner", distinct=True),
    }
    return Lead.objects.visible_to(actor).filter(condition).order_by().aggregate(**counts)


def count_by_stage(
    actor: Actor, pipeline_key: object = None, *, with_rotting: bool = True
) -> list[StageCount]:
    """Count the leads of each stage, with or without leads, in the order of the board.

    :param pipeline_key: narrows to the stages of one pipeline.
    :param with_rotting: whether to count the rotting ones, which are 0 otherwise.
    """
    stages = Stage.objects.visible_to(actor)
    if pipeline_key is not None:
        stages = stages.filter(pipeline=Pipeline.objects.find(actor, pipeline_key, argument="pipeline_id"))
    rotting = _rotting_by_stage(actor, stages) if with_rotting else {}
    counted = stages.annotate(leads_seen=visible_lead_count(actor, key="stage"))
    ordered = counted.order_by("pipeline__weight", "pipeline_id", "weight", "pk")
    return [
        StageCount(stage_id=key, lead_count=leads, rotting_count=rotting.get(key, 0))
        for key, leads in ordered.values_list("pk", "leads_seen")
    ]


def _rotting_by_stage(actor: Actor, stages: QuerySet[Stage]) -> dict[int, int]:
    rotting = Lead.objects.visible_to(actor).filter(is_rotting(), stage__in=stages.order_by().values("pk"))
    return dict(rotting.order_by().values_list("stage_id").annotate(number=Count("pk")))
