"""Contact types and relationships, and counts of people."""

from typing import Any

import pytest

from leads.models import LeadPerson
from leads.services.involvement import add_person
from leads.services.leads import create_lead, delete_lead
from people.models import Contact, ContactKind, ContactType, PeopleRelationship, Person
from people.services.organizations import delete_organization
from people.services.people import create_person, delete_person
from people.services.person_organizations import add_people
from tests.clients import data, refusal
from tests.doors import contact_type
from tests.factories.people import ContactTypeFactory, OrganizationFactory
from tests.stored import read_all

pytestmark = pytest.mark.django_db

KINDS = {
    "PeopleRelationship": ("PeopleRelationshipInput", PeopleRelationship),
    "ContactType": ("ContactTypeInput", ContactType),
}


def document(operation: str, kind: str) -> str:
    input_type = KINDS[kind][0]
    if operation == "create":
        return f"mutation ($input: {input_type}!) {{ answer: create{kind}(input: $input) {{ id name }} }}"
    if operation == "update":
        return f"""mutation ($id: ID!, $input: {input_type}!) {{
          answer: update{kind}(id: $id, input: $input) {{ id name }} }}"""
    return f"mutation ($id: ID!, $other: ID) {{ answer: delete{kind}(id: $id, replacement_id: $other) }}"


def act(operation: str, kind: str, actor: Any, **variables: Any) -> Any:
    return data(document(operation, kind), actor=actor, variables=variables)["answer"]


def refused(operation: str, kind: str, actor: Any, **variables: Any) -> dict[str, Any]:
    before = read_all()
    error = refusal(document(operation, kind), actor=actor, variables=variables)
    assert read_all() == before
    extensions: dict[str, Any] = error["extensions"]
    return extensions


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_created_renamed_and_deleted(actors, kind, company):
    created = act("create", kind, actors.manager, input={"name": " Partner "})
    assert created == {"id": created["id"], "name": "Partner"}
    stored: Any = KINDS[kind][1]._default_manager.get(pk=created["id"])
    assert stored.company == company

    assert (
        act("update", kind, actors.manager, id=created["id"], input={"name": "PARTNER"})["name"] == "PARTNER"
    )
    assert act("delete", kind, actors.manager, id=created["id"]) is True
    assert refused("delete", kind, actors.manager, id=created["id"]) == {
        "code": "NOT_FOUND",
        "argument": "id",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_required_and_unique(actors, kind):
    act("create", kind, actors.manager, input={"name": "Partner"})
    other = act("create", kind, actors.manager, input={"name": "Other"})

    for name in ("partner", "", "x" * 121):
        errors = [
            refused("create", kind, actors.manager, input={"name": name}),
            refused("update", kind, actors.manager, id=other["id"], input={"name": name}),
        ]
        assert [list(one["validation"]) for one in errors] == [["input.name"]] * 2, name


@pytest.mark.parametrize("kind", KINDS)
def test_agents_and_other_companies_change_none(actors, other_actors, kind):
    created = act("create", kind, actors.manager, input={"name": "Partner"})
    unknown = {"code": "NOT_FOUND", "argument": "id"}

    assert refused("create", kind, actors.agent, input={"name": "New"}) == {"code": "FORBIDDEN"}
    for operation, more in (("update", {"input": {"name": "New"}}), ("delete", {})):
        assert refused(operation, kind, actors.agent, id=created["id"], **more) == {"code": "FORBIDDEN"}
        assert refused(operation, kind, other_actors.admin, id=created["id"], **more) == unknown
    foreign = act("create", kind, other_actors.manager, input={"name": "Partner"})
    error = refused("delete", kind, actors.manager, id=created["id"], other=foreign["id"])
    assert error == {"code": "NOT_FOUND", "argument": "replacement_id"}
    itself = refused("delete", kind, actors.manager, id=created["id"], other=created["id"])
    assert list(itself["validation"]) == ["replacement_id"]


def test_shared_contact_types_cannot_be_changed(actors):
    shared = str(contact_type(ContactKind.EMAIL).pk)

    errors = [
        refused("update", "ContactType", actors.admin, id=shared, input={"name": "New"}),
        refused("delete", "ContactType", actors.admin, id=shared),
    ]
    assert errors == [{"code": "FORBIDDEN"}] * 2
    taken = refused("create", "ContactType", actors.admin, input={"name": "email"})
    assert list(taken["validation"]) == ["input.name"]


def person_with(actors: Any, type_: ContactType, value: str) -> Person:
    values: Any = {"firstname": "Jane", "contacts": [{"contacts_types_id": type_.pk, "value": value}]}
    return create_person(values, actor=actors.agent)


def test_contacts_move_to_the_replacement_type(actors, company):
    fax: Any = ContactTypeFactory(company=company, name="Fax")
    live, gone = (person_with(actors, fax, "(212) 555-0100") for _ in range(2))
    delete_person(gone.pk, actor=actors.agent)
    phone = contact_type(ContactKind.PHONE)

    used = refused("delete", "ContactType", actors.manager, id=str(fax.pk))
    assert used == {"code": "CONFLICT", "reason": "IN_USE", "count": 2}
    assert act("delete", "ContactType", actors.manager, id=str(fax.pk), other=str(phone.pk)) is True

    rows = Contact.objects.order_by("pk").values_list("person", "type", "canonical")
    assert list(rows) == [(live.pk, phone.pk, "+12125550100"), (gone.pk, phone.pk, "+12125550100")]
    live.refresh_from_db()
    assert live.version == 2


def test_people_of_leads_move_to_the_replacement_relationship(actors):
    old, new = (act("create", "PeopleRelationship", actors.manager, input={"name": name}) for name in "AB")
    person = create_person({"firstname": "Jane"}, actor=actors.agent)
    live, gone = (create_lead({"title": "Deal"}, actor=actors.agent) for _ in range(2))
    for lead in (live, gone):
        add_person(lead.pk, person.pk, actor=actors.agent, relationship_key=old["id"])

    error = refused("delete", "PeopleRelationship", actors.manager, id=old["id"])
    assert error == {"code": "CONFLICT", "reason": "IN_USE", "count": 2}
    delete_lead(gone.pk, actor=actors.agent)
    act("delete", "PeopleRelationship", actors.manager, id=old["id"], other=new["id"])

    assert set(LeadPerson.objects.values_list("relationship", flat=True)) == {int(new["id"])}
    live.refresh_from_db()
    assert live.version == 3
    # A deleted lead alone holds none back.
    delete_lead(live.pk, actor=actors.agent)
    assert act("delete", "PeopleRelationship", actors.manager, id=new["id"]) is True
    assert set(LeadPerson.objects.values_list("relationship", flat=True)) == {None}


def test_relationships_are_listed(actors, other_actors):
    for actor in (actors.manager, other_actors.manager):
        act("create", "PeopleRelationship", actor, input={"name": "Buyer", "description": "Signs"})
    listed = """{ peopleRelationships(where: {column: NAME, value: "Buyer"}) {
      data { name description company { id } } } }"""

    rows = data(listed, actor=actors.viewer)["peopleRelationships"]["data"]

    company = {"id": str(actors.viewer.company_id)}
    assert rows == [{"name": "Buyer", "description": "Signs", "company": company}]


COUNTS = '{ peopleCount organizationCount vip: peopleCountByTag(tag: "%s") }'


def test_people_and_organizations_are_counted(actors, other_actors, company):
    for actor in (actors.agent, other_actors.agent):
        for tags in ([{"name": "Key account"}], [{"name": "Key account"}, {"name": "New"}], []):
            tagged: Any = {"firstname": "Jane", "tags": tags}
            create_person(tagged, actor=actor)
    gone: Any = {"firstname": "Gone", "tags": [{"name": "Key account"}]}
    delete_person(create_person(gone, actor=actors.agent).pk, actor=actors.agent)
    OrganizationFactory(company=company)
    delete_organization(OrganizationFactory(company=company).pk, actor=actors.agent)

    for tag in ("key ACCOUNT", "key-account", " Key account "):
        counts = data(COUNTS % tag, actor=actors.viewer)
        assert counts == {"peopleCount": 3, "organizationCount": 1, "vip": 2}
    for tag in ("key", "%", ""):
        assert data(COUNTS % tag, actor=actors.viewer)["vip"] == 0


def test_people_of_an_organization_are_counted(actors, company):
    acme = OrganizationFactory(company=company, name="Acme")
    OrganizationFactory(company=company, name="Empty")
    people = [create_person({"firstname": name}, actor=actors.agent) for name in ("Jane", "John", "Gone")]
    add_people(acme.pk, {str(person.pk): person.pk for person in people}, actor=actors.agent)
    delete_person(people[-1].pk, actor=actors.agent)

    rows = data("{ organizations { data { name people_count } } }", actor=actors.viewer)["organizations"]

    assert rows["data"] == [
        {"name": "Acme", "people_count": 2},
        {"name": "Empty", "people_count": 0},
    ]


def test_a_too_long_name_of_a_nested_organization_is_refused_by_field(actors):
    people = "mutation ($input: PeopleInput!) { createPeople(input: $input) { id } }"
    leads = "mutation ($input: LeadInput!) { createLead(input: $input) { id } }"
    person = {"firstname": "Jane", "organization": "x" * 256}

    errors = [
        refusal(people, actor=actors.agent, variables={"input": person}),
        refusal(leads, actor=actors.agent, variables={"input": {"title": "Deal", "people": person}}),
    ]

    assert [list(one["extensions"]["validation"]) for one in errors] == [
        ["input.organization"],
        ["input.people.organization"],
    ]


def test_a_taken_tag_name_is_refused_by_field(actors):
    create = "mutation ($input: TagInput!) { createTag(input: $input) { id } }"
    data(create, actor=actors.agent, variables={"input": {"name": "VIP"}})

    same = refusal(create, actor=actors.agent, variables={"input": {"name": "vip"}})["extensions"]
    named = refusal(create, actor=actors.agent, variables={"input": {"name": "Vip", "slug": "other"}})
    slug = refusal(create, actor=actors.agent, variables={"input": {"name": "Other", "slug": "vip"}})

    assert list(same["validation"]) == ["input.name"]
    assert list(named["extensions"]["validation"]) == ["input.name"]
    assert list(slug["extensions"]["validation"]) == ["input.slug"]
