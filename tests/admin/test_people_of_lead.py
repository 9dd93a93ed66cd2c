"""The people of a lead with their roles: named, changed and removed on its page."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from leads.models import LeadPerson
from leads.services.involvement import add_person
from leads.services.leads import create_lead
from leads.services.relationships import create_relationship
from people.services.people import create_person
from tests.admin.conftest import form_of, messages_of
from tests.admin.rows import page

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


@pytest.fixture
def jane(actors):
    return create_person({"firstname": "Jane"}, actor=actors.agent)


@pytest.fixture
def role(actors):
    return create_relationship({"name": "Decision maker"}, actor=actors.manager)


def address(record):
    return reverse(page(record, "change"), args=[record.pk])


def people(lead):
    return reverse("admin:leads_lead_people", args=[lead.pk])


def named(lead):
    return [(row.person, row.relationship) for row in LeadPerson.objects.filter(lead=lead).order_by("pk")]


def panel(answer, title):
    return next((panel for panel in answer.context["panels"] if panel.title == title), None)


def test_a_person_is_named_gets_another_role_and_is_removed(lead, jane, role, actors, signed_in):
    other = create_relationship({"name": "Influencer"}, actor=actors.manager)
    client = signed_in("agent")
    typed = form_of(client, address(lead), description="Typed before")

    def send(**fields):
        return client.post(people(lead), {"person": jane.pk, **fields}, follow=True)

    added = send(relationship=role.pk)
    assert named(lead) == [(jane, role)]
    assert added.redirect_chain[-1][0] == address(lead)
    assert messages_of(added) == ["Jane is named on this lead as Decision maker."]
    [row] = panel(added, "People and roles").shown["people"]
    assert (row["person"], row["role"], row["address"]) == (jane, role, address(jane))

    assert messages_of(send(relationship=other.pk)) == ["Jane is named on this lead as Influencer."]
    assert named(lead) == [(jane, other)]
    of_jane = panel(client.get(address(jane)), "Named on leads").rows
    assert [(row.text, row.address, row.about.split(" · ")[0]) for row in of_jane] == [
        ("Deal", address(lead), "Influencer")
    ]

    removed = send(remove="1")
    assert named(lead) == []
    assert "Jane was removed from this lead." in removed.content.decode()
    assert f'name="relationship" value="{other.pk}"' in removed.content.decode()
    assert panel(client.get(address(jane)), "Named on leads") is None
    assert messages_of(send(relationship="")) == ["Jane is named on this lead, without a role."]
    assert named(lead) == [(jane, None)]
    # The form of the page was open all the while.
    assert client.post(address(lead), typed).status_code == 302


def test_who_and_what_is_unknown_or_foreign_changes_nothing(
    lead, jane, role, actors, other_actors, signed_in
):
    stranger = create_person({"firstname": "Eve"}, actor=other_actors.agent)
    foreign_role = create_relationship({"name": "Boss"}, actor=other_actors.manager)
    foreign = create_lead({"title": "Deal"}, actor=other_actors.agent)
    client = signed_in("agent")

    for fields in (
        {"person": stranger.pk},
        {"person": "0"},
        {"person": ""},
        {"person": jane.pk, "relationship": foreign_role.pk},
    ):
        answer = client.post(people(lead), fields, follow=True)
        assert messages_of(answer) == ["Nothing was changed: choose a person."], fields
    assert client.post(people(foreign), {"person": jane.pk}).status_code == 404
    assert client.get(people(lead)).status_code == 405
    # One who is gone already.
    answer = client.post(people(lead), {"person": jane.pk, "remove": "1"}, follow=True)
    assert len(messages_of(answer)) == 1
    assert LeadPerson.objects.count() == 0


def test_viewers_see_roles_and_change_none(lead, jane, role, actors, signed_in):
    add_person(lead.pk, jane.pk, actor=actors.agent, relationship_key=role.pk)
    client = signed_in("viewer")

    shown = client.get(address(lead)).content.decode()

    assert "<small>Decision maker</small>" in shown
    assert people(lead) not in shown
    assert client.post(people(lead), {"person": jane.pk, "remove": "1"}).status_code == 403
    assert named(lead) == [(jane, role)]


def test_a_person_shows_no_hidden_leads(lead, jane, actors, signed_in, tenant):
    owned: Any = {"title": "Hidden", "leads_owner_id": tenant.users["agent"].pk}
    hidden = create_lead(owned, actor=actors.agent)
    add_person(hidden.pk, jane.pk, actor=actors.agent)
    tenant.company.lead_visibility = "OWN"
    tenant.company.save(update_fields=["lead_visibility"])

    assert panel(signed_in("colleague").get(address(jane)), "Named on leads") is None
    assert panel(signed_in("agent").get(address(jane)), "Named on leads").rows[0].text == "Hidden"


def test_managers_are_led_to_the_set_up_of_roles_where_there_are_none(lead, actors, signed_in):
    roles = reverse("admin:people_peoplerelationship_changelist")
    side = [
        panel(signed_in(member).get(address(lead)), "People and roles").shown["roles_address"]
        for member in ("manager", "agent")
    ]
    assert side == [roles, ""]


def test_statements_do_not_grow_with_the_people(lead, role, actors, signed_in):
    client = signed_in("agent")
    shared = create_person({"firstname": "Jane"}, actor=actors.agent)

    def statements(number):
        for _ in range(number):
            person = create_person({"firstname": "Joan"}, actor=actors.agent)
            add_person(lead.pk, person.pk, actor=actors.agent, relationship_key=role.pk)
            further = create_lead({"title": "Deal"}, actor=actors.agent)
            add_person(further.pk, shared.pk, actor=actors.agent, relationship_key=role.pk)
        counted = []
        for record in (lead, shared):
            with CaptureQueriesContext(connection) as queries:
                client.get(address(record))
            counted.append(len(queries))
        return counted

    statements(1)
    assert statements(1) == statements(9)
