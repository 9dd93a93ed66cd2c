"""Upserts: match rules, additions, refusals and concurrency."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from people.models import Contact, ContactType, Organization, Person
from people.services.people import create_person, delete_person
from people.services.upserting import upsert_person
from tests.clients import data, refusal
from tests.factories.crm import CustomFieldDefinitionFactory
from tests.factories.crm import tenant as make_tenant
from tests.factories.people import OrganizationFactory
from tests.stored import read_all

pytestmark = pytest.mark.django_db

UPSERT = """
mutation ($input: PeopleInput!, $match: [PeopleMatch!]! = [ID, EMAIL, PHONE], $field: String) {
  upsertPeople(input: $input, match: $match, match_field: $field) {
    created matched_on
    people { id firstname email version contacts { value } address { city } tags { name }
      organizations { name } custom_fields { name value } }
  }
}
"""
ORGANIZATION = """
mutation ($input: OrganizationInput!, $field: String) {
  upsertOrganization(input: $input, match_field: $field) {
    created organization { id name email tags { name } custom_fields { name value } }
  }
}
"""


@pytest.fixture
def tenant(db):
    """A company of each test's own, since one of them commits."""
    return make_tenant()


def phone(value: str) -> list[Any]:
    kind = ContactType.objects.get(company=None, kind="PHONE").pk
    return [{"contacts_types_id": str(kind), "value": value}]


def upsert(actor, match=None, field=None, **values) -> dict[str, Any]:
    variables = {"input": values, "field": field} | ({"match": match} if match else {})
    done: dict[str, Any] = data(UPSERT, actor=actor, variables=variables)["upsertPeople"]
    return done


def refused(actor, match=None, field=None, document=UPSERT, **values) -> dict[str, Any]:
    variables = {"input": values, "field": field} | ({"match": match} if match else {})
    before = read_all()
    extensions: dict[str, Any] = refusal(document, actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


def test_an_unknown_person_is_created(actors):
    done = upsert(actors.agent, email="jane@example.com")

    assert (done["created"], done["matched_on"]) == (True, None)
    assert Person.objects.get().pk == int(done["people"]["id"])


@pytest.mark.parametrize("key", ["pk", "uuid"])
@pytest.mark.parametrize("match", [None, ["ID"]])
def test_found_by_id_of_either_kind(actors, key, match):
    known = create_person({"firstname": "Jane"}, actor=actors.agent)

    done = upsert(actors.agent, match=match, id=str(getattr(known, key)), firstname="Janet")

    assert (done["created"], done["matched_on"], done["people"]["version"]) == (False, "ID", 2)
    assert Person.objects.get().firstname == "Janet"


def test_the_first_match_rule_that_finds_a_person_counts(actors):
    by_mail = create_person({"email": "jane@example.com"}, actor=actors.agent)
    by_phone = create_person({"firstname": "P", "contacts": phone("+12125550100")}, actor=actors.agent)
    values = {"email": "JANE@example.com", "contacts": phone("+1 212 555 0100")}

    done = upsert(actors.agent, **values)

    assert (done["people"]["id"], done["matched_on"]) == (str(by_mail.pk), "EMAIL")
    # Both have the number now.
    assert refused(actors.agent, match=["PHONE", "EMAIL"], **values) == {
        "code": "CONFLICT",
        "reason": "MATCH",
        "ids": [str(by_mail.pk), str(by_phone.pk)],
        "keys": ["PHONE"],
    }


def test_lists_are_added_to(actors, company):
    acme, globex = (OrganizationFactory(company=company, name=name) for name in ("Acme", "Globex"))
    create_person(
        {
            "email": "jane@example.com",
            "contacts": phone("+12125550100"),
            "address": [{"city": "Boston"}],
            "tags": [{"name": "VIP"}],
            "organizations_id": [acme.pk],
            "custom_fields": [{"name": "size", "value": 1}],
        },
        actor=actors.agent,
    )

    done = upsert(
        actors.agent,
        match=["PHONE"],
        email="new@example.com",
        contacts=phone("+1 (212) 555-0100") + phone("+12125550199"),
        address=[{"city": "boston"}, {"city": "New York"}],
        tags=[{"name": "New"}],
        organizations_id=[str(globex.pk)],
        custom_fields=[{"name": "segment", "value": "A"}],
    )["people"]

    assert done["email"] == "new@example.com"
    assert sorted(row["value"] for row in done["contacts"]) == [
        "+1 (212) 555-0100",
        "+12125550199",
        "jane@example.com",
        "new@example.com",
    ]
    assert [row["city"] for row in done["address"]] == ["Boston", "New York"]
    assert [row["name"] for row in done["tags"]] == ["New", "VIP"]
    assert [row["name"] for row in done["organizations"]] == ["Acme", "Globex"]
    assert done["custom_fields"] == [{"name": "segment", "value": "A"}, {"name": "size", "value": 1}]


def test_the_same_upsert_again_changes_nothing(actors):
    values = {
        "email": "jane@example.com",
        "contacts": phone("+12125550100"),
        "address": [{"city": "Boston"}],
        "tags": [{"name": "VIP"}],
    }
    upsert(actors.agent, **values)
    before = read_all()

    assert upsert(actors.agent, **values)["created"] is False
    assert read_all() == before


@pytest.mark.parametrize("name", ["external_id", "7", "a__b", 'quo"ted'])
@pytest.mark.parametrize("value", ["A-1", 42, True])
def test_found_by_a_custom_field(actors, name, value):
    given: Any = [{"name": name, "value": value}]
    known = create_person({"firstname": "Jane", "custom_fields": given}, actor=actors.agent)
    other = "42" if value == 42 else 1
    create_person(
        {"firstname": "Other", "custom_fields": [{"name": name, "value": other}]}, actor=actors.agent
    )

    done = upsert(actors.agent, match=["CUSTOM_FIELD"], field=name, lastname="Doe", custom_fields=given)

    assert (done["people"]["id"], done["matched_on"]) == (str(known.pk), "CUSTOM_FIELD")


def test_a_defined_custom_field_is_compared_by_its_type(actors, company):
    CustomFieldDefinitionFactory(company=company, model="PEOPLE", name="External", kind="NUMBER")
    given: Any = [{"name": "external", "value": " 42 "}]
    first = upsert(actors.agent, match=["CUSTOM_FIELD"], field="external", firstname="A", custom_fields=given)
    second = upsert(actors.agent, match=["CUSTOM_FIELD"], field="EXTERNAL", custom_fields=given)

    assert (first["created"], second["created"]) == (True, False)
    assert second["people"]["custom_fields"] == [{"name": "External", "value": 42}]


def test_refusals(actors, other_actors):
    foreign = create_person({"email": "jane@example.com"}, actor=other_actors.agent)
    gone = create_person({"email": "jane@example.com"}, actor=actors.agent)
    delete_person(gone.pk, actor=actors.agent)

    for key in (foreign.pk, foreign.uuid, gone.pk):
        assert refused(actors.agent, id=str(key)) == {"code": "NOT_FOUND", "argument": "input.id"}
    without_field = refused(actors.agent, match=["CUSTOM_FIELD"], firstname="Jane")
    assert list(without_field["validation"]) == ["input.match_field"]
    listed = [{"name": "external_id", "value": ["A"]}]
    assert refused(
        actors.agent, match=["CUSTOM_FIELD"], field="external_id", firstname="Jane", custom_fields=listed
    )["validation"] == {"input.match_field": ["Only texts, numbers and booleans can be matched."]}
    assert refused(actors.viewer, email="jane@example.com") == {"code": "FORBIDDEN"}
    assert upsert(actors.agent, email="jane@example.com")["created"] is True


def organization(actor, field=None, **values) -> dict[str, Any]:
    variables = {"input": values, "field": field}
    done: dict[str, Any] = data(ORGANIZATION, actor=actor, variables=variables)["upsertOrganization"]
    return done


def test_an_organization_is_found_by_name_without_case(actors):
    first = organization(actors.agent, name="Acme", tags=[{"name": "VIP"}])
    second = organization(actors.agent, name="ACME", email="info@acme.example", tags=[{"name": "New"}])

    assert (first["created"], second["created"]) == (True, False)
    assert Organization.objects.get().name == "ACME"
    assert second["organization"]["tags"] == [{"name": "New"}, {"name": "VIP"}]


def test_an_organization_is_found_by_id_or_field_first(actors, company):
    named = OrganizationFactory(company=company, name="Acme")
    kept = OrganizationFactory(company=company, name="Other", custom_fields={"external_id": "A-1"})
    given = [{"name": "external_id", "value": "A-1"}]

    by_field = organization(actors.agent, field="external_id", name="Acme", custom_fields=given)
    by_name = organization(actors.agent, field="external_id", name="Acme Inc", email="a@acme.example")
    by_id = organization(actors.agent, id=str(named.uuid), email="b@acme.example")

    assert by_field["organization"]["id"] == str(kept.pk)
    assert by_name["created"] is True
    assert by_id["organization"] | {"id": str(named.pk), "email": "b@acme.example"} == by_id["organization"]


def test_several_organizations_are_a_conflict(actors, company, other_company):
    twins = [OrganizationFactory(company=company, name=name) for name in ("Acme", "ACME")]
    foreign = OrganizationFactory(company=other_company, name="Foreign")

    assert refused(actors.agent, document=ORGANIZATION, name="acme") == {
        "code": "CONFLICT",
        "reason": "MATCH",
        "ids": [str(row.pk) for row in twins],
        "keys": ["NAME"],
    }
    assert refused(actors.agent, document=ORGANIZATION, id=str(foreign.pk)) == {
        "code": "NOT_FOUND",
        "argument": "input.id",
    }
    assert organization(actors.agent, name="Foreign")["created"] is True


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_sixteen_concurrent_upserts_create_one_person(actors):
    together = Barrier(16)

    def one(number: int) -> bool:
        try:
            together.wait()
            values: Any = {"email": "Jane@example.com", "firstname": f"Jane {number}"}
            return upsert_person(values, actor=actors.agent).created
        finally:
            connection.close()

    with ThreadPoolExecutor(16) as pool:
        created = list(pool.map(one, range(16)))

    person = Person.objects.get()
    assert created.count(True) == 1
    assert (person.version, Contact.objects.count()) == (16, 1)
