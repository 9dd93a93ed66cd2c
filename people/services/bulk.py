"""Delete and restore many people."""

from collections.abc import Sequence

from crm.actors import Action, Actor
from crm.services.bulk import BulkResult, delete_each, restore_each
from people.models import Person
from people.services.people import delete_person, restore_person


def delete_people(keys: Sequence[object], *, actor: Actor) -> BulkResult:
    return delete_each(keys, delete_person, actor=actor, action=Action.CHANGE_PEOPLE)


def restore_people(keys: Sequence[object], *, actor: Actor) -> BulkResult:
    rows = Person.objects.all()
    return restore_each(rows, keys, restore_person, actor=actor, action=Action.CHANGE_PEOPLE)
