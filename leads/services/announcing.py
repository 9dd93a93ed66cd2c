"""Telling the world, after commit, that a lead changed and who could see it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction

from crm.actors import Actor
from crm.events.audience import Event, Kind
from leads.models import Lead, LeadFollower, LeadParticipant
from leads.signals import lead_changed

#: Columns whose previous value goes out with the event.
TOLD = ("owner_id", "stage_id", "status_id")


def involved_users(lead: Lead) -> frozenset[int]:
    """Give the ids of the participants and followers of a stored lead."""
    participants = LeadParticipant.objects.filter(lead=lead).values_list("user_id")
    followers = LeadFollower.objects.filter(lead=lead).values_list("user_id")
    return frozenset(user_id for (user_id,) in participants.union(followers))


def audience(lead: Lead, involved: frozenset[int], *, owner_id: int | None) -> frozenset[int]:
    """Give the ids of the users who see a lead where only own leads are visible."""
    return involved if owner_id is None else involved | {owner_id}


def announce(
    lead: Lead,
    kind: Kind,
    *,
    actor: Actor,
    before: frozenset[int],
    after: frozenset[int],
    changed: Mapping[str, Any] | None = None,
) -> None:
    """Send ``lead_changed`` once the transaction is committed; a failing listener harms no one.

    :param before: users who saw the lead before, ``after``: who see it now.
    :param changed: previous values of the columns that changed.
    """
    event = Event(
        company_id=lead.company_id,
        entity="lead",
        object_id=lead.pk,
        kind=kind,
        before=before,
        after=after,
        door=actor.door,
        actor_id=actor.user_id,
        changes={name: changed[name] for name in TOLD if name in changed} if changed else {},
    )
    transaction.on_commit(partial(lead_changed.send_robust, sender=Lead, event=event), robust=True)
