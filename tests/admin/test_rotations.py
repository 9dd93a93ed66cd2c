"""Rotations, the routing log and absences in the admin."""

from decimal import Decimal

import pytest
from django.urls import reverse

from crm.models import Absence
from leads.models import LeadRotation, LeadRotationAgent, LeadRoutingLog
from tests.admin.conftest import errors_of, form_of, messages_of, posted
from tests.graphql.leads.routing import agents_of, receiver_of, rotation_of, routed

pytestmark = pytest.mark.django_db
ADD = "/admin/leads/leadrotation/add/"


@pytest.fixture
def two(tenant):
    return agents_of(tenant, 2)


def change_of(rotation: LeadRotation) -> str:
    return reverse("admin:leads_leadrotation_change", args=[rotation.pk])


def test_a_rotation_is_created_with_its_agents(signed_in, two):
    client = signed_in("manager")
    form = {"agents-TOTAL_FORMS": 2}
    for index, user in enumerate(two):
        form |= {f"agents-{index}-user": user.pk, f"agents-{index}-percent": 60 - 20 * index}

    response = client.post(ADD, form_of(client, ADD, name="Inbound", **form))

    assert response.status_code == 302, errors_of(response)
    rotation = LeadRotation.objects.get()
    assert list(rotation.agents.order_by("pk").values_list("user", "percent")) == [
        (two[0].pk, Decimal(60)),
        (two[1].pk, Decimal(40)),
    ]
    page = client.get(change_of(rotation)).content.decode()
    assert "Rotation Inbound: Agent 1, agent 1 of 2." in page


def test_agents_that_are_changed_or_removed_keep_the_sum_of_credits(signed_in, tenant, actors, two):
    rotation = rotation_of(tenant, {two[0]: 60, two[1]: 40})
    receiver = receiver_of(rotation)
    client = signed_in("manager")
    page = client.get(change_of(rotation))
    # A lead comes in while the page is open.
    routed(actors.manager, receiver)

    form = {"agents-0-percent": 10, "agents-1-DELETE": "on"}
    response = client.post(change_of(rotation), posted(page, name="Web", **form))

    assert response.status_code == 302, errors_of(response)
    rotation.refresh_from_db()
    assert (rotation.name, rotation.hits) == ("Web", 1)
    agent = LeadRotationAgent.objects.get()
    assert (agent.user, agent.percent, agent.hits, agent.credit) == (two[0], Decimal(10), 1, 0)


def test_a_percentage_out_of_range_is_an_error_on_the_page(signed_in, two):
    client = signed_in("manager")
    form = {"agents-TOTAL_FORMS": 1, "agents-0-user": two[0].pk, "agents-0-percent": 101}

    response = client.post(ADD, form_of(client, ADD, name="Inbound", **form))

    assert response.status_code == 200
    assert "less than or equal to 100" in response.content.decode()
    assert not LeadRotation.objects.exists()


def test_a_rotation_in_use_cannot_be_deleted(signed_in, tenant, two):
    rotation = rotation_of(tenant, {two[0]: 100})
    receiver_of(rotation)
    client = signed_in("manager")

    address = reverse("admin:leads_leadrotation_delete", args=[rotation.pk])
    response = client.post(address, {"post": "yes"}, follow=True)

    assert "1 receivers still use it." in " ".join(messages_of(response))
    assert LeadRotation.objects.filter(pk=rotation.pk).exists()


def test_the_list_marks_a_rotation_without_agents(signed_in, tenant):
    rotation_of(tenant, {})

    page = signed_in("viewer").get(reverse("admin:leads_leadrotation_changelist")).content.decode()

    assert "none: assigns no leads" in page


def test_the_log_shows_the_decision_with_its_candidates(signed_in, tenant, actors, two):
    lead = routed(actors.manager, receiver_of(rotation_of(tenant, {two[0]: 60, two[1]: 40})))
    log = LeadRoutingLog.objects.get(lead=lead)

    client = signed_in("manager")
    listed = client.get(reverse("admin:leads_leadroutinglog_changelist")).content.decode()
    page = client.get(reverse("admin:leads_leadroutinglog_change", args=[log.pk])).content.decode()

    for text in (listed, page):
        assert "Rotation Inbound: Agent 1, agent 1 of 2." in text
    assert "<td>Agent 1</td><td>60.00 %</td><td>+0.00</td><td>chosen</td>" in page


def test_an_agent_can_add_only_its_own_absence(signed_in, tenant):
    client = signed_in("agent")
    address = "/admin/crm/absence/add/"

    def note(user):
        when = {"starts_at_0": "2026-07-01", "starts_at_1": "09:00"}
        when |= {"ends_at_0": "2026-07-02", "ends_at_1": "09:00"}
        return client.post(address, form_of(client, address, user=user.pk, **when))

    assert note(tenant.users["agent"]).status_code == 302
    refused = note(tenant.users["colleague"])
    assert refused.status_code == 200
    assert "This action is unauthorized." in refused.content.decode()
    assert [absence.user for absence in Absence.objects.all()] == [tenant.users["agent"]]
