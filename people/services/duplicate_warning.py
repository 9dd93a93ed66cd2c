"""Find possible duplicates of a record that is about to be stored."""

from typing import Any

from crm.actors import Actor
from people.models import Organization, Person
from people.models.legal_forms import comparable_organization
from people.services.duplicates import MOST_LISTED, Reason, Traits, comparable_name, find_matches
from people.services.national_phones import people_with_phone
from people.services.people import PersonValues
from people.services.reach import Reach


def people_like(person: Person, values: PersonValues, *, actor: Actor) -> list[tuple[Person, list[Reason]]]:
    """Return other visible people who may be the same, the oldest first, with the reasons.

    :param person: with its values; it need not be stored.
    :param values: its contacts and organizations, as far as they are new.
    """
    named: Any = values.get("organizations_id") or []
    organizations = Organization.objects.visible_to(actor).filter(pk__in=named)
    full_name = " ".join(part for part in (person.firstname, person.middlename, person.lastname) if part)
    reach = Reach({**values, "email": person.email}, actor)
    traits = Traits(
        reached_by=reach.traits,
        name=comparable_name(full_name),
        organizations=frozenset(organizations.values_list("pk", flat=True)),
    )
    matches = find_matches({"new": traits}, actor=actor)["new"]
    for key in people_with_phone(reach.typed_phones, actor=actor):
        matches.setdefault(key, set()).add(Reason.PHONE)
    matches.pop(person.pk, None)
    people = Person.objects.visible_to(actor).in_bulk(sorted(matches)[:MOST_LISTED])
    return [(people[key], sorted(reasons)) for key, reasons in sorted(matches.items()) if key in people]


def organizations_like(
    name: str, *, actor: Actor, but: int | None = None
) -> list[tuple[Organization, list[Reason]]]:
    """Return visible organizations of the same name but for legal forms, the oldest first."""
    key = comparable_organization(name)
    if not key:
        return []
    known = Organization.objects.visible_to(actor).filter(comparable_key=key)
    if but is not None:
        known = known.exclude(pk=but)
    same = known.order_by("pk")[:MOST_LISTED]
    return [(organization, [Reason.NAME]) for organization in same]
