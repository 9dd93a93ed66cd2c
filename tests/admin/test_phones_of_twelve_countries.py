"""People with phones of twelve countries, spelled in six ways each, are found by each spelling."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from typing import Any

import phonenumbers
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from phonenumbers import PhoneNumber, PhoneNumberFormat

from crm.models import Company
from people.models import Contact, ContactKind, Person
from tests.clients import data
from tests.doors import contact_type
from tests.examples import examples
from tests.factories.crm import Tenant
from tests.factories.crm import tenant as make_tenant
from tests.models.test_canonical_forms import REGIONS

pytestmark = pytest.mark.django_db

SEARCH = "query ($text: String) { peoples(search: $text) { data { firstname } paginatorInfo { total } } }"
FIND = """query ($where: QueryPeoplesHasPhonesWhereHasConditions!) {
  peoples(hasPhones: $where) { data { firstname } } }"""


def spellings(number: PhoneNumber) -> list[str]:
    """Return six ways in which people of a country and from abroad write a number."""
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    return [
        phonenumbers.format_number(number, PhoneNumberFormat.E164),
        international.replace(" ", " (0)", 1) if national.startswith("0") else international,
        national,
        national.replace(" ", "/").replace("-", "/"),
        f"00{international[1:]}",
        f"011 {international[1:].replace('-', '.')}",
    ]


def numbers(region: str) -> Iterator[PhoneNumber]:
    """Yield valid numbers of a country, one after the other."""
    first: Any = phonenumbers.example_number(region)
    for step in count():
        number = PhoneNumber()
        number.merge_from(first)
        number.national_number = first.national_number // 10_000 * 10_000 + step
        if phonenumbers.is_valid_number(number):
            yield number


def in_country(region: str, size: int) -> tuple[Tenant, list[PhoneNumber]]:
    """Make a company of a region with many people, each with a phone in one of the spellings."""
    made = make_tenant(region)
    Company.objects.filter(pk=made.company.pk).update(region=region)
    phone = contact_type(ContactKind.PHONE)
    known = list(islice(numbers(region), size))
    people, contacts = [], []
    for place, number in enumerate(known):
        person = Person(company_id=made.company.pk, firstname=f"{region}{place}")
        # Otherwise each person would look for definitions of custom fields.
        person.set_definitions([])
        person.clean()
        value = spellings(number)[place % 6]
        contact = Contact(company_id=made.company.pk, person=person, type=phone, value=value)
        contact.set_canonical(region)
        person.index_for_search(contact.spellings)
        people.append(person)
        contacts.append(contact)
    Person.objects.bulk_create(people)
    Contact.objects.bulk_create(contacts)
    return made, known


@pytest.fixture
def size() -> int:
    """The number of people of each country, fewer where each row is slower to search.

    ``CRM_EXAMPLES=834`` makes 10,000 people in all.
    """
    return examples(168) if connection.vendor == "postgresql" else 60


def test_people_of_twelve_countries_are_found_by_each_spelling(size, unrendered):
    missed: list[Any] = []
    costs: dict[str, set[int]] = {"api": set(), "where": set(), "admin": set(), "autocomplete": set()}
    for shift, region in enumerate(REGIONS):
        made, known = in_country(region, size)
        viewer = replace(made.actors.viewer, region=region)
        client = Client()
        made.users["viewer"].is_staff = True
        made.users["viewer"].save()
        client.force_login(made.users["viewer"])
        # Numbers from all over the rows, each stored in another spelling; together all 36 pairs are tried.
        for place in range(6):
            stored = place + 6 * ((size // 6 - 1) * place // 5)
            text = spellings(known[stored])[(place + shift) % 6]
            person = f"{region}{stored}"
            with CaptureQueriesContext(connection) as api:
                found = data(SEARCH, actor=viewer, variables={"text": text})["peoples"]
            with CaptureQueriesContext(connection) as where:
                given = {"where": {"column": "VALUE", "value": text}}
                equal = data(FIND, actor=viewer, variables=given)["peoples"]
            with CaptureQueriesContext(connection) as admin:
                listed: Any = client.get("/admin/people/person/", {"q": text})
            choice = {"app_label": "leads", "model_name": "lead", "field_name": "person", "term": text}
            with CaptureQueriesContext(connection) as autocomplete:
                offered = client.get("/admin/autocomplete/", choice)
            results = (
                [row["firstname"] for row in found["data"]],
                [row["firstname"] for row in equal["data"]],
                [row.firstname for row in listed.context_data["cl"].result_list],
                [row["text"] for row in offered.json()["results"]],
            )
            if results != ([person],) * 4:
                missed.append((region, text, person, results))
            for name, captured in (
                ("api", api),
                ("where", where),
                ("admin", admin),
                ("autocomplete", autocomplete),
            ):
                costs[name].add(len(captured))

    assert missed == []
    # The same whatever is searched: no statement more for the region.
    assert {name: len(each) for name, each in costs.items()} == dict.fromkeys(costs, 1), costs
