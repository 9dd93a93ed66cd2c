"""createLead with a nested person or organization, which is found unchanged or created."""

import pytest

from leads.models import Lead
from people.models import Organization, Person
from people.services.people import create_person
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.graphql.contact_types import type_id
from tests.graphql.leads.operations import create, create_refused, invalid, not_found

pytestmark = pytest.mark.django_db


@pytest.fixture
def jane(actors):
    return create_person(
        {
            "firstname": "Jane",
            "lastname": "Doe",
            "email": "jane@example.com",
            "contacts": [{"contacts_types_id": type_id("PHONE"), "value": "(212) 555-0100"}],
        },
        actor=actors.agent,
    )


def phone(value, kind="PHONE"):
    return [{"contacts_types_id": type_id(kind), "value": value}]


def test_person_of_the_same_email_is_linked_unchanged(jane, actors):
    answer = create(actors.agent, people={"firstname": "Janet", "email": " JANE@example.com"})

    jane.refresh_from_db()
    assert answer["people"] == {"id": str(jane.pk)}
    assert (jane.firstname, jane.email, jane.version) == ("Jane", "jane@example.com", 1)
    assert (answer["firstname"], answer["email"]) == ("Jane", "jane@example.com")


def test_email_among_the_contacts_counts_too(jane, actors):
    answer = create(actors.agent, people={"firstname": "X", "contacts": phone("jane@example.com", "EMAIL")})

    assert answer["people"] == {"id": str(jane.pk)}


@pytest.mark.parametrize("number", ["(212) 555-0100", "+1 212 555 0100", "212.555.0100"])
def test_person_of_the_same_phone_and_name_is_linked(jane, actors, number):
    answer = create(
        actors.agent, people={"firstname": "JANE", "lastname": " doe", "contacts": phone(number, "CELLPHONE")}
    )

    assert answer["people"] == {"id": str(jane.pk)}
    assert Person.objects.count() == 1


@pytest.mark.parametrize(
    ("firstname", "number", "email"),
    [
        ("Jane", "(212) 555-0199", None),
        ("Mary", "(212) 555-0100", None),
        ("Jane", "(212) 555-0100", "other@example.com"),
    ],
    ids=["other phone", "other name", "other e-mail"],
)
def test_others_are_created(jane, actors, firstname, number, email):
    values = {"firstname": firstname, "lastname": "Doe", "contacts": phone(number), "email": email}

    answer = create(actors.agent, people=values)

    created = Person.objects.exclude(pk=jane.pk).get()
    assert answer["people"] == {"id": str(created.pk)}
    assert (created.name, created.email) == (f"{firstname} Doe", email)


def test_two_equal_matches_are_no_match(jane, tenant, actors):
    twin = PersonFactory(company=tenant.company, email="jane@example.com")

    answer = create(actors.agent, people={"email": "jane@example.com"})

    assert Person.objects.count() == 3
    assert answer["people"]["id"] not in (str(jane.pk), str(twin.pk))


def test_person_of_another_company_or_deleted_is_not_found_by_email(actors, other_actors):
    create_person({"firstname": "Foreign", "email": "jane@example.com"}, actor=other_actors.agent)

    answer = create(actors.agent, people={"email": "jane@example.com"})

    created = Person.objects.get(pk=answer["people"]["id"])
    assert (created.company_id, created.firstname) == (actors.agent.company_id, None)


def test_person_by_id_inside(jane, actors, other_tenant):
    foreign = PersonFactory(company=other_tenant.company)

    assert create(actors.agent, people={"id": jane.pk, "firstname": "X"})["people"] == {"id": str(jane.pk)}
    assert create_refused(actors.agent, people={"id": foreign.pk}) == not_found("input.people.id")


@pytest.mark.parametrize(
    ("people", "extensions"),
    [
        (
            {"firstname": "X", "email": "no e-mail"},
            invalid(people__email="Enter a valid email address."),
        ),
        (
            {},
            invalid(people__firstname="Enter a first name, a last name or an e-mail address."),
        ),
        (
            {"firstname": "X", "contacts": [{"contacts_types_id": "999999", "value": "1"}]},
            not_found("input.people.contacts.0.contacts_types_id"),
        ),
        ({"firstname": "X", "organizations_id": ["999999"]}, not_found("input.people.organizations_id.0")),
        ({"firstname": "X", "company_id": "999999"}, not_found("input.people.company_id")),
    ],
    ids=["e-mail", "nothing", "contact type", "organization", "company"],
)
def test_refusals_inside_the_person(actors, people, extensions):
    assert create_refused(actors.agent, people=people) == extensions
    assert Lead.objects.count() == Person.objects.count() == 0


@pytest.mark.parametrize("name", ["people", "organization"])
def test_id_and_object_exclude_each_other(jane, tenant, actors, name):
    key = {"people": jane.pk, "organization": OrganizationFactory(company=tenant.company).pk}[name]

    extensions = create_refused(
        actors.agent, **{f"{name}_id": key, name: {"people": {"firstname": "X"}}.get(name, {"name": "X"})}
    )

    assert extensions == invalid(**{f"{name}_id": f"Give {name}_id or {name}, not both."})
    assert Lead.objects.count() == 0


def test_organization_of_the_same_name_is_linked_and_gets_the_person(jane, tenant, actors):
    oldest = OrganizationFactory(company=tenant.company, name="École %")
    OrganizationFactory(company=tenant.company, name="École %")

    answer = create(actors.agent, people_id=jane.pk, organization={"name": " éCOLE % ", "city": "Paris"})

    oldest.refresh_from_db()
    assert answer["organization"] == {"id": str(oldest.pk)}
    # Its columns stay, but it has one person more.
    assert (oldest.city, oldest.version) == (None, 2)
    assert list(jane.organizations.all()) == [oldest]


def test_new_organization_is_created(jane, actors):
    answer = create(actors.agent, organization={"name": "Initech", "city": "Austin"})

    created = Organization.objects.get()
    assert answer["organization"] == {"id": str(created.pk)}
    assert (created.name, created.city, created.user_id) == ("Initech", "Austin", actors.agent.user_id)


@pytest.mark.parametrize(
    ("organization", "extensions"),
    [
        ({}, invalid(organization__name="Give the organization a name.")),
        ({"name": " "}, invalid(organization__name="Give the organization a name.")),
        (
            {"name": "X", "email": "no e-mail"},
            invalid(organization__email="Enter a valid email address."),
        ),
        ({"id": "999999"}, not_found("input.organization.id")),
    ],
)
def test_refusals_inside_the_organization(actors, organization, extensions):
    assert create_refused(actors.agent, organization=organization) == extensions
    assert Lead.objects.count() == Organization.objects.count() == 0


def test_refused_lead_leaves_no_person_behind(actors):
    create_refused(actors.agent, title="", people={"firstname": "New"}, organization={"name": "New"})

    assert Person.objects.count() == Organization.objects.count() == 0
