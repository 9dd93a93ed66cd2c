"""Colleagues who take part in a lead or follow it."""

from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Forbidden, NotFound
from crm.models import User
from crm.services import saving
from leads.models import Lead, LeadFollower, LeadParticipant
from leads.services import announcing

Tie = type[LeadParticipant] | type[LeadFollower]


def _change(lead: Lead, tie: Tie, user_id: int, *, present: bool, actor: Actor) -> bool:
    """Add or remove a tie and tell the subscribers; tell whether that changed anything."""
    involved_before = announcing.involved_users(lead)
    row = tie.objects.filter(lead=lead, user_id=user_id).first()
    if (row is not None) == present:
        return False
    if row is None:
        tie.objects.create(lead=lead, user_id=user_id)
    else:
        row.delete()
    saving.store(lead, actor=actor, before=saving.column_values(lead), touched=True)
    announcing.announce(
        lead,
        "updated",
        actor=actor,
        before=announcing.audience(lead, involved_before, owner_id=lead.owner_id),
        after=announcing.audience(lead, announcing.involved_users(lead), owner_id=lead.owner_id),
    )
    return True


@transaction.atomic
def add_participant(lead_key: object, user_key: object, *, actor: Actor) -> None:
    """Let a colleague take part in a lead; adding one again changes nothing.

    :raises NotFound: if lead or member does not exist for the actor.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = saving.lock(Lead.objects.all(), actor, lead_key, argument="lead_id")
    user: User = User.objects.find(actor, user_key, argument="user_id")
    _change(lead, LeadParticipant, user.pk, present=True, actor=actor)


@transaction.atomic
def remove_participant(lead_key: object, user_key: object, *, actor: Actor) -> None:
    """End a colleague's part in a lead.

    :raises NotFound: if the lead does not exist for the actor, or the user takes no part in it.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = saving.lock(Lead.objects.all(), actor, lead_key, argument="lead_id")
    user: User = User.objects.find(actor, user_key, argument="user_id")
    if not _change(lead, LeadParticipant, user.pk, present=False, actor=actor):
        raise NotFound("user_id")


def _follower(user_key: object, actor: Actor) -> int:
    if user_key is None and actor.user_id is not None:
        return actor.user_id
    user: User = User.objects.find(actor, user_key, argument="user_id")
    if user.pk != actor.user_id and not actor.may(Action.CHANGE_LOOKUPS):
        raise Forbidden
    return user.pk


@transaction.atomic
def follow_lead(lead_key: object, *, actor: Actor, user_key: object = None) -> None:
    """Let a member, by default the actor, follow a lead; following twice changes nothing.

    :raises NotFound: if lead or member does not exist for the actor.
    :raises Forbidden: if somebody below manager names another member.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = saving.lock(Lead.objects.all(), actor, lead_key, argument="entity_id")
    _change(lead, LeadFollower, _follower(user_key, actor), present=True, actor=actor)


@transaction.atomic
def unfollow_lead(lead_key: object, *, actor: Actor, user_key: object = None) -> bool:
    """End following a lead; tell whether the member did follow it.

    :raises NotFound: if lead or member does not exist for the actor.
    :raises Forbidden: if somebody below manager names another member.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = saving.lock(Lead.objects.all(), actor, lead_key, argument="entity_id")
    return _change(lead, LeadFollower, _follower(user_key, actor), present=False, actor=actor)
