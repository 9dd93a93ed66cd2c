"""Emits events about leads: stores what changed and who could see it, and signals it after the commit."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from django.db import transaction

from crm.actors import Actor
from crm.events import outbox
from crm.events.audience import Event, Kind
from crm.services.history import plain
from crm.services.record_events import changed_names
from leads.models import Lead, LeadFollower, LeadParticipant
from leads.signals import lead_changed

#: Columns whose previous values are part of the event.
NOTIFIED_COLUMNS = (
    *("owner_id", "stage_id", "status_id"),
    *("amount", "currency", "expected_close_on", "probability"),
)


def involved_users(lead: Lead) -> frozenset[int]:
    """Return the ids of the participants and followers of a stored lead."""
    participants = LeadParticipant.objects.filter(lead=lead).values_list("user_id")
    followers = LeadFollower.objects.filter(lead=lead).values_list("user_id")
    return frozenset(user_id for (user_id,) in participants.union(followers))


def readers(lead_id: int) -> frozenset[int]:
    """Return the ids of the users who see a lead now in a company whose members see only their own."""
    owner = Lead._base_manager.filter(pk=lead_id, owner__isnull=False).values_list("owner_id")
    participants = LeadParticipant.objects.filter(lead=lead_id).values_list("user_id")
    followers = LeadFollower.objects.filter(lead=lead_id).values_list("user_id")
    return frozenset(user_id for (user_id,) in owner.union(participants, followers))


def audience(involved: frozenset[int], owner_id: int | None) -> frozenset[int]:
    """Return the ids of the users who see a lead in a company whose members see only their own."""
    return involved if owner_id is None else involved | {owner_id}


def audience_of(lead: Lead) -> frozenset[int]:
    """Return the audience of a lead as it is stored now."""
    return audience(involved_users(lead), lead.owner_id)


def emit(*events: Event) -> None:
    """Store events about leads of one company, and send ``lead_changed`` for each after the commit.

    Very many in one transaction become one bulk event. A receiver that fails does not affect the others.
    """
    for event in outbox.emit(events):
        transaction.on_commit(partial(lead_changed.send_robust, sender=Lead, event=event), robust=True)


def event_of(
    lead: Lead,
    kind: Kind,
    *,
    actor: Actor,
    before: frozenset[int],
    after: frozenset[int],
    changed: Mapping[str, Any] | None = None,
    relations: Collection[str] = (),
) -> Event:
    """Return the event of a change of a lead, after its row was written.

    :param before: ids of the users who saw the lead before the change; ``after``: who see it now.
    :param changed: previous values of the columns that changed.
    :param relations: what changed outside the columns.
    """
    return Event(
        company_id=lead.company_id,
        entity="lead",
        object_id=lead.pk,
        kind=kind,
        before=before,
        after=after,
        door=actor.door,
        actor_id=actor.user_id,
        changes=_previous_values(changed or {}),
        changed=changed_names(lead, changed or {}, relations),
    )


def _previous_values(changed: Mapping[str, Any]) -> dict[str, object]:
    return {name: plain(changed[name]) for name in NOTIFIED_COLUMNS if name in changed}


def emit_updated(lead: Lead, *, actor: Actor, relations: Collection[str] = ()) -> None:
    """Emit the event of a change that leaves the audience as it is."""
    if outbox.hold_back("lead"):
        return
    seen_by = audience_of(lead)
    emit(event_of(lead, "updated", actor=actor, before=seen_by, after=seen_by, relations=relations))
