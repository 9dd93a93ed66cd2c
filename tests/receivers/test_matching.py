"""Match the person nested in a lead, through a receiver and the API; a conflict makes a new person."""

from collections.abc import Callable
from typing import Any

import pytest

from leads.models import Lead, LeadReceiver
from people.models import Organization, Person
from people.services.duplicates import duplicates_of_people
from people.services.people import create_person
from tests.clients import data
from tests.factories.crm import Tenant
from tests.factories.leads import LeadReceiverFactory
from tests.factories.people import OrganizationFactory
from tests.graphql.people.matching_cases import CASES, PHONE, SPELLED, Case, as_input
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import deliver
from tests.statements import statements

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

CREATE = "mutation ($i: LeadInput!) { createLead(input: $i) { id } }"


def by_receiver(values: dict[str, Any], tenant: Tenant) -> Lead:
    receiver: LeadReceiver = LeadReceiverFactory(company=tenant.company, agent=tenant.users["agent"])
    answer = deliver(receiver, values)
    assert answer.status_code == 200, answer.content
    return Lead.objects.get(pk=answer.json()["lead_id"])


def by_create(values: dict[str, Any], tenant: Tenant) -> Lead:
    made = data(CREATE, actor=tenant.actors.agent, variables={"i": {"title": "Deal"} | values})
    return Lead.objects.get(pk=made["createLead"]["id"])


#: A new person needs a name or an e-mail address.
NAMED = {name: case for name, case in CASES.items() if case.row.keys() - {"phone"}}
DOORS = [by_receiver, by_create]


@pytest.mark.parametrize("case", NAMED.values(), ids=NAMED)
@pytest.mark.parametrize("act", DOORS)
def test_whom_a_nested_person_means(tenant, case: Case, act: Callable[..., Lead]):
    known = [create_person(as_input(row), actor=tenant.actors.agent) for row in case.known]
    before = list(Person.objects.order_by("pk").values())
    named = "firstname" in case.row and any(case.known[place].get("firstname") for place in case.means)
    # A phone alone is no match where strangers write: colleagues and families share one.
    finds = case.means and not case.refused and ("email" in case.row or named)

    lead = act({"people": as_input(case.row)}, tenant)

    assert list(Person.objects.filter(pk__in=[each.pk for each in known]).order_by("pk").values()) == before
    if finds:
        assert lead.person == known[case.means[0]]
        return
    assert lead.person not in known
    likely = {known[place].pk for place in case.means}
    assert lead.person is not None
    assert likely <= set(duplicates_of_people([lead.person], tenant.actors.agent)[lead.person.pk])


@pytest.mark.parametrize("number", [PHONE, SPELLED, "4155550600", "001 415 555 0600"])
def test_a_form_with_a_shared_phone_makes_a_person_of_its_own(tenant, number):
    rita = create_person(
        as_input({"firstname": "Rita", "email": "rita@example.com", "phone": PHONE}),
        actor=tenant.actors.agent,
    )

    lead = by_receiver({"firstname": "Omar", "email": "omar@example.com", "phone": number}, tenant)

    rita.refresh_from_db()
    assert (rita.name, rita.email, rita.version) == ("Rita", "rita@example.com", 1)
    assert lead.person is not None
    assert (lead.person.name, lead.person.email) == ("Omar", "omar@example.com")
    assert duplicates_of_people([lead.person], tenant.actors.agent) == {lead.person.pk: [rita.pk]}


@pytest.mark.parametrize("act", DOORS)
def test_a_known_person_is_found_without_a_lock(tenant, act):
    known = create_person({"firstname": "Jane", "email": "jane@example.com"}, actor=tenant.actors.agent)
    leads: list[Lead] = []

    sent = statements(lambda: leads.append(act({"people": {"email": "JANE@example.com"}}, tenant)))

    assert leads[0].person == known
    assert "SELECT crm_company" not in sent


@pytest.mark.parametrize("act", DOORS)
@pytest.mark.parametrize("name", ["STRASSE AG", "Straße  ag", "strasse\u00a0AG"])
def test_an_organization_is_found_by_its_name_key(tenant, act, name):
    known = OrganizationFactory(company=tenant.company, name="Straße AG")

    lead = act({"organization": {"name": name}}, tenant)

    assert lead.organization == known
    assert Organization.objects.count() == 1
