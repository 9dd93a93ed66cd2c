"""The page of a new lead, which makes its person and organization too."""

from typing import Any

import pytest

from leads.models import Lead
from people.models import Organization, Person
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.conftest import errors_of, form_of

ADD = "/admin/leads/lead/add/"


@pytest.fixture
def add(signed_in: Any, db: None) -> Any:
    client = signed_in("agent")
    return lambda **fields: client.post(ADD, form_of(client, ADD, **fields))


def test_person_and_organization_are_made_with_the_lead(add, tenant):
    response = add(
        title="Website request",
        amount="1200",
        firstname="Grace",
        lastname="Okafor",
        email="grace@example.com",
        phone="+1 212 555 0100",
        organization_name="Brightwater",
    )

    assert response.status_code == 302
    lead: Any = Lead.objects.get(title="Website request")
    assert (lead.person.name, lead.person.email) == ("Grace Okafor", "grace@example.com")
    assert [contact.value for contact in lead.person.contacts.filter(type__kind="PHONE")] == [
        "+1 212 555 0100"
    ]
    assert lead.organization.name == "Brightwater"
    assert list(lead.person.organizations.all()) == [lead.organization]
    assert (lead.email, lead.phone) == ("grace@example.com", "+1 212 555 0100")


def test_known_ones_are_taken_and_not_changed(add, tenant):
    grace = create_person({"firstname": "Grace", "email": "grace@example.com"}, actor=tenant.actors.agent)
    acme = create_organization({"name": "Acme"}, actor=tenant.actors.agent)

    add(title="Again", firstname="G.", email="GRACE@example.com", organization_name="ACME")

    lead: Any = Lead.objects.get(title="Again")
    assert (lead.person, lead.organization) == (grace, acme)
    grace.refresh_from_db()
    assert grace.firstname == "Grace"
    assert Person.objects.count() == Organization.objects.count() == 1


def test_similar_names_are_shown_before_anything_is_stored(add, tenant):
    create_organization({"name": "Nordlicht GmbH"}, actor=tenant.actors.agent)

    response = add(title="Offer", organization_name="Nordlicht")

    [warning] = errors_of(response)["__all__"]
    assert "Nordlicht GmbH" in warning
    assert "/admin/people/organization/" in warning
    assert not Lead.objects.exists()
    assert add(title="Offer", organization_name="Nordlicht", save_anyway="on").status_code == 302
    stored: Any = Lead.objects.get()
    assert stored.organization.name == "Nordlicht"


def test_a_contact_that_is_no_person_is_kept_with_the_lead_alone(add):
    add(title="Anonymous", firstname="Info", email="info@example.com", keep_person="")

    assert Lead.objects.get().person is None
    assert not Person.objects.exists()


def test_a_number_alone_is_no_person(add):
    add(title="Called", phone="+1 212 555 0100")

    assert (Lead.objects.get().person, Lead.objects.get().phone) == (None, "+1 212 555 0100")


def test_a_refused_person_leaves_nothing_behind(add):
    response = add(title="Broken", firstname="Grace", email="nobody@", organization_name="Brightwater")

    assert "email" in errors_of(response)
    assert not Lead.objects.exists()
    assert not Organization.objects.exists()


def test_one_organization_is_chosen_or_named(add, tenant):
    acme = create_organization({"name": "Acme"}, actor=tenant.actors.agent)

    response = add(title="Two", organization=acme.pk, organization_name="Brightwater")

    assert errors_of(response)["organization_name"] == ["Choose one, or name a new one: not both."]
