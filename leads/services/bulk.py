"""Change, delete and restore many leads at once."""

from collections.abc import Sequence
from functools import partial
from typing import cast

from django.core.exceptions import ValidationError
from django.db.models import Q

from crm.actors import Action, Actor
from crm.database.keys import parse_id
from crm.errors import Conflict, ConflictReason
from crm.models.history import HistoryEntry
from crm.services import locking, tags
from crm.services.bulk import BulkResult, check_keys, for_each
from crm.services.bulk_deletion import delete_many, restore_many
from crm.services.bulk_undo import previous_tags, undo_life
from crm.services.tag_changes import TagChange
from leads.models import Lead, LeadStatus, StatusCategory
from leads.services.lead_input import LeadValues
from leads.services.leads import delete_lead, restore_lead, update_lead


def update_leads(
    keys: Sequence[object] | None,
    values: LeadValues,
    *,
    actor: Actor,
    matching: Q | None = None,
    expected_count: int | None = None,
) -> BulkResult:
    """Make the same change to many leads, named by keys or by a condition.

    :param matching: names all leads that the actor sees and that meet it.
    :param expected_count: how many leads the actor means to change.
    :raises ValidationError: if not exactly one of keys and condition is given, or the condition is empty.
    :raises Conflict: if there are more or fewer leads than expected; then none is changed.
    """
    actor.require(Action.CHANGE_LEADS)
    if (keys is None) == (matching is None):
        raise ValidationError({"ids": ["Give exactly one of ids and where."]})
    # An empty condition would change every lead: rather a mistake than a wish.
    if matching is not None and not matching:
        raise ValidationError({"where": ["This condition is empty: choose which leads to change."]})
    wanted = _matches(matching, actor) if keys is None else check_keys(keys)
    if expected_count is not None and expected_count != len(wanted):
        raise Conflict(
            ConflictReason.VERSION, f"{len(wanted)} leads match, not {expected_count}.", count=len(wanted)
        )

    return change_leads(wanted, values, TagChange(), actor=actor)


def change_leads(
    keys: Sequence[object], values: LeadValues, tag_change: TagChange, *, actor: Actor
) -> BulkResult:
    """Make the same change to each of some leads, and add and take away tags.

    :param tag_change: its tags replace those of ``values``, unless it is empty.
    """
    actor.require(Action.CHANGE_LEADS)

    def change(key: object) -> bool:
        tags.lock_if_new(tag_change.applied_to(()) or values.get("tags"), actor=actor)
        lead = locking.lock(Lead, actor, key)
        all_values = cast(LeadValues, {**values, **tag_change.values(lead)})
        return update_lead(lead.pk, all_values, actor=actor).version != lead.version

    return for_each(keys, change)


def _matches(matching: Q | None, actor: Actor) -> list[object]:
    # Always in the same order: otherwise two changes of the same leads could deadlock.
    rows = Lead.objects.visible_to(actor).filter(matching or Q())
    return list(rows.order_by("pk").values_list("pk", flat=True))


delete_leads = partial(delete_many, delete_lead, action=Action.CHANGE_LEADS)
restore_leads = partial(restore_many, Lead, restore_lead, action=Action.CHANGE_LEADS)

#: The arguments that give a lead back what its history holds.
_ARGUMENTS = {
    "owner": "leads_owner_id",
    "stage": "pipeline_stage_id",
    "status": "status_id",
    "lost_reason": "lost_reason_id",
    "source": "source_id",
}


def undo_lead_change(key: object, entry: HistoryEntry, *, actor: Actor) -> None:
    """Restore what a lead had before an entry of its history, by the services of one lead.

    :raises ValidationError: if it was closed before and after: the day of its end is not in the history.
    """
    if undo_life(entry, key, delete=delete_lead, restore=restore_lead, actor=actor):
        return
    changes = entry.changes
    values: dict[str, object] = {**previous_tags(entry)}
    for name, argument in _ARGUMENTS.items():
        if name in changes:
            values[argument] = changes[name][0] and changes[name][0]["id"]
    if "reason_lost" in changes:
        values["reason_lost"] = changes["reason_lost"][0]
    if "status_id" in values and _is_closed(values["status_id"], actor):
        raise ValidationError({"status_id": ["The lead was closed before: choose its status by hand."]})
    update_lead(key, cast(LeadValues, values), actor=actor)


def _is_closed(status_key: object, actor: Actor) -> bool:
    statuses = LeadStatus.objects.visible_to(actor).filter(pk=parse_id(str(status_key)) or 0)
    return statuses.exclude(category=StatusCategory.OPEN).exists()
