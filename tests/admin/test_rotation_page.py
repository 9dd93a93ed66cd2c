"""The page of a rotation: a simulation that writes nothing, and the log of its decisions."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models import Membership
from leads.models import LeadRotation
from leads.services.leads import delete_lead
from tests.graphql.leads.routing import agents_of, receiver_of, rotation_of, routed
from tests.stored import read_all

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(tenant):
    return agents_of(tenant, 2)


@pytest.fixture
def rotation(tenant, two):
    return rotation_of(tenant, {two[0]: 60, two[1]: 40})


def page(rotation):
    return reverse("admin:leads_leadrotation_turns", args=[rotation.pk])


def names_of(context):
    return [str(each["user"]) for each in context["turns"]]


def test_the_next_leads_are_shared_out_as_they_will_be_and_nothing_is_written(
    signed_in, tenant, actors, two, rotation
):
    client = signed_in("manager")
    client.get(page(rotation))
    before = read_all()

    context = client.get(page(rotation)).context_data

    after = read_all()
    assert {table: rows for table, rows in after.items() if rows != before[table]}.keys() <= {
        "django_session"
    }
    told = names_of(context)
    assert len(told) == 20
    assert [(agent["name"], agent["next"]) for agent in context["agents"]] == [
        ("Agent 1", 12),
        ("Agent 2", 8),
    ]
    receiver = receiver_of(rotation)
    assert [str(routed(actors.manager, receiver).owner) for _ in range(5)] == told[:5]


def test_other_percentages_are_tried(signed_in, two, rotation):
    client = signed_in("manager")
    first, second = rotation.agents.order_by("pk")

    tried = client.get(page(rotation), {f"percent_{first.pk}": "0", "count": "50"}).context_data
    wrong = client.get(page(rotation), {f"percent_{first.pk}": "101"})

    assert (tried["is_changed"], len(tried["turns"])) == (True, 50)
    assert [(agent["next"], agent["skipped"]) for agent in tried["agents"]] == [(0, "percent 0"), (50, None)]
    assert wrong.context_data["refusal"] == "A percentage is between 0 and 100."
    # As it was typed, to be mended.
    assert [agent["percent"] for agent in wrong.context_data["agents"]] == ["101", "40"]
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.percent, second.percent) == (60, 40)


def test_an_agent_who_takes_none_is_shown_with_the_reason_and_stays_so(signed_in, two, rotation):
    Membership.objects.filter(user=two[0]).update(capacity=0)
    first = rotation.agents.order_by("pk").first()

    shown = signed_in("manager").get(page(rotation), {f"percent_{first.pk}": "90"})

    assert [agent["skipped"] for agent in shown.context_data["agents"]] == ["at capacity", None]
    assert "Takes none: at capacity" in shown.content.decode()


def test_the_log_tells_who_got_which_lead_and_why(signed_in, actors, rotation):
    receiver = receiver_of(rotation)
    kept, gone = (routed(actors.manager, receiver, title=title) for title in ("Kept", "Gone"))
    delete_lead(gone.pk, actor=actors.manager)

    shown = signed_in("manager").get(page(rotation))

    text = shown.content.decode()
    assert [(each["row"].lead.title, str(each["row"].user)) for each in shown.context_data["log"]] == [
        ("Gone", "Agent 2"),
        ("Kept", "Agent 1"),
    ]
    assert reverse("admin:leads_lead_change", args=[kept.pk]) in text
    assert "Gone (deleted)" in text
    assert "Rotation Inbound: Agent 1, agent 1 of 2." in text


def test_managers_alone_see_their_own_rotations(signed_in, tenant, rotation, other_tenant):
    foreign = LeadRotation.objects.create(company=other_tenant.company, name="Foreign")
    empty = rotation_of(tenant, {})
    client = signed_in("manager")
    listed = reverse("admin:leads_leadrotation_changelist")

    assert [signed_in(role).get(page(rotation)).status_code for role in ("viewer", "agent")] == [403, 403]
    assert client.get(page(foreign)).status_code == 404
    assert "has no agents" in client.get(page(empty)).content.decode()
    assert page(rotation) in client.get(listed).content.decode()
    assert page(rotation) not in signed_in("viewer").get(listed).content.decode()


def test_the_number_of_statements_does_not_grow(signed_in, tenant, actors, rotation):
    client = signed_in("manager")
    counts = []
    for number in (1, 6):
        receiver = receiver_of(rotation)
        for _ in range(number):
            routed(actors.manager, receiver)
        client.get(page(rotation))
        with CaptureQueriesContext(connection) as captured:
            assert client.get(page(rotation)).status_code == 200
        counts.append(len(captured))

    assert counts[0] == counts[1]
