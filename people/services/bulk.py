"""Delete and restore many people."""

from collections.abc import Sequence

from crm.actors import Action, Actor
from crm.services import locking
from crm.services.bulk import BulkResult, check_keys, for_each
from people.models import Person
from people.services.people import delete_person, restore_person


def delete_people(keys: Sequence[object], *, actor: Actor) -> BulkResult:
    """Delete many people softly.

    :raises BadUserInput: if there are too many keys.
    """
    actor.require(Action.CHANGE_PEOPLE)

    def delete(key: object) -> bool:
        delete_person(key, actor=actor)
        return True

    return for_each(check_keys(keys), delete)


def restore_people(keys: Sequence[object], *, actor: Actor) -> BulkResult:
    """Restore many people; live ones count as unchanged.

    :raises BadUserInput: if there are too many keys.
    """
    actor.require(Action.CHANGE_PEOPLE)

    def restore(key: object) -> bool:
        if locking.lock_deleted(Person.objects.all(), actor, key).deleted_at is None:
            return False
        restore_person(key, actor=actor)
        return True

    return for_each(check_keys(keys), restore)
