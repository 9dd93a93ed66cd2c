"""Reopen a lead that was closed."""

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from leads.models import Lead, LeadStatus, StatusCategory
from leads.services.lead_input import LeadValues
from leads.services.leads import update_lead


@transaction.atomic
def reopen_lead(
    key: object, *, actor: Actor, stage_key: object = None, expected_version: int | None = None
) -> Lead:
    """Set the status of new leads, or the first that is open; the history keeps how the lead was closed.

    :param stage_key: the stage that the lead enters; it stays in its own where this is None.
    """
    actor.require(Action.CHANGE_LEADS)
    statuses = LeadStatus.objects.visible_to(actor).filter(category=StatusCategory.OPEN)
    status = statuses.order_by("-is_default", "weight", "pk").first()
    if status is None:
        raise ValidationError({"status": ["The company has no status for open leads."]})
    values: LeadValues = {"status_id": status.pk}
    if stage_key is not None:
        values["pipeline_stage_id"] = stage_key
    return update_lead(key, values, actor=actor, expected_version=expected_version)
