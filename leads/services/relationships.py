"""What people may be to leads: the company's list of relationships."""

from typing import TypedDict

from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.services import locking, saving
from crm.services.replacing import find_replacement
from leads.models import LeadPerson
from leads.services.involvement import add_person
from people.models import PeopleRelationship


class RelationshipValues(TypedDict, total=False):
    """What a client may say of a relationship; an absent key is left as it is."""

    name: str | None
    description: str | None


def create_relationship(values: RelationshipValues, *, actor: Actor) -> PeopleRelationship:
    """Make a relationship.

    :raises ValidationError: if the name is empty, too long or taken.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    relationship = PeopleRelationship(company_id=actor.company_id)
    _assign(relationship, values)
    return save_relationship(relationship, actor=actor)


@transaction.atomic
def update_relationship(key: object, values: RelationshipValues, *, actor: Actor) -> PeopleRelationship:
    """Change the fields that are given.

    :raises NotFound: if the relationship does not exist for the actor.
    :raises ValidationError: if the name is empty, too long or taken.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    relationship = locking.lock(PeopleRelationship, actor, key)
    _assign(relationship, values)
    return save_relationship(relationship, actor=actor)


def _assign(relationship: PeopleRelationship, values: RelationshipValues) -> None:
    saving.refuse_null(values, ["name"])
    if "name" in values:
        relationship.name = values["name"] or ""
    if "description" in values:
        relationship.description = values["description"]


@transaction.atomic
def save_relationship(relationship: PeopleRelationship, *, actor: Actor) -> PeopleRelationship:
    """Validate and store a relationship.

    :raises ValidationError: if the name is empty, too long or taken.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    saving.store(relationship, actor=actor)
    return relationship


@transaction.atomic
def delete_relationship(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Remove a relationship.

    :param replacement_key: the one that the people of leads have in its place.
    :raises NotFound: if the relationship, or the one in its place, does not exist for the actor.
    :raises Conflict: if people of live leads have it, and no other one takes its place.
    :raises ValidationError: if it is to be replaced by itself.
    """
    actor.require(Action.CHANGE_LOOKUPS)
    relationship = locking.lock(PeopleRelationship, actor, key)
    replacement = find_replacement(relationship, replacement_key, actor=actor)
    parts = LeadPerson.objects.filter(relationship=relationship)
    live = list(
        parts.filter(lead__deleted_at=None, person__deleted_at=None)
        .order_by("lead", "pk")
        .values_list("lead", "person")
    )
    if live and replacement is None:
        raise Conflict(f"{len(live)} people of leads have it.", count=len(live))
    for lead_id, person_id in live:
        add_person(lead_id, person_id, actor=actor, relationship_key=replacement and replacement.pk)
    # Deleted leads and people hold no relationship back.
    parts.update(relationship=replacement)
    relationship.delete()
