from typing import Any

from django.db import migrations

from crm.services.backfill import Backfill
from people.models.canonical import (
    canonical_email,
    comparable_key,
    contact_spellings,
    email_spellings,
    search_text,
)
from people.models.phones import LONGEST_DIALLED, canonical_phone, dialled_number

PHONES = ("PHONE", "CELLPHONE")


def derive_contact(contact: Any) -> None:
    if contact.type.kind in PHONES:
        region = contact.company.region
        contact.canonical = canonical_phone(contact.value, region)
        contact.dialled = (dialled_number(contact.value, region) or "")[:LONGEST_DIALLED] or None
    else:
        contact.canonical = canonical_email(contact.value)


def derive_organization(organization: Any) -> None:
    organization.email_canonical = canonical_email(organization.email)
    organization.comparable_key = comparable_key(organization.name)
    organization.search_text = search_text(organization.name, *email_spellings(organization.email))


def derive_person(person: Any) -> None:
    person.email_canonical = canonical_email(person.email)
    spellings: list[str | None] = []
    for contact in sorted(person.contacts.all(), key=lambda contact: (contact.weight, contact.pk)):
        is_phone = contact.type.kind in PHONES
        spellings += contact_spellings(contact.value, contact.canonical, is_phone=is_phone)
    person.search_text = search_text(person.name, *email_spellings(person.email), *spellings)


class Migration(migrations.Migration):
    # Each batch of rows is a transaction of its own.
    atomic = False

    dependencies = [("people", "0002_key_columns"), ("crm", "0004_unique_keys")]

    operations = [
        Backfill("people", "ContactType", unique_within=("company_id",)),
        Backfill("people", "PeopleRelationship", unique_within=("company_id",)),
        Backfill("people", "Contact", derive_contact, joined=("type", "company")),
        Backfill("people", "Organization", derive_organization),
        # After their contacts, which are part of what a person is searched by.
        Backfill("people", "Person", derive_person, prefetched=("contacts__type",)),
    ]
