"""Find records by a phone number that was written with or without its country, as the search finds them."""

from collections.abc import Sequence
from typing import Any, TypeVar

from crm.actors import Actor
from people.models import Contact, Person
from people.models.canonical import LINE_END
from people.models.national_phones import endings, may_be_same
from people.models.querysets import SearchedQuerySet
from people.services.contacts import region_of_company
from people.services.duplicates import PHONES

Searched = TypeVar("Searched", bound=SearchedQuerySet[Any])
#: More than ever share the end of a number; they are read before they are compared.
MOST_COMPARED = 100


def ending_alike(rows: Searched, phone: str, region: str) -> Searched | None:
    """Narrow rows to those whose text has a number that ends as this one; None if it is too short."""
    found = endings(phone, region)
    return rows.holding([[f"{each}{LINE_END}" for each in found]]) if found else None


def people_with_phone(phones: Sequence[str], *, actor: Actor) -> list[int]:
    """Return the keys of visible people with one of these numbers, of which one may lack its country."""
    found: set[int] = set()
    if not phones:
        return []
    region = region_of_company(actor)
    for phone in phones:
        people = ending_alike(Person.objects.visible_to(actor).order_by(), phone, region)
        if people is None:
            continue
        keys = list(people.values_list("pk", flat=True)[:MOST_COMPARED])
        held = Contact.objects.visible_to(actor).filter(person__in=keys, type__kind__in=PHONES)
        for key, value in held.values_list("person_id", "value"):
            if may_be_same(phone, value, region):
                found.add(key)
    return sorted(found)
