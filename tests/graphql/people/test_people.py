"""createPeople, updatePeople, deletePeople and restorePeople."""

import pytest

from people.models import Contact, ContactKind, ContactType, Person
from tests.clients import data, refusal
from tests.factories.people import OrganizationFactory

pytestmark = pytest.mark.django_db

CREATE = "mutation ($input: PeopleInput!) { createPeople(input: $input) { id name email version } }"
UPDATE = """mutation ($id: ID!, $input: PeopleInput!, $version: Int) {
  updatePeople(id: $id, input: $input, expected_version: $version) {
    id name email version dob firstname contacts { id type { name } value } tags { name }
    address { id city is_default } organizations { name } custom_fields { name value }
  }
}"""
EMAIL, PHONE = "EMAIL", "PHONE"


def type_id(kind):
    return str(ContactType.objects.get(company=None, kind=ContactKind[kind]).pk)


def create(actors, **values):
    return data(CREATE, actor=actors.agent, variables={"input": values})["createPeople"]


def update(actors, key, version=None, **values):
    variables = {"id": key, "input": values, "version": version}
    return data(UPDATE, actor=actors.agent, variables=variables)["updatePeople"]


def values_of(person):
    return [(contact["type"]["name"], contact["value"]) for contact in person["contacts"]]


def test_name_is_joined_and_collapsed(actors):
    created = create(actors, firstname=" Mary  Ann ", middlename="", lastname="Lee")

    assert created["name"] == "Mary Ann Lee"
    assert Person.objects.get(pk=created["id"]).middlename is None


def test_email_is_taken_from_the_first_contact_that_has_its_form(actors):
    contacts = [
        {"contacts_types_id": type_id(EMAIL), "value": "+1-555-0100"},
        {"contacts_types_id": type_id(EMAIL), "value": "Jane@Example.com"},
    ]

    assert create(actors, firstname="Jane", contacts=contacts)["email"] == "Jane@Example.com"


def test_email_that_is_a_contact_too_appears_once(actors):
    contacts = [{"contacts_types_id": type_id(EMAIL), "value": "JANE@example.com"}]

    created = create(actors, email="jane@example.com", contacts=contacts)

    assert Contact.objects.filter(person_id=created["id"]).count() == 1


def test_empty_contacts_and_addresses_are_ignored(actors):
    created = create(
        actors,
        firstname="Jane",
        contacts=[{"contacts_types_id": type_id(PHONE), "value": " "}],
        address=[{"city": ""}, {"city": "Lyon"}],
    )

    stored = update(actors, created["id"])
    assert stored["contacts"] == []
    assert [(row["city"], row["is_default"]) for row in stored["address"]] == [("Lyon", True)]


@pytest.mark.parametrize(
    ("values", "path"),
    [
        pytest.param({}, "input.firstname", id="nobody"),
        pytest.param({"email": "not an address"}, "input.email", id="e-mail"),
        pytest.param({"firstname": "x" * 121}, "input.firstname", id="long name"),
        pytest.param({"id": "1", "firstname": "Jane"}, "input.id", id="id"),
        pytest.param(
            {"firstname": "Jane", "contacts": [{"value": "1"}]},
            "input.contacts.0.contacts_types_id",
            id="type",
        ),
        pytest.param({"firstname": "Jane", "tags": [{"name": ""}]}, "input.tags.0.name", id="tag"),
    ],
)
def test_rule_violations_refuse_the_whole_input(actors, values, path):
    error = refusal(CREATE, actor=actors.agent, variables={"input": values})

    assert error["extensions"]["code"] == "VALIDATION"
    assert list(error["extensions"]["validation"]) == [path]
    assert not Person.objects.exists()
    assert not Contact.objects.exists()


def test_unknown_contact_type_does_not_exist(actors):
    contacts = [{"contacts_types_id": "4711", "value": "1"}]

    error = refusal(CREATE, actor=actors.agent, variables={"input": {"firstname": "J", "contacts": contacts}})

    assert error["extensions"] == {"code": "NOT_FOUND", "argument": "input.contacts.0.contacts_types_id"}
    assert not Person.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("middlename", "M"), ("lastname", "Doe"), ("dob", "1990-01-31"), ("email", "j@example.com")],
)
def test_absent_fields_stay_and_null_clears(actors, field, value):
    key = create(actors, firstname="Jane", **{field: value})["id"]
    read = f"{{ people(id: {key}) {{ {field} }} }}"

    update(actors, key, firstname="Janet")
    assert data(read, actor=actors.agent)["people"] == {field: value}
    update(actors, key, **{field: None})

    assert data(read, actor=actors.agent)["people"] == {field: None}


def test_setting_the_email_rewrites_its_contact(actors):
    key = create(actors, email="old@example.com")["id"]

    changed = update(actors, key, email="new@example.com")

    assert values_of(changed) == [("Email", "new@example.com")]


def test_email_follows_the_deletion_of_its_contact(actors):
    phone = {"contacts_types_id": type_id(PHONE), "value": "+1 212 555 0100"}
    second = {"contacts_types_id": type_id(EMAIL), "value": "second@example.com"}
    key = create(actors, firstname="Jane", email="first@example.com", contacts=[phone, second])["id"]

    assert update(actors, key, contacts=[phone, second])["email"] == "second@example.com"
    assert update(actors, key, contacts=[phone])["email"] is None
    assert update(actors, key, contacts=[])["contacts"] == []


def test_a_phone_in_another_format_keeps_its_row(actors):
    phone = {"contacts_types_id": type_id(PHONE), "value": "+1 (212) 555-0100"}
    created = create(actors, firstname="Jane", contacts=[phone])
    before = update(actors, created["id"])["contacts"][0]["id"]

    after = update(actors, created["id"], contacts=[phone | {"value": "212 555 0100"}])["contacts"]

    assert [(contact["id"], contact["value"]) for contact in after] == [(before, "212 555 0100")]


def test_exactly_one_address_is_the_default(actors):
    key = create(actors, firstname="Jane", address=[{"city": "Lyon"}, {"city": "Paris", "is_default": True}])[
        "id"
    ]

    rows = update(actors, key)["address"]
    assert [(row["city"], row["is_default"]) for row in rows] == [("Paris", True), ("Lyon", False)]
    lyon = rows[1]["id"]
    left = update(actors, key, address=[{"id": lyon, "city": "Lyon 2"}])["address"]

    assert left == [{"id": lyon, "city": "Lyon 2", "is_default": True}]


def test_organizations_tags_and_custom_fields(actors, company):
    acme = OrganizationFactory(company=company, name="Acme")
    key = create(
        actors,
        firstname="Jane",
        organizations_id=[acme.pk],
        organization="Initech",
        tags=[{"name": "VIP"}, {"name": "vip"}],
        custom_fields=[{"name": "size", "data": "L"}, {"name": "age", "value": 4}],
    )["id"]

    stored = update(actors, key, custom_fields=[{"name": "age", "value": None}], organization="ACME")

    assert [row["name"] for row in stored["organizations"]] == ["Acme", "Initech"]
    assert stored["tags"] == [{"name": "VIP"}]
    assert stored["custom_fields"] == [{"name": "size", "value": "L"}]
    assert update(actors, key, tags=[])["tags"] == []


def test_versions(actors):
    created = create(actors, firstname="Jane")

    same = update(actors, created["id"], firstname="Jane")
    changed = update(actors, created["id"], 1, firstname="Janet")
    stale = refusal(
        UPDATE,
        actor=actors.agent,
        variables={"id": created["id"], "input": {"firstname": "June"}, "version": 1},
    )

    assert (same["version"], changed["version"]) == (1, 2)
    assert stale["extensions"] == {"code": "CONFLICT", "reason": "VERSION", "current_version": 2}
    assert Person.objects.get().firstname == "Janet"


def test_delete_and_restore(actors):
    key = create(actors, firstname="Jane", contacts=[{"contacts_types_id": type_id(PHONE), "value": "123"}])[
        "id"
    ]
    delete, restore = (f"mutation {{ {verb}People(id: {key}) }}" for verb in ("delete", "restore"))

    assert data(delete, actor=actors.agent) == {"deletePeople": True}
    assert (
        refusal(f"{{ people(id: {key}) {{ id }} }}", actor=actors.agent)["extensions"]["code"] == "NOT_FOUND"
    )
    assert refusal(delete, actor=actors.agent)["extensions"]["code"] == "NOT_FOUND"
    assert data(restore, actor=actors.agent) == {"restorePeople": True}
    assert data(restore, actor=actors.agent) == {"restorePeople": True}

    assert values_of(update(actors, key)) == [("Phone", "123")]


def test_a_lead_shows_no_deleted_person_until_the_restore(actors):
    key = create(actors, firstname="Jane")["id"]
    lead = data(
        f'mutation {{ createLead(input: {{title: "Deal", people_id: {key}}}) {{ id }} }}', actor=actors.agent
    )["createLead"]["id"]
    read = f"{{ lead(id: {lead}) {{ firstname people {{ name }} }} }}"

    data(f"mutation {{ deletePeople(id: {key}) }}", actor=actors.agent)
    assert data(read, actor=actors.agent)["lead"] == {"firstname": "Jane", "people": None}
    data(f"mutation {{ restorePeople(id: {key}) }}", actor=actors.agent)

    assert data(read, actor=actors.agent)["lead"]["people"] == {"name": "Jane"}
