"""Delete a relationship that people may have to leads; leads/services/lookups.py creates and changes them."""

from functools import partial

from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason
from crm.services import locking
from crm.services.replacing import find_replacement
from leads.models import LeadPerson
from leads.services.involvement import add_person
from leads.services.lookups import create_lookup, update_lookup
from people.models import PeopleRelationship

create_relationship = partial(create_lookup, PeopleRelationship)
update_relationship = partial(update_lookup, PeopleRelationship)


@transaction.atomic
def delete_relationship(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    actor.require(Action.CHANGE_LOOKUPS)
    relationship = locking.lock(PeopleRelationship, actor, key)
    replacement = find_replacement(relationship, replacement_key, actor=actor)
    uses = LeadPerson.objects.filter(relationship=relationship)
    live = list(
        uses.filter(lead__deleted_at=None, person__deleted_at=None)
        .order_by("lead", "pk")
        .values_list("lead", "person")
    )
    if live and replacement is None:
        raise Conflict(ConflictReason.IN_USE, f"{len(live)} people of leads still have it.", count=len(live))
    for lead_id, person_id in live:
        add_person(lead_id, person_id, actor=actor, relationship_key=replacement and replacement.pk)
    # Deleted leads and people may not keep a relationship from being deleted.
    uses.update(relationship=replacement)
    relationship.delete()
