"""Colleagues who take part in a lead or follow it."""

from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Forbidden, NotFound
from crm.models import User
from crm.services import locking, saving
from leads.models import Lead, LeadFollower, LeadParticipant, LeadPerson
from leads.services import events
from people.models import PeopleRelationship, Person

Tie = type[LeadParticipant] | type[LeadFollower]


def _change(lead: Lead, tie: Tie, user: User, *, present: bool, actor: Actor) -> bool:
    """Add or remove a tie and tell the subscribers; tell whether that changed anything."""
    involved_before = events.involved_users(lead)
    row = tie.objects.filter(lead=lead, user=user).first()
    if (row is not None) == present:
        return False
    if row is None:
        tie.objects.create(lead=lead, user=user)
    else:
        row.delete()
    name = "participants" if tie is LeadParticipant else "followers"
    change = [[], [str(user)]] if present else [[str(user)], []]
    saving.store(lead, actor=actor, before=locking.column_values(lead), relations={name: change})
    events.emit(
        lead,
        "updated",
        actor=actor,
        before=events.audience(lead, involved_before, owner_id=lead.owner_id),
        after=events.audience(lead, events.involved_users(lead), owner_id=lead.owner_id),
    )
    return True


@transaction.atomic
def add_participant(lead_key: object, user_key: object, *, actor: Actor) -> None:
    """Let a colleague take part in a lead; adding one again changes nothing.

    :raises NotFound: if lead or member does not exist for the actor.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="lead_id")
    user: User = User.objects.find(actor, user_key, argument="user_id")
    _change(lead, LeadParticipant, user, present=True, actor=actor)


@transaction.atomic
def remove_participant(lead_key: object, user_key: object, *, actor: Actor) -> None:
    """End a colleague's part in a lead.

    :raises NotFound: if the lead does not exist for the actor, or the user takes no part in it.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="lead_id")
    user: User = User.objects.find(actor, user_key, argument="user_id")
    if not _change(lead, LeadParticipant, user, present=False, actor=actor):
        raise NotFound("user_id")


def _change_person(lead: Lead, change: list[list[str]], *, actor: Actor) -> None:
    """Keep in the history what became of a person's part in a lead, and tell the subscribers."""
    saving.store(
        lead, actor=actor, before=locking.column_values(lead), relations={"people_participants": change}
    )
    seen_by = events.audience(lead, events.involved_users(lead), owner_id=lead.owner_id)
    events.emit(lead, "updated", actor=actor, before=seen_by, after=seen_by)


def _part(person: Person, relationship: PeopleRelationship | None) -> str:
    return str(person) if relationship is None else f"{person} ({relationship})"


@transaction.atomic
def add_person(
    lead_key: object, person_key: object, *, actor: Actor, relationship_key: object = None
) -> None:
    """Say that a person has to do with a lead; adding one again changes what the person is to it.

    :raises NotFound: if lead, person or relationship does not exist for the actor.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="lead_id")
    person: Person = Person.objects.find(actor, person_key, argument="people_id")
    relationship: PeopleRelationship | None = None
    if not saving.is_none_given(relationship_key):
        relationship = PeopleRelationship.objects.find(actor, relationship_key, argument="relationship_id")
    row = LeadPerson.objects.filter(lead=lead, person=person).select_related("relationship").first()
    if row is not None and row.relationship_id == (relationship and relationship.pk):
        return
    old = [] if row is None else [_part(person, row.relationship)]
    LeadPerson.objects.update_or_create(lead=lead, person=person, defaults={"relationship": relationship})
    _change_person(lead, [old, [_part(person, relationship)]], actor=actor)


@transaction.atomic
def remove_person(
    lead_key: object, person_key: object, *, actor: Actor, relationship_key: object = None
) -> None:
    """End a person's part in a lead.

    :param relationship_key: if given, what the person has to be to the lead.
    :raises NotFound: if the lead or person does not exist for the actor, or the person takes no part in it,
        or another one.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="lead_id")
    person: Person = Person.objects.find(actor, person_key, argument="people_id")
    row = LeadPerson.objects.filter(lead=lead, person=person).select_related("relationship").first()
    if row is None:
        raise NotFound("people_id")
    if not saving.is_none_given(relationship_key):
        wanted = PeopleRelationship.objects.find(actor, relationship_key, argument="relationship_id")
        if row.relationship_id != wanted.pk:
            raise NotFound("relationship_id")
    row.delete()
    _change_person(lead, [[_part(person, row.relationship)], []], actor=actor)


def _follower(user_key: object, actor: Actor) -> User:
    if user_key is None:
        user_key = actor.user_id
    user: User = User.objects.find(actor, user_key, argument="user_id")
    if user.pk != actor.user_id and not actor.may(Action.CHANGE_LOOKUPS):
        raise Forbidden
    return user


@transaction.atomic
def follow_lead(lead_key: object, *, actor: Actor, user_key: object = None) -> None:
    """Let a member, by default the actor, follow a lead; following twice changes nothing.

    :raises NotFound: if lead or member does not exist for the actor.
    :raises Forbidden: if somebody below manager names another member.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="entity_id")
    _change(lead, LeadFollower, _follower(user_key, actor), present=True, actor=actor)


@transaction.atomic
def unfollow_lead(lead_key: object, *, actor: Actor, user_key: object = None) -> bool:
    """End following a lead; tell whether the member did follow it.

    :raises NotFound: if lead or member does not exist for the actor.
    :raises Forbidden: if somebody below manager names another member.
    """
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="entity_id")
    return _change(lead, LeadFollower, _follower(user_key, actor), present=False, actor=actor)
