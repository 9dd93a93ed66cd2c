"""Delete rows that leads refer to: refused while they are in use, unless a replacement is named."""

from collections.abc import Mapping
from typing import cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model, RestrictedError

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason
from crm.models.lifecycle import LIVE
from crm.services import locking
from crm.services.replacing import find_replacement
from leads.models import Lead, LeadLostReason, LeadSource, LeadStatus, LeadType
from leads.services.lead_input import LeadValues
from leads.services.leads import update_lead
from leads.services.lookups import check_not_last_of_category

#: The relation of a lead to each list; the argument of its input ends in ``_id``.
RELATIONS: Mapping[type[Model], str] = {
    LeadStatus: "status",
    LeadType: "type",
    LeadSource: "source",
    LeadLostReason: "lost_reason",
}


@transaction.atomic
def delete_lookup(model: type[Model], key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Delete a status, type, source or lost reason that the company does not need."""
    actor.require(Action.CHANGE_LOOKUPS)
    row = locking.lock(model, actor, key)
    replacement = find_replacement(row, replacement_key, actor=actor)
    if isinstance(replacement, LeadLostReason) and not replacement.is_active:
        raise ValidationError({"replacement_id": ["This reason is inactive: choose an active one."]})
    if isinstance(row, LeadStatus):
        if row.is_default:
            raise Conflict(ConflictReason.IN_USE, "This is the default status: choose another default first.")
        check_not_last_of_category(row, row.category, actor)
    replace_and_delete(row, RELATIONS[model], replacement, actor=actor)


def replace_and_delete(row: Model, relation: str, replacement: Model | None, *, actor: Actor) -> None:
    """Replace a row in all leads that have it, and delete the row.

    :param relation: the relation of a lead to the row.
    """
    leads = Lead.objects.visible_to(actor).filter(**{relation: row})
    used = leads.count()
    if used and replacement is None:
        raise Conflict(ConflictReason.IN_USE, f"{used} leads still use it.", count=used)
    # One by one, so that each change is checked, recorded in the history and emitted as an event.
    for lead_id in leads.order_by("pk").values_list("pk", flat=True):
        values = {f"{relation}_id": None if replacement is None else replacement.pk}
        update_lead(lead_id, cast(LeadValues, values), actor=actor)
    # Deleted leads may not keep a row from being deleted. Each of them needs some status, though.
    of_deleted = replacement
    if of_deleted is None and isinstance(row, LeadStatus):
        of_deleted = LeadStatus.objects.default_of(row.company_id).get()
    Lead.objects.filter(**{relation: row}).exclude(LIVE).update(**{relation: of_deleted})
    try:
        row.delete()
    except RestrictedError as used_meanwhile:
        raise Conflict(
            ConflictReason.IN_USE, "A lead started to use it at the same time. Try again."
        ) from used_meanwhile
