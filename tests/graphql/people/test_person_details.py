"""Contacts, addresses and positions of a person, one at a time."""

from typing import Any

import pytest

from crm.models.history import HistoryEntry
from people.models import Address, Contact, ContactKind, Employment, Person
from people.services.people import create_person, delete_person
from tests.clients import data, refusal
from tests.doors import contact_type
from tests.factories.people import OrganizationFactory
from tests.stored import read_all

pytestmark = pytest.mark.django_db

CONTACT = "id value weight type { name } people { id email version }"
ADDRESS = "id address city is_default people { id version }"
POSITION = """id position income income_type start_date end_date status organization { name }
  people { id organizations { name } }"""
DOCUMENTS = {
    "createContact": f"""mutation ($person: ID!, $input: ContactInput!) {{
      answer: createContact(people_id: $person, input: $input) {{ {CONTACT} }} }}""",
    "updateContact": f"""mutation ($id: ID!, $input: ContactInput!) {{
      answer: updateContact(id: $id, input: $input) {{ {CONTACT} }} }}""",
    "deleteContact": "mutation ($id: ID!) { answer: deleteContact(id: $id) }",
    "createPeopleAddress": f"""mutation ($person: ID!, $input: AddressInput!) {{
      answer: createPeopleAddress(people_id: $person, input: $input) {{ {ADDRESS} }} }}""",
    "updatePeopleAddress": f"""mutation ($id: ID!, $input: AddressInput!) {{
      answer: updatePeopleAddress(id: $id, input: $input) {{ {ADDRESS} }} }}""",
    "deletePeopleAddress": "mutation ($id: ID!) { answer: deletePeopleAddress(id: $id) }",
    "createPeopleEmploymentHistory": f"""mutation ($input: EmploymentPeopleHistoryInput!) {{
      answer: createPeopleEmploymentHistory(input: $input) {{ {POSITION} }} }}""",
    "updatePeopleEmploymentHistory": f"""mutation ($id: ID!, $input: EmploymentPeopleHistoryInput!) {{
      answer: updatePeopleEmploymentHistory(id: $id, input: $input) {{ {POSITION} }} }}""",
    "deletePeopleEmploymentHistory": (
        "mutation ($id: ID!) { answer: deletePeopleEmploymentHistory(id: $id) }"
    ),
}


@pytest.fixture
def person(actors) -> Person:
    contacts: Any = [{"contacts_types_id": contact_type(ContactKind.PHONE).pk, "value": "+12125550100"}]
    values: Any = {"firstname": "Jane", "email": "jane@example.com", "contacts": contacts}
    return create_person(values, actor=actors.agent)


def act(operation: str, actor: Any, **variables: Any) -> Any:
    return data(DOCUMENTS[operation], actor=actor, variables=variables)["answer"]


def refused(operation: str, actor: Any, **variables: Any) -> dict[str, Any]:
    """Return the extensions of a refusal that changed nothing."""
    before = read_all()
    extensions: dict[str, Any] = refusal(DOCUMENTS[operation], actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


def invalid(path: str, message: str) -> dict[str, Any]:
    return {"code": "VALIDATION", "validation": {path: [message]}}


def kind(name: ContactKind) -> str:
    return str(contact_type(name).pk)


def emails(person: Person) -> list[str]:
    rows = Contact.objects.filter(person=person, type__kind=ContactKind.EMAIL).order_by("weight", "pk")
    return list(rows.values_list("value", flat=True))


def test_a_contact_is_added_to_the_others(actors, person):
    given = {"contacts_types_id": kind(ContactKind.CELLPHONE), "value": " (212) 555-0199 ", "weight": 3}

    created = act("createContact", actors.agent, person=str(person.pk), input=given)

    assert created == {
        "id": created["id"],
        "value": "(212) 555-0199",
        "weight": 3,
        "type": {"name": "Cellphone"},
        "people": {"id": str(person.pk), "email": "jane@example.com", "version": 2},
    }
    assert Contact.objects.get(pk=created["id"]).canonical == "+12125550199"
    assert Contact.objects.filter(person=person).count() == 3
    entry = HistoryEntry.objects.filter(object_id=person.pk).latest("pk")
    assert list(entry.changes) == ["contacts"]


def test_an_equal_contact_is_not_added_twice(actors, person):
    given = {"contacts_types_id": kind(ContactKind.PHONE), "value": "(212) 555-0100"}

    created = act("createContact", actors.agent, person=str(person.pk), input=given)

    assert created["value"] == "(212) 555-0100"
    assert Contact.objects.filter(person=person, type__kind=ContactKind.PHONE).count() == 1


def test_the_primary_email_follows_its_contacts(actors, person):
    second = {"contacts_types_id": kind(ContactKind.EMAIL), "value": "j@example.com"}
    other = act("createContact", actors.agent, person=str(person.pk), input=second)
    assert other["people"]["email"] == "jane@example.com"
    first = Contact.objects.get(person=person, value="jane@example.com")

    moved = act("updateContact", actors.agent, id=str(first.pk), input={"value": "doe@example.com"})
    assert moved["id"] == str(first.pk)
    assert emails(person) == ["doe@example.com", "j@example.com"]
    person.refresh_from_db()
    assert person.email == "doe@example.com"

    assert act("deleteContact", actors.agent, id=str(first.pk)) is True
    person.refresh_from_db()
    assert person.email == "j@example.com"


def test_absent_fields_of_a_contact_stay(actors, person):
    phone = Contact.objects.get(person=person, type__kind=ContactKind.PHONE)

    changed = act("updateContact", actors.agent, id=str(phone.pk), input={"weight": 7})

    assert (changed["value"], changed["weight"], changed["type"]) == ("+12125550100", 7, {"name": "Phone"})


def test_errors_of_a_contact_are_named_by_field(actors, person):
    phone = Contact.objects.get(person=person, type__kind=ContactKind.PHONE)
    who = str(person.pk)
    needed = "This field is required."
    typed = {"contacts_types_id": kind(ContactKind.PHONE)}

    assert refused("createContact", actors.agent, person=who, input=typed) == invalid("input.value", needed)
    assert refused("createContact", actors.agent, person=who, input={**typed, "value": " "}) == invalid(
        "input.value", needed
    )
    untyped = refused("createContact", actors.agent, person=who, input={"value": "1"})
    assert untyped == invalid("input.contacts_types_id", "Choose a contact type.")
    unknown = refused(
        "createContact", actors.agent, person=who, input={"value": "1", "contacts_types_id": "99999"}
    )
    assert unknown == {"code": "NOT_FOUND", "argument": "input.contacts_types_id"}
    long = refused("updateContact", actors.agent, id=str(phone.pk), input={"value": "x" * 256})
    assert list(long["validation"]) == ["input.value"]
    empty = refused("updateContact", actors.agent, id=str(phone.pk), input={"value": None})
    assert empty == invalid("input.value", needed)


def test_the_last_name_or_contact_of_a_person_stays(actors):
    only: Any = {"email": "only@example.com"}
    person = create_person(only, actor=actors.agent)
    contact = Contact.objects.get(person=person)

    error = refused("deleteContact", actors.agent, id=str(contact.pk))

    assert error["code"] == "VALIDATION"


def test_one_address_is_always_the_default(actors, person):
    who = str(person.pk)
    first = act("createPeopleAddress", actors.agent, person=who, input={"city": "Boston"})
    assert first == {
        "id": first["id"],
        "address": None,
        "city": "Boston",
        "is_default": True,
        "people": {"id": who, "version": 2},
    }
    second = act("createPeopleAddress", actors.agent, person=who, input={"city": "Lyon"})
    assert second["is_default"] is False
    third = act("createPeopleAddress", actors.agent, person=who, input={"city": "Rome", "is_default": True})
    assert third["is_default"] is True
    assert Address.objects.get(person=person, is_default=True).city == "Rome"

    act("deletePeopleAddress", actors.agent, id=third["id"])
    assert Address.objects.get(person=person, is_default=True).city == "Boston"
    changed = act("updatePeopleAddress", actors.agent, id=second["id"], input={"is_default": True})
    assert changed["is_default"] is True
    assert Address.objects.get(person=person, is_default=True).city == "Lyon"


def test_an_address_is_not_empty(actors, person):
    who = str(person.pk)
    created = act("createPeopleAddress", actors.agent, person=who, input={"city": "Boston"})
    message = "Enter at least one part of the address."

    assert refused("createPeopleAddress", actors.agent, person=who, input={"city": " "}) == invalid(
        "input.address", message
    )
    emptied = refused("updatePeopleAddress", actors.agent, id=created["id"], input={"city": None})
    assert emptied == invalid("input.address", message)
    long = refused("updatePeopleAddress", actors.agent, id=created["id"], input={"zip": "9" * 33})
    assert list(long["validation"]) == ["input.zip"]


def test_a_position_links_its_organization_to_the_person(actors, person, company):
    acme = OrganizationFactory(company=company, name="Acme")
    given = {
        "peoples_id": str(person.pk),
        "organizations_id": str(acme.uuid),
        "position": "CEO",
        "income": 1234.56,
        "income_type": "yearly",
        "start_date": "2020-01-31",
        "end_date": "2021-01-31",
        "status": 0,
    }

    created = act("createPeopleEmploymentHistory", actors.agent, input=given)

    assert created == {
        "id": created["id"],
        "position": "CEO",
        "income": 1234.56,
        "income_type": "yearly",
        "start_date": "2020-01-31",
        "end_date": "2021-01-31",
        "status": 0,
        "organization": {"name": "Acme"},
        "people": {"id": str(person.pk), "organizations": [{"name": "Acme"}]},
    }
    changed = act(
        "updatePeopleEmploymentHistory",
        actors.agent,
        id=created["id"],
        input={"organizations_id": None, "income": None, "status": 1},
    )
    assert (changed["organization"], changed["income"], changed["status"]) == (None, None, 1)
    assert changed["position"] == "CEO"
    assert changed["people"]["organizations"] == [{"name": "Acme"}]
    assert act("deletePeopleEmploymentHistory", actors.agent, id=created["id"]) is True
    assert not Employment.objects.exists()
    person.refresh_from_db()
    assert person.version == 4


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"position": None}, "input.position"),
        ({"position": " "}, "input.position"),
        ({"position": "x" * 256}, "input.position"),
        ({"start_date": "2021-01-02", "end_date": "2021-01-01"}, "input.end_date"),
        ({"status": 2}, "input.status"),
        ({"status": None}, "input.status"),
        ({"income": 1e300}, "input.income"),
    ],
)
def test_errors_of_a_position_are_named_by_field(actors, person, values, path):
    given = {"peoples_id": str(person.pk), "position": "CEO", **values}

    error = refused("createPeopleEmploymentHistory", actors.agent, input=given)

    assert (error["code"], list(error["validation"])) == ("VALIDATION", [path])


def test_a_position_keeps_its_person(actors, person):
    other: Any = {"firstname": "John"}
    somebody = create_person(other, actor=actors.agent)
    created = act(
        "createPeopleEmploymentHistory", actors.agent, input={"peoples_id": person.pk, "position": "CEO"}
    )

    nobody = refused("createPeopleEmploymentHistory", actors.agent, input={"position": "CEO"})
    assert nobody == invalid("input.peoples_id", "Choose the person who has the position.")
    moved = refused(
        "updatePeopleEmploymentHistory", actors.agent, id=created["id"], input={"peoples_id": somebody.pk}
    )
    assert moved == invalid("input.peoples_id", "A position stays with its person.")


HISTORY = """{ peoples { data { employment_history { id position status start_date } } } }"""


@pytest.mark.parametrize("name", ["employment_history", "peopleEmploymentHistory"])
def test_the_list_of_positions_is_nested_in_a_person(actors, name):
    document = """mutation ($input: PeopleInput!) { createPeople(input: $input) {
      id employment_history { id position status start_date } } }"""
    rows = [
        {"position": "Clerk", "status": 0, "start_date": "2010-01-01"},
        {"position": "CEO", "start_date": "2015-01-01"},
        {"position": "Owner", "start_date": "2020-01-01"},
        {"position": "Founder"},
    ]

    created = data(document, actor=actors.agent, variables={"input": {"firstname": "Jane", name: rows}})
    person = created["createPeople"]
    # What is current first, then the latest.
    assert [row["position"] for row in person["employment_history"]] == [
        "Owner",
        "CEO",
        "Founder",
        "Clerk",
    ]

    update = """mutation ($id: ID!, $input: PeopleInput!) { updatePeople(id: $id, input: $input) {
      version employment_history { id position } } }"""
    ceo = person["employment_history"][1]
    kept = [{"id": ceo["id"], "position": "Chief"}, {"position": "Advisor"}]
    changed = data(update, actor=actors.agent, variables={"id": person["id"], "input": {name: kept}})
    history = changed["updatePeople"]["employment_history"]
    assert history[0] == {"id": ceo["id"], "position": "Chief"}
    assert [row["position"] for row in history] == ["Chief", "Advisor"]
    assert changed["updatePeople"]["version"] == 2
    same = data(
        update,
        actor=actors.agent,
        variables={"id": person["id"], "input": {name: [{"id": row["id"]} for row in history]}},
    )
    assert same["updatePeople"]["version"] == 2


def test_both_names_of_the_list_with_different_positions_are_refused(actors):
    document = "mutation ($input: PeopleInput!) { createPeople(input: $input) { id } }"
    one, other = [{"position": "CEO"}], [{"position": "CTO"}]
    values = {"firstname": "Jane", "employment_history": one, "peopleEmploymentHistory": other}

    error = refusal(document, actor=actors.agent, variables={"input": values})["extensions"]

    assert list(error["validation"]) == ["input.employment_history"]
    assert not Person.objects.exists()


def test_an_upsert_adds_positions_without_duplicates(actors):
    document = """mutation ($input: PeopleInput!) { upsertPeople(input: $input) {
      people { employment_history { position } } } }"""

    def upsert(*positions: str) -> list[str]:
        values = {"email": "jane@example.com", "employment_history": [{"position": one} for one in positions]}
        answer = data(document, actor=actors.agent, variables={"input": values})["upsertPeople"]
        return sorted(row["position"] for row in answer["people"]["employment_history"])

    assert upsert("CEO") == ["CEO"]
    assert upsert("ceo", "Advisor") == ["Advisor", "CEO"]


def test_roles_and_companies(actors, other_actors, person):
    who = str(person.pk)
    contact = Contact.objects.filter(person=person).order_by("pk")[0]
    address = act("createPeopleAddress", actors.agent, person=who, input={"city": "Boston"})
    position = act(
        "createPeopleEmploymentHistory", actors.agent, input={"peoples_id": who, "position": "CEO"}
    )
    calls: list[tuple[str, dict[str, Any], str]] = [
        (
            "createContact",
            {"person": who, "input": {"contacts_types_id": kind(ContactKind.PHONE), "value": "1"}},
            "people_id",
        ),
        ("updateContact", {"id": str(contact.pk), "input": {"weight": 1}}, "id"),
        ("deleteContact", {"id": str(contact.pk)}, "id"),
        ("createPeopleAddress", {"person": who, "input": {"city": "Rome"}}, "people_id"),
        ("updatePeopleAddress", {"id": address["id"], "input": {"city": "Rome"}}, "id"),
        ("deletePeopleAddress", {"id": address["id"]}, "id"),
        (
            "createPeopleEmploymentHistory",
            {"input": {"peoples_id": who, "position": "CTO"}},
            "input.peoples_id",
        ),
        ("updatePeopleEmploymentHistory", {"id": position["id"], "input": {"position": "CTO"}}, "id"),
        ("deletePeopleEmploymentHistory", {"id": position["id"]}, "id"),
    ]

    for operation, variables, argument in calls:
        assert refused(operation, actors.viewer, **variables) == {"code": "FORBIDDEN"}
        unknown = {"code": "NOT_FOUND", "argument": argument}
        assert refused(operation, other_actors.admin, **variables) == unknown, operation
    delete_person(person.pk, actor=actors.agent)
    for operation, variables, argument in calls:
        unknown = {"code": "NOT_FOUND", "argument": argument}
        assert refused(operation, actors.admin, **variables) == unknown, operation
