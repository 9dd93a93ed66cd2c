"""Mark a lead as won, lost or closed."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, Q, When

from crm.actors import Action, Actor
from crm.services import locking, saving
from crm.texts import name_key
from leads.models import Lead, LeadStatus, StatusCategory
from leads.services.lead_input import find_lost_reason
from leads.services.leads import store_change
from leads.services.referenced_rows import ReferencedRows

#: The usual name and the category of the status of each outcome.
OUTCOMES = {
    "won": ("Won", StatusCategory.WON),
    "lost": ("Lost", StatusCategory.LOST),
    "close": ("Closed", StatusCategory.CLOSED),
    "closed": ("Closed", StatusCategory.CLOSED),
}


@transaction.atomic
def close_lead(
    key: object,
    outcome: str,
    *,
    actor: Actor,
    reason_lost: str | None = None,
    lost_reason_id: object = None,
    expected_version: int | None = None,
) -> Lead:
    """Mark a lead as won, lost or closed; the same outcome again changes nothing.

    :param outcome: ``won``, ``lost``, ``close`` or ``closed``, in any case.
    :param reason_lost: the reason in free words.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, key)
    named_outcome = OUTCOMES.get(name_key(outcome))
    if named_outcome is None:
        raise ValidationError({"status": ["Enter won, lost or closed."]})
    name, category = named_outcome
    # A status with the usual name goes first, so that "Closed" is not taken for "Duplicate".
    key = name_key(name)
    first = Case(When(name_key=key, then=0), default=1)
    statuses = LeadStatus.objects.visible_to(actor).filter(Q(name_key=key) | Q(category=category))
    status = statuses.order_by(first, "weight", "pk").first()
    if status is None:
        raise ValidationError({"status": [f"The company has no status for {name.lower()} leads."]})
    before = locking.column_values(lead)
    rows = ReferencedRows.fetch({"lost_reason_id": lost_reason_id}, actor=actor, lead=lead)
    lead.status = status
    if category != StatusCategory.WON and reason_lost is not None:
        lead.reason_lost = reason_lost
    if not saving.is_none_given(lost_reason_id):
        lead.lost_reason = find_lost_reason(lead, lost_reason_id, rows)
    return store_change(lead, {}, rows, actor=actor, before=before, expected_version=expected_version)
