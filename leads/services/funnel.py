"""The funnel of a pipeline: what became of the leads that entered its stages."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Count, Exists, F, OuterRef, Q

from crm.actors import Actor
from crm.database.medians import MedianDays
from leads.models import Lead, LeadStatus, StageVisit, StatusCategory
from leads.services.report_days import Days, leads_of
from pipelines.models import Pipeline, Stage


@dataclass(kw_only=True)
class FunnelStage:
    """The entries into a stage on some days, and what became of them; the median is None without any."""

    stage_id: int
    entered: int = 0
    left_forward: int = 0
    won: int = 0
    lost: int = 0
    median_days: float | None = None


def funnel(
    actor: Actor, days: Days, *, pipeline_key: object, owner_key: object = None
) -> Sequence[FunnelStage]:
    """Return the live stages of a pipeline in their order, with the entries of visible leads on some days."""
    pipeline = Pipeline.objects.find(actor, pipeline_key, argument="pipeline_id")
    # Leads may have gone on to a stage that is deleted now.
    stages = Stage.objects.with_deleted_for(actor).filter(pipeline=pipeline).order_by("weight", "pk")
    live = {stage.pk: stage.deleted_at is None for stage in stages.only("deleted_at")}
    found = {key: FunnelStage(stage_id=key) for key, is_live in live.items() if is_live}
    leads = leads_of(actor, None, owner_key)
    visits = StageVisit.objects.visible_to(actor).filter(days.has("entered_at"), stage__in=list(found))
    if owner_key is not None:
        of_leads = visits.filter(lead__in=leads)
    elif Lead.objects.sees_all(actor):
        # Few leads are deleted: to leave those out is much faster than to look up all others.
        deleted = Lead.objects.with_deleted_for(actor).exclude(deleted_at=None)
        of_leads = visits.filter(~Exists(deleted.filter(pk=OuterRef("lead_id"))))
    else:
        of_leads = visits.filter(lead__in=Lead.objects.keys_involving(actor))
    # One statement for all of it: there are very many visits.
    for key, entered, forward, median in of_leads.values_list("stage_id").annotate(
        # Of a column of the index, which does not have the key.
        entered=Count("stage"),
        left_forward=Count("stage", filter=_forward(found, list(live))),
        # Visits that have not ended have no duration, and are not part of it.
        median=MedianDays(F("left_at") - F("entered_at")),
    ):
        found[key].entered, found[key].left_forward, found[key].median_days = entered, forward, median
    # A lead is won or lost in the stage that it is in, which it entered when its last visit began. Whatever
    # is won or lost has a moment at which it was closed, by which an index finds it.
    closed = leads.filter(days.has("stage_changed_at")).exclude(closed_at=None)
    # By the keys of the statuses, which the index has: a fifth of the time of a join with their categories.
    endings = LeadStatus.objects.visible_to(actor).filter(
        category__in=(StatusCategory.WON, StatusCategory.LOST)
    )
    categories = dict(endings.order_by().values_list("pk", "category"))
    ended = closed.filter(status__in=list(categories))
    for key, status, number in ended.values_list("stage_id", "status_id").annotate(number=Count("*")):
        # Those of other pipelines are in the same part of the index.
        if key not in found:
            continue
        if categories[status] == StatusCategory.WON:
            found[key].won += number
        else:
            found[key].lost += number
    return list(found.values())


def _forward(stages: Collection[int], order: Sequence[int]) -> Q:
    """Return the condition that a visit ended with a move to a later stage."""
    moves = [Q(stage=key, next_stage__in=order[at + 1 :]) for at, key in enumerate(order) if key in stages]
    return reduce(or_, moves, Q(pk__in=[]))
