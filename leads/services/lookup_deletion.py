"""Removing rows that leads refer to: refused while they are in use, unless something takes their place."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import RestrictedError

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.models.lifecycle import LIVE
from crm.services import locking
from crm.services.replacing import find_replacement
from leads.models import Lead, LeadLostReason, LeadSource, LeadStatus, LeadType
from leads.services.leads import update_lead
from leads.services.lookups import refuse_needed_status

#: The column of a lead that refers to rows of each list; its input has ``_id`` behind it.
COLUMNS: dict[type[Any], str] = {
    LeadStatus: "status",
    LeadType: "type",
    LeadSource: "source",
    LeadLostReason: "lost_reason",
}


@transaction.atomic
def delete_lookup(model: type[Any], key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Remove a status, type, source or lost reason.

    :param replacement_key: the one that its leads get.
    :raises NotFound: if the row, or the one in its place, does not exist for the actor.
    :raises Conflict: if live leads have it and nothing takes its place, or the company cannot be without it.
    :raises ValidationError: if it is to be replaced by itself, or by a reason that is not given any more.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    row = locking.lock(model, actor, key)
    replacement = find_replacement(row, replacement_key, actor=actor)
    if isinstance(replacement, LeadLostReason) and not replacement.is_active:
        raise ValidationError({"replacement_id": ["This reason is not given any more."]})
    if isinstance(row, LeadStatus):
        if row.is_default:
            raise Conflict("This is the default status: choose another default first.")
        refuse_needed_status(row, row.category, actor)
    hand_over(row, COLUMNS[model], replacement, actor=actor)


def hand_over(row: Any, column: str, replacement: Any, *, actor: Actor) -> None:
    """Give the leads of a row to the one in its place, and remove the row.

    :param column: of the leads, that refers to the row.
    :raises Conflict: if live leads have it, and nothing takes its place.
    """
    leads = Lead.objects.visible_to(actor).filter(**{column: row})
    used = leads.count()
    if used and replacement is None:
        raise Conflict(f"{used} leads still use it.", count=used)
    for lead_id in leads.order_by("pk").values_list("pk", flat=True):
        values: Any = {f"{column}_id": replacement.pk}
        update_lead(lead_id, values, actor=actor)
    # Deleted leads hold nothing back; a lead always has a status.
    instead = replacement
    if instead is None and isinstance(row, LeadStatus):
        instead = LeadStatus.objects.default_of(row.company_id).get()
    Lead.objects.filter(**{column: row}).exclude(LIVE).update(**{column: instead})
    try:
        row.delete()
    except RestrictedError as used_meanwhile:
        raise Conflict("A lead got it at this moment.") from used_meanwhile
