"""The page of a new lead, which makes its person and organization too."""

from typing import Any

import pytest
from django.urls import reverse

from leads.models import Lead
from people.models import Organization, Person
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.admin.conftest import errors_of, form_of
from tests.factories.leads import LeadFactory

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


def test_the_page_of_the_new_record_opens(signed_in, tenant):
    client = signed_in("agent")
    for address, model, fields in (
        (ADD, Lead, {"title": "Offer"}),
        ("/admin/people/person/add/", Person, {"firstname": "Grace"}),
        ("/admin/people/organization/add/", Organization, {"name": "Acme"}),
    ):
        saved = client.post(address, form_of(client, address, **fields, _save="1", save_anyway="on"))
        row: Any = model.objects.get()
        assert saved.url == reverse(
            f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[row.pk]
        )
        again = client.post(address, form_of(client, address, **fields, _addanother="1", save_anyway="on"))
        assert again.url == address


@pytest.mark.parametrize("way", ["chosen", "recognised"])
def test_a_person_brings_the_organization_along(add, tenant, way):
    actor = tenant.actors.agent
    acme = create_organization({"name": "Acme"}, actor=actor)
    grace = create_person(
        {"firstname": "Grace", "email": "grace@example.com", "organizations_id": [acme.pk]}, actor=actor
    )
    other = create_organization({"name": "Brightwater"}, actor=actor)
    person = {"person": grace.pk} if way == "chosen" else {"email": "grace@example.com"}

    add(title="Theirs", **person)
    add(title="Another", **person, organization=other.pk, save_anyway="on")
    add(title="New", **person, organization_name="Nordlicht", save_anyway="on")
    # The person now has several: nobody can tell which is meant.
    add(title="Which", **person, save_anyway="on")

    organizations = dict(Lead.objects.values_list("title", "organization__name"))
    assert organizations == {"Theirs": "Acme", "Another": "Brightwater", "New": "Nordlicht", "Which": None}


def test_a_person_who_is_chosen_later_brings_the_organization_too(signed_in, tenant):
    actor, client = tenant.actors.agent, signed_in("agent")
    acme = create_organization({"name": "Acme"}, actor=actor)
    grace = create_person({"firstname": "Grace", "organizations_id": [acme.pk]}, actor=actor)
    lead = LeadFactory(company=tenant.company)
    address = reverse("admin:leads_lead_change", args=[lead.pk])

    client.post(address, form_of(client, address, person=grace.pk))
    lead.refresh_from_db()
    assert (lead.person, lead.organization) == (grace, acme)
    # What is taken away stays away.
    client.post(address, form_of(client, address, organization=""))
    lead.refresh_from_db()
    assert (lead.person, lead.organization) == (grace, None)


def test_what_is_asked_first_stands_first(signed_in):
    page = signed_in("agent").get(ADD).content.decode()

    assert page.index("id_expected_close_on") < page.index("id_stage") < page.index("id_person")
    assert 'class="required" for="id_title"' in page
