"""The stays of leads in stages, written with every move, whatever made it."""

from datetime import datetime

from crm.actors import Actor
from crm.database.updates import save_columns
from leads.models import Lead, StageVisit


def enter_stage(lead: Lead, *, actor: Actor) -> None:
    """Note that a stored lead is in its stage since ``stage_changed_at``; its stay before ends then.

    A lead that is noted to be in this stage since that time stays as it is.
    """
    visit = next_visit(lead, StageVisit.objects.filter(lead=lead, left_at=None).first(), actor=actor)
    if visit is not None:
        visit.save(force_insert=True)


def next_visit(lead: Lead, present: StageVisit | None, *, actor: Actor) -> StageVisit | None:
    """End the stay that a lead is noted to be in, and give the next one, not stored yet.

    None if the lead is noted already to be in its stage since ``stage_changed_at``.
    """
    entered_at = lead.stage_changed_at
    if present is not None:
        if present.stage_id == lead.stage_id and present.entered_at == entered_at:
            return None
        # A clock that was set back makes no stay end before it began.
        entered_at = max(entered_at, present.entered_at)
        present.left_at = entered_at
        save_columns(present, {"left_at", "updated_at"})
    return visit_from(lead, entered_at, actor=actor)


def visit_from(lead: Lead, entered_at: datetime, *, actor: Actor) -> StageVisit:
    """Give the first stay of a new lead, or the next one after another, not stored yet."""
    return StageVisit(
        company_id=lead.company_id,
        lead=lead,
        stage_id=lead.stage_id,
        stage_name=lead.stage.name,
        pipeline_name=lead.stage.pipeline.name,
        entered_at=entered_at,
        user_id=actor.user_id,
        door=actor.door.value,
        via=actor.via,
    )
