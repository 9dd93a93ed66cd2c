"""Add and remove the participants and followers of a lead, and the people who have to do with it."""

from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Forbidden, NotFound
from crm.models import User
from crm.services import locking, saving
from leads.models import Lead, LeadFollower, LeadParticipant, LeadPerson
from leads.services import events
from people.models import PeopleRelationship, Person

Involvement = type[LeadParticipant] | type[LeadFollower]


def _set_involved(lead: Lead, model: Involvement, user: User, *, present: bool, actor: Actor) -> bool:
    """Add or remove a participant or follower, and return whether that changed anything."""
    # Whoever loses sight of the lead by this still gets the event of it.
    saw = events.audience_of(lead)
    row = model.objects.filter(lead=lead, user=user).first()
    if (row is not None) == present:
        return False
    if row is None:
        model.objects.create(lead=lead, user=user)
    else:
        row.delete()
    name = "participants" if model is LeadParticipant else "followers"
    change = [[], [str(user)]] if present else [[str(user)], []]
    saving.store(lead, actor=actor, before=locking.column_values(lead), relations={name: change})
    sees = events.audience_of(lead)
    events.emit(events.event_of(lead, "updated", actor=actor, before=saw, after=sees, relations=(name,)))
    return True


@transaction.atomic
def add_participant(lead_key: object, user_key: object, *, actor: Actor) -> None:
    """Add a participant to a lead; adding one again changes nothing."""
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="lead_id")
    user: User = User.objects.find(actor, user_key, argument="user_id")
    _set_involved(lead, LeadParticipant, user, present=True, actor=actor)


@transaction.atomic
def remove_participant(lead_key: object, user_key: object, *, actor: Actor) -> None:
    """Remove a participant from a lead; NotFound if the user is none."""
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="lead_id")
    user: User = User.objects.find(actor, user_key, argument="user_id")
    if not _set_involved(lead, LeadParticipant, user, present=False, actor=actor):
        raise NotFound("user_id")


def _change_person(lead: Lead, change: list[list[str]], *, actor: Actor) -> None:
    """Record a change of the people of a lead in its history, and emit its event."""
    saving.store(
        lead, actor=actor, before=locking.column_values(lead), relations={"people_participants": change}
    )
    events.emit_updated(lead, actor=actor, relations=("people_participants",))


def _label(person: Person, relationship: PeopleRelationship | None) -> str:
    return str(person) if relationship is None else f"{person} ({relationship})"


@transaction.atomic
def add_person(
    lead_key: object, person_key: object, *, actor: Actor, relationship_key: object = None
) -> None:
    """Add a person to a lead; adding one again changes the relationship."""
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="lead_id")
    person: Person = Person.objects.find(actor, person_key, argument="people_id")
    relationship: PeopleRelationship | None = None
    if not saving.is_none_given(relationship_key):
        relationship = PeopleRelationship.objects.find(actor, relationship_key, argument="relationship_id")
    row = LeadPerson.objects.filter(lead=lead, person=person).select_related("relationship").first()
    if row is not None and row.relationship_id == (relationship and relationship.pk):
        return
    old = [] if row is None else [_label(person, row.relationship)]
    LeadPerson.objects.update_or_create(lead=lead, person=person, defaults={"relationship": relationship})
    _change_person(lead, [old, [_label(person, relationship)]], actor=actor)


@transaction.atomic
def remove_person(
    lead_key: object, person_key: object, *, actor: Actor, relationship_key: object = None
) -> None:
    """Remove a person from a lead; NotFound if the lead has no such person.

    :param relationship_key: if given, only a person with this relationship is removed.
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
    _change_person(lead, [[_label(person, row.relationship)], []], actor=actor)


def _follower(user_key: object, actor: Actor) -> User:
    if user_key is None:
        user_key = actor.user_id
    user: User = User.objects.find(actor, user_key, argument="user_id")
    # To follow is each member's own decision; managers may decide it for others.
    if user.pk != actor.user_id and not actor.may(Action.CHANGE_LOOKUPS):
        raise Forbidden
    return user


@transaction.atomic
def follow_lead(lead_key: object, *, actor: Actor, user_key: object = None) -> None:
    """Add a follower, by default the actor; only managers name another member."""
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="entity_id")
    _set_involved(lead, LeadFollower, _follower(user_key, actor), present=True, actor=actor)


@transaction.atomic
def unfollow_lead(lead_key: object, *, actor: Actor, user_key: object = None) -> bool:
    """Remove a follower, as ``follow_lead`` adds one, and return whether the member did follow."""
    actor.require(Action.CHANGE_LEADS)
    lead = locking.lock(Lead, actor, lead_key, argument="entity_id")
    return _set_involved(lead, LeadFollower, _follower(user_key, actor), present=False, actor=actor)
