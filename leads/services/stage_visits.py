"""The stays of leads in stages, written with every move, whatever made it."""

from datetime import datetime

from crm.actors import Actor
from leads.models import Lead, StageVisit


def enter_stage(lead: Lead, *, actor: Actor) -> None:
    """Note that a stored lead is in its stage since ``stage_changed_at``; its stay before ends then.

    A lead that is noted to be in this stage since that time stays as it is.
    """
    entered_at = lead.stage_changed_at
    present = StageVisit.objects.filter(lead=lead, left_at=None).first()
    if present is not None:
        if present.stage_id == lead.stage_id and present.entered_at == entered_at:
            return
        # A clock that was set back makes no stay end before it began.
        entered_at = max(entered_at, present.entered_at)
        present.left_at = entered_at
        present.save(update_fields=["left_at", "updated_at"])
    begin_visit(lead, entered_at=entered_at, actor=actor)


def begin_visit(lead: Lead, *, entered_at: datetime, actor: Actor) -> None:
    """Note the first stay of a new lead, or the next one of a lead whose stay before has ended."""
    StageVisit.objects.create(
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
