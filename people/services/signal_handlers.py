"""Receivers of signals from other apps that change people."""

from typing import Any

from django.dispatch import receiver

from crm.models import Company
from crm.signals import region_changed
from people.models import Contact, ContactKind, Person

#: Rows that are read and written at once.
BATCH = 500
PHONES = (ContactKind.PHONE, ContactKind.CELLPHONE)


@receiver(region_changed)
def spell_phones_anew(*, company: Company, **_: Any) -> None:
    """Recompute canonical phones and search texts of a company: national numbers depend on its region."""
    contacts = Contact.objects.filter(company=company, type__kind__in=PHONES).exclude(value__startswith="+")
    keys = list(contacts.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        changed = []
        for contact in Contact.objects.filter(pk__in=keys[start : start + BATCH]).select_related("type"):
            before = contact.canonical, contact.dialled
            contact.set_canonical(company.region)
            if (contact.canonical, contact.dialled) != before:
                changed.append(contact)
        Contact.objects.bulk_update(changed, ["canonical", "dialled"])
        _index({contact.person_id for contact in changed})


def _index(person_ids: set[int]) -> None:
    people = Person._base_manager.filter(pk__in=person_ids).prefetch_related("contacts__type")
    for person in people:
        contacts = sorted(person.contacts.all(), key=lambda contact: (contact.weight, contact.pk))
        person.index_for_search(spelling for contact in contacts for spelling in contact.spellings)
    Person._base_manager.bulk_update(people, ["search_text"])
