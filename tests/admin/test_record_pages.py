"""The pages of leads, people and organizations around their forms."""

import re
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.admin.reach import call_address, mail_address
from crm.services.activities import create_activity
from leads.services.closing import close_lead
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, update_lead
from people.models import ContactKind, ContactType
from people.services.organizations import create_organization
from people.services.people import create_person
from pipelines.models import Stage
from pipelines.services.pipelines import create_pipeline
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

CURRENT = 'aria-current="step"'
START = datetime(2026, 3, 2, 9, tzinfo=ZoneInfo("UTC"))


def make_lead(values: dict[str, Any], *, actor: Any) -> Any:
    return create_lead(cast(LeadValues, values), actor=actor)


def page(record: Any) -> str:
    return reverse(f"admin:{record._meta.app_label}_{record._meta.model_name}_change", args=[record.pk])


def panels(response: Any) -> dict[str, list[str]]:
    return {panel.title: [row.text for row in panel.rows] for panel in response.context["panels"]}


@pytest.fixture
def grace(tenant: Any) -> Any:
    phone = ContactType.objects.filter(kind=ContactKind.PHONE).order_by("pk").first()
    assert phone is not None
    return create_person(
        {
            "firstname": "Grace",
            "lastname": "Okafor",
            "email": "grace@example.com",
            "organization": "Brightwater",
            "contacts": [{"contacts_types_id": phone.pk, "value": "+1 212 555 0100"}],
        },
        actor=tenant.actors.agent,
    )


def test_a_lead_shows_its_facts_and_its_way(signed_in, tenant, grace):
    stages = list(Stage.objects.filter(company=tenant.company).order_by("weight"))
    actor = tenant.actors.agent
    with time_machine.travel(START, tick=False) as clock:
        lead = make_lead(
            {"title": "Deal", "people_id": grace.pk, "amount": "1250.50", "currency": "EUR"}, actor=actor
        )
        clock.shift(timedelta(days=3))
        update_lead(lead.pk, {"pipeline_stage_id": stages[2].pk}, actor=actor)
        clock.shift(timedelta(days=5))
        response = signed_in("agent").get(page(lead))

    facts = {fact.label: (fact.text, fact.address) for fact in response.context["facts"]}
    assert facts["Value"][0] == "1,250.50 EUR"
    assert facts["Person"] == ("Grace Okafor", page(grace))
    assert facts["E-mail"] == ("grace@example.com", "mailto:grace@example.com")
    assert facts["Phone"] == ("+1 212 555 0100", "tel:+12125550100")
    steps = response.context["steps"]
    assert [step.days for step in steps[:4]] == [3, None, 5, None]
    assert [step.is_current for step in steps[:4]] == [False, False, True, False]
    assert [step.is_passed for step in steps[:3]] == [True, True, False]


def test_a_lead_is_moved_closed_and_reopened_on_its_page(signed_in, tenant):
    lead = make_lead({"title": "Deal"}, actor=tenant.actors.agent)
    last = Stage.objects.filter(company=tenant.company).order_by("-weight").first()
    assert last is not None
    client = signed_in("agent")

    def act(**fields: Any) -> Any:
        lead.refresh_from_db()
        context = client.get(page(lead)).context
        sent = {"version": lead.version, "next": context["here"], **fields}
        return client.post(context["move_address"], sent, follow=True)

    # The links of the page ask what they say: why the lead is lost, or which pipeline.
    text = client.get(page(lead)).content.decode()
    link = f'hx-get="{reverse("admin:leads_lead_move", args=[lead.pk])}?outcome=lost&amp;next={page(lead)}"'
    assert link in text
    moved = act(stage=last.pk)
    assert moved.redirect_chain[-1][0] == page(lead)
    assert [step.stage for step in moved.context["steps"] if step.is_current] == [last]
    won = act(outcome="won")
    assert (won.context["ending"], won.context["is_open"]) == ("Won", False)
    # Its way is over: no stage is the current one.
    assert [CURRENT in answer.content.decode() for answer in (moved, won)] == [True, False]
    reopened = act(outcome="reopen")
    assert (reopened.context["ending"], reopened.context["is_open"]) == ("", True)


def test_what_is_next_stands_in_the_head_and_a_lead_is_followed(signed_in, tenant, grace):
    actor, client = tenant.actors.agent, signed_in("agent")
    lead = make_lead({"title": "Deal", "leads_owner_id": tenant.users["colleague"].pk}, actor=actor)
    for record in (lead, grace):
        about: Any = {"entity_type": record.entity_kind, "entity_id": record.pk, "kind": "TASK"}
        create_activity(cast(Any, {**about, "subject": "Some day"}), actor=actor)
        late = create_activity(cast(Any, {**about, "subject": "Call back", "due_at": START}), actor=actor)

        facts = {fact.label: fact for fact in client.get(page(record)).context["facts"]}

        assert facts["Next activity"].text.endswith("Call back")
        assert (facts["Next activity"].address, facts["Next activity"].is_late) == (page(late), True)
    address = reverse("admin:leads_lead_follow", args=[lead.pk])
    for wanted in ("0", "1", "1", "0"):
        answer = client.post(address, {"follow": wanted}, follow=True)
        assert answer.context["follows"] is (wanted == "1")
    assert signed_in("viewer").post(address, {"follow": "1"}).status_code == 403


def test_viewers_see_the_way_and_cannot_move(signed_in, tenant):
    lead = make_lead({"title": "Deal"}, actor=tenant.actors.agent)

    response = signed_in("viewer").get(page(lead))

    assert response.context["may_move"] is False
    assert 'name="outcome"' not in response.content.decode()
    assert "Move to" not in response.content.decode()


def test_people_and_organizations_show_their_leads_and_colleagues(signed_in, tenant, grace):
    actor = tenant.actors.agent
    organization = grace.organizations.get()
    shared = {"people_id": grace.pk, "organization_id": organization.pk, "currency": "EUR"}
    lost = make_lead({"title": "Old", "amount": 5, **shared}, actor=actor)
    close_lead(lost.pk, "lost", actor=actor, reason_lost="No budget")
    for amount in (10, 20):
        make_lead({"title": f"New {amount}", "amount": amount, **shared}, actor=actor)
    client = signed_in("agent")

    person = client.get(page(grace))
    of_organization = client.get(page(organization))

    assert panels(person)["Leads"] == ["New 20", "New 10", "Old"]
    assert panels(of_organization) == {"Leads": ["New 20", "New 10", "Old"], "People": ["Grace Okafor"]}
    [leads] = [panel for panel in of_organization.context["panels"] if panel.title == "Leads"]
    assert leads.sums == "30 EUR open"
    assert client.get(leads.address).context["cl"].result_count == 3
    [people] = [panel for panel in of_organization.context["panels"] if panel.title == "People"]
    assert [str(row) for row in client.get(people.address).context["cl"].result_list] == ["Grace Okafor"]
    # The address of the add page fills in what the panel is about.
    assert client.get(leads.add).context["adminform"].form.initial["organization"] == str(organization.pk)


def test_hidden_leads_are_in_no_panel(signed_in, tenant, grace):
    owned = {"leads_owner_id": tenant.users["agent"].pk, "people_id": grace.pk}
    make_lead({"title": "Hidden", **owned}, actor=tenant.actors.agent)
    tenant.company.lead_visibility = "OWN"
    tenant.company.save(update_fields=["lead_visibility"])

    assert panels(signed_in("colleague").get(page(grace)))["Leads"] == []
    assert panels(signed_in("agent").get(page(grace)))["Leads"] == ["Hidden"]


def test_possible_duplicates_are_compared_and_merged_from_the_page(signed_in, tenant, grace):
    twin = create_person({"firstname": "G.", "email": "grace@example.com"}, actor=tenant.actors.agent)
    client = signed_in("manager")

    response = client.get(page(grace))
    [panel] = [panel for panel in response.context["panels"] if panel.title == "May be the same"]
    compared = client.post(
        panel.address, {"action": "merge_selected", "_selected_action": list(panel.compared)}
    )

    assert [row.text for row in panel.rows] == [str(twin)]
    assert set(compared.context["rows"]) == {grace, twin}
    assert "May be the same" not in panels(
        signed_in("viewer").get(page(PersonFactory(company=tenant.company)))
    )


def test_lists_of_records_that_are_not_there_are_empty(signed_in, tenant, other_tenant):
    LeadFactory(company=tenant.company)
    foreign = PersonFactory(company=other_tenant.company)

    for value in (str(foreign.pk), "0", "none"):
        found = signed_in("agent").get(f"/admin/leads/lead/?person={value}").context["cl"]
        assert found.result_count == 0, value


def test_the_pages_cost_the_same_for_any_number_of_leads(signed_in, tenant):
    organization = create_organization({"name": "Acme"}, actor=tenant.actors.agent)
    client = signed_in("agent")
    counted = []
    for number in (1, 12):
        for _ in range(number):
            person = PersonFactory(company=tenant.company)
            person.organizations.add(organization)
            LeadFactory(company=tenant.company, organization=organization, person=person)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.get(page(organization))
        counted.append(len(captured))

    assert counted[0] == counted[1]


def test_addresses_of_telephones_and_e_mails_hold_nothing_else():
    assert call_address("+49 (0)30 12/34 ext. 5") == "tel:+49301234"
    assert mail_address("a&b?subject=x@example.com") == "mailto:a%26b%3Fsubject%3Dx@example.com"


def test_every_fact_that_is_edited_in_place_has_a_pencil(signed_in, tenant):
    lead = make_lead({"title": "Deal", "amount": 5}, actor=tenant.actors.agent)

    html = signed_in("agent").get(page(lead)).content.decode()

    facts = re.findall(r'<a class="edit-fact".*?</a>', html, re.DOTALL)
    assert len(facts) == 7
    assert all("#pencil" in fact for fact in facts)


def test_another_pipeline_is_offered_where_there_is_one(signed_in, tenant):
    lead = make_lead({"title": "Deal"}, actor=tenant.actors.agent)
    client = signed_in("agent")

    assert "Other pipeline" not in client.get(page(lead)).content.decode()
    create_pipeline({"name": "Partners", "stages": [{"name": "Hello"}]}, actor=tenant.actors.manager)
    assert "Other pipeline" in client.get(page(lead)).content.decode()


def test_an_address_in_two_spellings_is_one_fact(signed_in, tenant):
    kind = ContactType.objects.filter(kind=ContactKind.EMAIL).first()
    assert kind is not None
    person = create_person(
        {
            "firstname": "Ada",
            "email": "ada@example.com",
            "contacts": [{"contacts_types_id": kind.pk, "value": "ADA@example.com"}],
        },
        actor=tenant.actors.agent,
    )

    facts = signed_in("agent").get(page(person)).context["facts"]

    assert [fact.text for fact in facts if fact.label == "E-mail"] == ["ada@example.com"]
