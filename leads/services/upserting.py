"""Create leads, or change the lead that goes by the given external id."""

from collections.abc import Mapping
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor
from crm.database.keys import parse_id
from crm.database.rows_ahead import kept_row
from crm.services import external_ids, locking
from crm.services.saving import is_none_given
from leads.models import Lead, LeadParticipant
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, update_lead


@transaction.atomic
def upsert_lead(values: LeadValues, *, actor: Actor) -> tuple[Lead, bool]:
    """Change the lead that has the external id of the values, or create one; lists are extended.

    Two deals of one person may have the same title, so nothing but the external id tells leads apart.

    :return: the lead, and whether it was created.
    :raises ValidationError: if the values lack ``external_id`` or ``external_source``.
    """
    actor.require(Action.CHANGE_LEADS)
    given = cast(Mapping[str, Any], values)
    for name in ("external_source", "external_id"):
        if not (given.get(name) or "").strip():
            raise ValidationError(
                {name: ["Give external_source and external_id: the lead is found by them."]}
            )
    locking.lock_company(actor.company_id)
    found = external_ids.find(Lead, given, actor=actor)
    if found is None:
        return create_lead(values, actor=actor), True
    changed, _ = extend_lead(found, values, actor=actor)
    return changed, False


def match_lead(values: LeadValues, *, actor: Actor) -> tuple[Lead, str] | None:
    """Return the lead that the values mean, and by what it was found.

    By its id, else by its external id: nothing else tells one deal from another.
    """
    key = cast(Mapping[str, Any], values).get("id")
    if not is_none_given(key):
        return kept_row(Lead, parse_id(key)) or Lead.objects.find(actor, key), "ID"
    same = external_ids.find(Lead, values, actor=actor)
    return None if same is None else (same, "EXTERNAL_ID")


def extend_lead(lead: Lead, values: Mapping[str, Any], *, actor: Actor) -> tuple[Lead, Mapping[str, Any]]:
    """Change the given fields of a lead, and add tags; return the lead, and its tags before.

    A lead that the values do not name by our own id keeps the external id that it has.
    """
    is_named = not is_none_given(values.get("id"))
    given = dict(values) if is_named else external_ids.kept(lead, values)
    given.pop("id", None)
    lists: dict[str, Any] = {}
    if "tags" in given:
        kept = [{"name": tag.name, "tag": tag} for tag in lead.tags.all()]
        lists["tags"] = [{"name": tag["name"]} for tag in kept]
        given["tags"] = [*kept, *(given["tags"] or [])]
    if "participants_id" in given:
        kept_users = LeadParticipant.objects.filter(lead=lead).values_list("user", flat=True)
        given["participants_id"] = [*(given["participants_id"] or []), *kept_users]
    # Somebody who may own no lead any more keeps those of before.
    if given.get("leads_owner_id") == lead.owner_id:
        given.pop("leads_owner_id", None)
    return update_lead(lead.pk, cast(LeadValues, given), actor=actor), lists
