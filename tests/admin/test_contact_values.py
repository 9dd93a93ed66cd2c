"""Phones and e-mails of people and organizations: what each door stores, and what it refuses."""

from typing import Any

import pytest

from crm.emails import email_fault
from crm.models import Company
from people.models import Contact, ContactKind, Organization, Person
from people.models.phones import CONTROLS, DAMAGED, NO_PHONE, SEVERAL
from people.services.people import create_person
from tests.admin.conftest import errors_of, form_of
from tests.clients import ask, data, refusal
from tests.doors import AdminDoor, Door, GraphQLDoor, ImportDoor, contact_type, stored
from tests.each_case import each_case
from tests.stored import read_all

CREATE = "mutation ($input: PeopleInput!) { createPeople(input: $input) { id } }"
UPDATE = "mutation ($id: ID!, $input: PeopleInput!) { updatePeople(id: $id, input: $input) { id version } }"
ADD_CONTACT = """mutation ($person: ID!, $input: ContactInput!) {
  createContact(people_id: $person, input: $input) { id value } }"""
CHANGE_CONTACT = """mutation ($id: ID!, $input: ContactInput!) {
  updateContact(id: $id, input: $input) { id value } }"""
ORGANIZATION = "mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }"
ADD_PERSON = "/admin/people/person/add/"

#: Texts that are no phone number, and why.
BAD_PHONES = [
    ("n/a", NO_PHONE),
    ("call me", NO_PHONE),
    ("-", NO_PHONE),
    ("none", NO_PHONE),
    ("x1", NO_PHONE),
    ("12", NO_PHONE),
    ("4.9E+11", DAMAGED),
    ("4,91512E+12", DAMAGED),
    ("1.41556e10", DAMAGED),
    ("415-555-4444 / 415-555-5555", SEVERAL),
    ("030 901830; 030 901831", SEVERAL),
    ("4155554444 or 4155555555", SEVERAL),
]
#: Of these texts, what files mean nothing by; and what an import says of several addresses.
NULL_MARKERS = ["n/a", "-"]
SPLIT_THEM = "Several addresses in one cell: say what parts them, such as --split email=';'"
BAD_EMAILS = [
    "n/a",
    "jane@",
    "jane at example",
    "jane@example",
    "a@example.com; b@example.com",
    f"{'a' * 65}@example.com",
    "jane doe@example.com",
    "jane2026@example",
]
#: Control characters: a CSV file and a form cannot hold all of them.
CONTROLLED = ["415555\x074444", "415 555\n0200", "415\t555 0200", "\x1b4155550200"]
#: As typed, as stored, and the two forms by which it is found, in the region US.
PHONES = [
    ("4155550177.0", "4155550177", "+14155550177", "+14155550177"),
    ("(415) 555-0200 ext. 101", "(415) 555-0200 ext. 101", "+14155550200;ext=101", "+14155550200"),
    ("415.555.0200 x2", "415.555.0200 x2", "+14155550200;ext=2", "+14155550200"),
    ("0049 (0)30 901830", "0049 (0)30 901830", "+4930901830", "+4930901830"),
    ("011 44 20 7946 0958", "011 44 20 7946 0958", "+442079460958", "+442079460958"),
    ("555-7777", "555-7777", None, "5557777"),
    ("911", "911", None, "911"),
    (" 415 555 0200 ", "415 555 0200", "+14155550200", "+14155550200"),
]

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def phone(value: str, kind: ContactKind = ContactKind.PHONE) -> Any:
    return {"contacts_types_id": contact_type(kind).pk, "value": value}


@pytest.fixture(params=[GraphQLDoor, AdminDoor, ImportDoor], ids=lambda door: door.name.value)
def door(request, tenant) -> Door:
    opened: Door = request.param(tenant)
    return opened


@each_case(("typed", "value", "canonical", "dialled"), PHONES)
def test_stored_phones(door, typed, value, canonical, dialled):
    outcome = door.create_person({"firstname": "Jane", "phone": typed})

    contact = Contact.objects.get(person=outcome.row)
    assert (contact.value, contact.canonical, contact.dialled) == (value, canonical, dialled)


@each_case(("typed", "reason"), BAD_PHONES)
def test_refused_phones_of_an_api_client(actors, typed, reason):
    person = create_person({"firstname": "Jane", "contacts": [phone("212 555 0100")]}, actor=actors.agent)
    kept = person.contacts.get()
    before = read_all()
    given: dict[str, Any] = {"firstname": "J", "contacts": [phone("212 555 0199"), phone(typed)]}

    def refused(document: str, **variables: Any) -> Any:
        return refusal(document, actor=actors.agent, variables=variables)["extensions"]["validation"]

    assert refused(CREATE, input=given) == {"input.contacts.1.value": [reason]}
    assert refused(UPDATE, id=person.pk, input=given) == {"input.contacts.1.value": [reason]}
    assert refused(ADD_CONTACT, person=person.pk, input=phone(typed)) == {"input.value": [reason]}
    cellphone = phone(typed, ContactKind.CELLPHONE)
    assert refused(ADD_CONTACT, person=person.pk, input=cellphone) == {"input.value": [reason]}
    assert refused(CHANGE_CONTACT, id=kept.pk, input={"value": typed}) == {"input.value": [reason]}
    assert read_all() == before


@each_case(("typed", "reason"), [each for each in BAD_PHONES if each[0] not in NULL_MARKERS])
def test_refused_phones_of_an_import(tenant, typed, reason):
    outcome = ImportDoor(tenant).create_person({"firstname": "Jane", "phone": typed})

    assert outcome.errors == {"phone": [reason]}
    assert not Person.objects.exists()


@each_case("field", ["phone", "email"])
@each_case("marker", NULL_MARKERS)
def test_an_import_reads_what_says_that_there_is_none_as_an_empty_cell(tenant, field, marker):
    assert ImportDoor(tenant).create_person({"firstname": "Jane", field: marker}).errors == {}
    person = Person.objects.get()
    assert (person.email, person.contacts.count()) == (None, 0)


def inline_errors(response: Any) -> list[dict[str, list[str]]]:
    formset = response.context_data["inline_admin_formsets"][0].formset
    return [{name: list(messages) for name, messages in form.errors.items()} for form in formset.forms]


@each_case(("typed", "reason"), BAD_PHONES)
def test_refused_phones_in_the_admin(signed_in, tenant, unrendered, typed, reason):
    client = signed_in("agent")
    row = {"contacts-TOTAL_FORMS": 1, "contacts-0-type": contact_type(ContactKind.PHONE).pk}

    page = client.post(
        ADD_PERSON, form_of(client, ADD_PERSON, firstname="Jane", **row, **{"contacts-0-value": typed})
    )

    assert inline_errors(page) == [{"value": [reason]}]
    assert not Person.objects.exists()


@each_case("typed", CONTROLLED)
def test_control_characters_in_phones(actors, typed):
    error = refusal(
        CREATE, actor=actors.agent, variables={"input": {"firstname": "J", "contacts": [phone(typed)]}}
    )

    assert error["extensions"]["validation"] == {"input.contacts.0.value": [CONTROLS]}


@each_case("typed", BAD_EMAILS)
def test_refused_emails(door, typed):
    before = stored(Person)

    outcome = door.create_person({"firstname": "Jane", "email": typed})

    if isinstance(door, ImportDoor) and typed in NULL_MARKERS:
        # The test above says what comes of it.
        assert outcome.errors == {}
        return
    in_a_file = isinstance(door, ImportDoor) and ";" in typed
    assert outcome.errors == {"email": [SPLIT_THEM if in_a_file else email_fault(typed)]}
    assert stored(Person) == before


@each_case("typed", BAD_EMAILS)
def test_refused_emails_beside_the_primary_one(actors, typed):
    email = phone(typed, ContactKind.EMAIL)
    person = create_person({"firstname": "Jane", "email": "jane@example.com"}, actor=actors.agent)
    before = read_all()

    made = refusal(CREATE, actor=actors.agent, variables={"input": {"firstname": "J", "contacts": [email]}})
    added = refusal(ADD_CONTACT, actor=actors.agent, variables={"person": person.pk, "input": email})
    changed = refusal(
        UPDATE, actor=actors.agent, variables={"id": person.pk, "input": {"firstname": "J", "email": typed}}
    )

    assert made["extensions"]["validation"] == {"input.contacts.0.value": [email_fault(typed)]}
    assert added["extensions"]["validation"] == {"input.value": [email_fault(typed)]}
    assert changed["extensions"]["validation"] == {"input.email": [email_fault(typed)]}
    assert read_all() == before


@each_case("typed", ["ja\x07ne@example.com", "jane@exam\x7fple.com", "jane\n@example.com"])
def test_control_characters_in_emails(actors, typed):
    asked = {"firstname": "J", "contacts": [phone(typed, ContactKind.EMAIL)]}
    contact = refusal(CREATE, actor=actors.agent, variables={"input": asked})
    primary = refusal(CREATE, actor=actors.agent, variables={"input": {"firstname": "J", "email": typed}})

    assert contact["extensions"]["validation"] == {"input.contacts.0.value": [email_fault(typed)]}
    assert primary["extensions"]["validation"] == {"input.email": [email_fault(typed)]}


@each_case("typed", BAD_EMAILS)
def test_refused_emails_of_organizations(signed_in, actors, typed):
    client = signed_in("agent")
    add = "/admin/people/organization/add/"
    answer = refusal(ORGANIZATION, actor=actors.agent, variables={"input": {"name": "Acme", "email": typed}})
    page = client.post(add, form_of(client, add, name="Acme", email=typed))

    assert answer["extensions"]["validation"] == {"input.email": [email_fault(typed)]}
    assert errors_of(page) == {"email": [email_fault(typed)]}
    assert not Organization.objects.exists()


@each_case("value", ["+1-555-0100", "(212) 555-0100", "+1 212 555 0100 x12"])
def test_a_phone_may_be_stored_as_an_email_but_is_no_primary_one(actors, value):
    given = {"firstname": "Jane", "contacts": [phone(value, ContactKind.EMAIL)]}

    data(CREATE, actor=actors.agent, variables={"input": given})

    person = Person.objects.get()
    assert (person.email, person.contacts.get().value) == (None, value)
    assert "".join(filter(str.isdigit, value)) in person.search_text


def test_the_same_number_in_another_spelling_is_the_same_contact(actors):
    person = create_person({"firstname": "Jane", "contacts": [phone("4155550177")]}, actor=actors.agent)
    contact = person.contacts.get()

    data(
        UPDATE,
        actor=actors.agent,
        variables={"id": person.pk, "input": {"firstname": "Jane", "contacts": [phone("4155550177.0")]}},
    )

    person.refresh_from_db()
    assert [(each.pk, each.value) for each in person.contacts.all()] == [(contact.pk, "4155550177")]
    assert person.version == 1


def test_extensions_are_contacts_of_their_own(actors):
    numbers = ["+1 415 555 0200 x1", "+1 415 555 0200 x2", "+1 415 555 0200", "(415) 555-0200 ext 1"]

    contacts: Any = [phone(each) for each in numbers]
    person = create_person({"firstname": "Jane", "contacts": contacts[:3]}, actor=actors.agent)
    # The last is known in another spelling.
    given = {"firstname": "Jane", "contacts": contacts}
    data(UPDATE, actor=actors.agent, variables={"id": person.pk, "input": given})

    assert person.contacts.count() == 3
    assert set(person.contacts.values_list("canonical", flat=True)) == {
        "+14155550200;ext=1",
        "+14155550200;ext=2",
        "+14155550200",
    }


def test_a_value_from_before_these_rules_stays_until_it_is_changed(signed_in, actors):
    person = create_person({"firstname": "Jane", "contacts": [phone("212 555 0100")]}, actor=actors.agent)
    Contact.objects.update(value="n/a", canonical=None, dialled=None)
    contact = person.contacts.get()
    client = signed_in("agent")
    address = f"/admin/people/person/{person.pk}/change/"

    page = client.post(address, form_of(client, address, firstname="Janet"))
    for contacts in ([{"id": contact.pk}], [phone("n/a")], [{"id": contact.pk, "value": "n/a", "weight": 3}]):
        data(
            UPDATE,
            actor=actors.agent,
            variables={"id": person.pk, "input": {"firstname": "J", "contacts": contacts}},
        )

    answer = ask(CHANGE_CONTACT, actor=actors.agent, variables={"id": contact.pk, "input": {"value": "none"}})
    assert page.status_code == 302
    assert [each.value for each in person.contacts.all()] == ["n/a"]
    assert answer["errors"][0]["extensions"]["validation"] == {"input.value": [NO_PHONE]}


def test_a_deleted_type_needs_a_replacement_that_its_contacts_fit(tenant, actors):
    made = data('mutation { createContactType(input: {name: "Desk"}) { id } }', actor=actors.manager)
    desk = made["createContactType"]["id"]
    contacts: Any = [{"contacts_types_id": desk, "value": value} for value in ("n/a", "212 555 0100")]
    person = create_person({"firstname": "Jane", "contacts": contacts}, actor=actors.agent)
    delete = "mutation ($id: ID!, $to: ID) { deleteContactType(id: $id, replacement_id: $to) }"
    variables = {"id": desk, "to": contact_type(ContactKind.PHONE).pk}

    refused = refusal(delete, actor=actors.manager, variables=variables)["extensions"]["validation"]
    person.contacts.filter(value="n/a").delete()
    data(delete, actor=actors.manager, variables=variables)

    assert [NO_PHONE in message for message in refused["replacement_id"]] == [True]
    assert person.contacts.get().dialled == "+12125550100"


def test_region_of_the_company_decides(tenant, actors):
    Company.objects.update(region="DE")

    create_person({"firstname": "Jane", "contacts": [phone("030 901830 x12")]}, actor=actors.agent)

    contact = Contact.objects.get()
    assert (contact.canonical, contact.dialled) == ("+4930901830;ext=12", "+4930901830")
