"""The people who take part in calls, meetings and e-mails."""

from collections.abc import Sequence

from crm.actors import Actor
from crm.models import Activity
from people.models import ActivityPerson
from people.services.person_organizations import find_people


def set_people(
    activity: Activity, keys: Sequence[object], *, actor: Actor, argument: str
) -> list[list[str]] | None:
    """Set the people of a stored activity; return their names before and after, None if nothing changed.

    Deleted people stay, so that restoring one brings the person back.

    :param argument: path of the list of keys in the input, for errors.
    :raises NotFound: if a person does not exist for the actor.
    """
    found = find_people({f"{argument}.{index}": key for index, key in enumerate(keys)}, actor=actor)
    wanted = {person.pk: person for person in found}
    rows = ActivityPerson.objects.visible_to(actor).filter(activity=activity)
    present = {row.person_id: row for row in rows.select_related("person")}
    if wanted.keys() == present.keys():
        return None
    gone = [row.pk for key, row in present.items() if key not in wanted]
    ActivityPerson.objects.filter(pk__in=gone).delete()
    ActivityPerson.objects.bulk_create(
        ActivityPerson(activity=activity, person=person)
        for key, person in wanted.items()
        if key not in present
    )
    return [sorted(str(row.person) for row in present.values()), sorted(map(str, wanted.values()))]
