"""Find possible duplicates of a record that is about to be created."""

from typing import Any

from crm.actors import Actor
from people.models import Organization, Person
from people.models.canonical import comparable_key
from people.services.duplicates import MOST_LISTED, Reason, Traits, comparable_name, find_matches
from people.services.people import PersonValues
from people.services.reach import Reach


def people_like(person: Person, values: PersonValues, *, actor: Actor) -> list[tuple[Person, list[Reason]]]:
    """Return visible people who may be the same as an unsaved one, the oldest first, with the reasons.

    :param values: the contacts and organizations of the unsaved person.
    """
    named: Any = values.get("organizations_id") or []
    organizations = Organization.objects.visible_to(actor).filter(pk__in=named)
    full_name = " ".join(part for part in (person.firstname, person.middlename, person.lastname) if part)
    traits = Traits(
        reached_by=Reach({**values, "email": person.email}, actor).traits,
        name=comparable_name(full_name),
        organizations=frozenset(organizations.values_list("pk", flat=True)),
    )
    matches = find_matches({"new": traits}, actor=actor)["new"]
    people = Person.objects.visible_to(actor).in_bulk(list(matches)[:MOST_LISTED])
    return [(people[key], sorted(reasons)) for key, reasons in matches.items() if key in people]


def organizations_like(name: str, *, actor: Actor) -> list[tuple[Organization, list[Reason]]]:
    """Return visible organizations with an equal name key, the oldest first."""
    key = comparable_key(name)
    if not key:
        return []
    same = Organization.objects.visible_to(actor).filter(comparable_key=key).order_by("pk")[:MOST_LISTED]
    return [(organization, [Reason.NAME]) for organization in same]
