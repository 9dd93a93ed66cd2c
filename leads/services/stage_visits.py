"""Stage visits: the history of the stages that a lead was in, written at every move."""

from datetime import datetime

from crm.actors import Actor
from crm.database.new_rows import new_row, relate
from crm.database.updates import save_columns
from leads.models import Lead, StageVisit


def enter_stage(lead: Lead, *, actor: Actor) -> None:
    """Store the visit of a stored lead to its stage, and end the visit before it."""
    visit = next_visit(lead, StageVisit.objects.filter(lead=lead, left_at=None).first(), actor=actor)
    if visit is not None:
        visit.save(force_insert=True)


def next_visit(lead: Lead, open_visit: StageVisit | None, *, actor: Actor) -> StageVisit | None:
    """End a lead's open visit and return the next one, not stored; None if the open one is right."""
    entered_at = lead.stage_changed_at
    if open_visit is not None:
        if open_visit.stage_id == lead.stage_id and open_visit.entered_at == entered_at:
            return None
        # A clock that was set back must not end a visit before it began: a constraint forbids it.
        entered_at = max(entered_at, open_visit.entered_at)
        open_visit.left_at = entered_at
        open_visit.next_stage_id = lead.stage_id
        save_columns(open_visit, {"left_at", "next_stage_id", "updated_at"})
    return new_visit(lead, entered_at, actor=actor)


def new_visit(lead: Lead, entered_at: datetime, *, actor: Actor) -> StageVisit:
    """Return a visit of a lead to its stage, not stored yet."""
    visit = new_row(
        StageVisit,
        company_id=lead.company_id,
        lead_id=lead.pk,
        stage_id=lead.stage_id,
        # Copies: the history shows the names of that time, whatever becomes of stage and pipeline.
        stage_name=lead.stage.name,
        pipeline_name=lead.stage.pipeline.name,
        entered_at=entered_at,
        user_id=actor.user_id,
        door=actor.door.value,
        via=actor.via,
    )
    relate(visit, "lead", lead)
    return visit
