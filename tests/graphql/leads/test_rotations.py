"""Rotations: create, update, delete, list and simulate."""

from typing import Any

import pytest

from crm.models import Membership, User
from leads.models import LeadReceiver, LeadRotation, LeadRotationAgent, LeadRoutingLog
from tests.clients import data, refusal
from tests.graphql.leads.routing import agents_of, receiver_of, rotation_of, routed
from tests.stored import read_all

pytestmark = pytest.mark.django_db

FIELDS = """id name leads_rotations_email hits company { id }
  agents { id percent phone hits user { id displayname } }"""
CREATE = f"mutation ($input: LeadRotationInput!) {{ createLeadRotation(input: $input) {{ {FIELDS} }} }}"
UPDATE = f"""mutation ($id: ID!, $input: LeadRotationInput!) {{
  updateLeadRotation(id: $id, input: $input) {{ {FIELDS} }} }}"""
DELETE = "mutation ($id: ID!, $other: ID) { deleteLeadRotation(id: $id, replacement_id: $other) }"
SIMULATE = """query ($id: ID!, $count: Int!) { simulateLeadRotation(id: $id, count: $count) {
  number reason candidates user { id displayname role } } }"""


@pytest.fixture
def two(tenant):
    return agents_of(tenant, 2)


@pytest.fixture
def rotation(tenant, two):
    return rotation_of(tenant, {two[0]: 60, two[1]: 40})


def share(user: Any, percent: float, **values: Any) -> dict[str, Any]:
    return {"users_id": str(user.pk), "percent": percent, **values}


def create(actor: Any, **values: Any) -> Any:
    return data(CREATE, actor=actor, variables={"input": {"name": "Inbound", **values}})["createLeadRotation"]


def update(actor: Any, rotation: LeadRotation, **values: Any) -> Any:
    variables = {"id": str(rotation.pk), "input": values}
    return data(UPDATE, actor=actor, variables=variables)["updateLeadRotation"]


def refused(document: str, actor: Any, **variables: Any) -> dict[str, Any]:
    """Return the extensions of a refusal that changed nothing."""
    before = read_all()
    extensions: dict[str, Any] = refusal(document, actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


def invalid(**messages: str) -> dict[str, Any]:
    validation = {path.replace("__", "."): [message] for path, message in messages.items()}
    return {"code": "VALIDATION", "validation": validation}


def test_a_rotation_needs_only_a_name(actors, company):
    created = create(actors.manager)

    assert created == {
        "id": created["id"],
        "name": "Inbound",
        "leads_rotations_email": None,
        "hits": 0,
        "company": {"id": str(company.pk)},
        "agents": [],
    }
    [turn] = data(SIMULATE, actor=actors.manager, variables={"id": created["id"], "count": 1})[
        "simulateLeadRotation"
    ]
    assert turn == {
        "number": 1,
        "user": None,
        "reason": "Rotation Inbound: nobody can take leads: it has no agents.",
        "candidates": [],
    }


def test_agents_get_their_percentages(actors, two):
    agents = [share(two[0], 33.3333, phone="+1-555-0100"), share(two[1], 0, hits=99)]

    created = create(actors.manager, leads_rotations_email="sales@example.com", agents=agents, hits=99)

    assert created["leads_rotations_email"] == "sales@example.com"
    assert created["hits"] == 0
    assert [{key: row[key] for key in ("percent", "phone", "hits")} for row in created["agents"]] == [
        {"percent": 33.3333, "phone": "+1-555-0100", "hits": 0},
        {"percent": 0.0, "phone": None, "hits": 0},
    ]
    assert [row["user"]["displayname"] for row in created["agents"]] == ["Agent 1", "Agent 2"]


@pytest.mark.parametrize(
    ("percent", "message"),
    [
        (-1, "A percentage is between 0 and 100."),
        (100.0001, "A percentage is between 0 and 100."),
        (1e308, "A percentage is between 0 and 100."),
        (0.00001, "A percentage has at most four decimal places."),
    ],
)
def test_percentages_are_validated(actors, two, percent, message):
    values = {"name": "Inbound", "agents": [share(two[0], 50), share(two[1], percent)]}

    assert refused(CREATE, actors.manager, input=values) == invalid(input__agents__1__percent=message)


def test_agents_may_own_leads_and_are_listed_once(actors, tenant, two, other_tenant):
    def error_for(*agents: Any) -> dict[str, Any]:
        return refused(CREATE, actors.manager, input={"name": "Inbound", "agents": list(agents)})

    viewer, stranger = tenant.users["viewer"], other_tenant.users["agent"]
    needs = "An agent is an active member who is not a viewer."
    assert error_for(share(viewer, 50)) == invalid(input__agents__0__users_id=needs)
    once = "This user is in the rotation already."
    assert error_for(share(two[0], 50), share(two[0], 50)) == invalid(input__agents__1__users_id=once)
    unknown = {"code": "NOT_FOUND", "argument": "input.agents.1.users_id"}
    assert error_for(share(two[0], 50), share(stranger, 50)) == unknown


def test_names_and_addresses_are_checked(actors, rotation):
    need = "This field cannot be blank."
    assert refused(CREATE, actors.manager, input={}) == invalid(input__name=need)
    null = "This field cannot be null."
    variables = {"id": str(rotation.pk), "input": {"name": None}}
    assert refused(UPDATE, actors.manager, **variables) == invalid(input__name=null)
    wrong = refused(CREATE, actors.manager, input={"name": "In", "leads_rotations_email": "nobody"})
    assert list(wrong["validation"]) == ["input.leads_rotations_email"]


def test_absent_fields_stay_and_the_list_of_agents_replaces_the_set(actors, rotation, two, tenant):
    receiver = receiver_of(rotation)
    for _ in range(3):
        routed(actors.manager, receiver)
    kept = LeadRotationAgent.objects.get(user=two[0])

    renamed = update(actors.manager, rotation, name="Web")
    assert (renamed["name"], renamed["hits"], len(renamed["agents"])) == ("Web", 3, 2)

    agents = [share(two[0], 10), share(tenant.users["colleague"], 90)]
    changed = update(actors.manager, rotation, agents=agents)
    assert [(row["percent"], row["hits"]) for row in changed["agents"]] == [(10.0, kept.hits), (90.0, 0)]
    assert changed["agents"][0]["id"] == str(kept.pk)
    # What the one who left was owed is owed to those who stay.
    assert sum(LeadRotationAgent.objects.values_list("credit", flat=True)) == 0
    assert update(actors.manager, rotation, agents=[])["agents"] == []


def test_an_agent_who_can_no_longer_own_leads_can_stay(actors, rotation, two):
    Membership.objects.filter(user=two[1]).update(is_active=False)

    changed = update(actors.manager, rotation, agents=[share(two[0], 1), share(two[1], 2)])

    assert [row["percent"] for row in changed["agents"]] == [1.0, 2.0]


def test_unchanged_values_store_nothing(actors, rotation, two):
    before = read_all()

    update(actors.manager, rotation, name="Inbound", agents=[share(two[0], 60), share(two[1], 40)])

    after = read_all()
    assert after["leads_leadrotationagent"] == before["leads_leadrotationagent"]


def test_a_rotation_in_use_is_not_deleted_but_can_be_replaced(actors, rotation, tenant, other_tenant):
    receiver = receiver_of(rotation)
    lead = routed(actors.manager, receiver)
    other = LeadRotation.objects.create(company=tenant.company, name="Other")
    foreign = LeadRotation.objects.create(company=other_tenant.company, name="Foreign")
    identifier = str(rotation.pk)

    assert refused(DELETE, actors.manager, id=identifier) == {
        "code": "CONFLICT",
        "reason": "IN_USE",
        "count": 1,
    }
    itself = refused(DELETE, actors.manager, id=identifier, other=identifier)
    assert list(itself["validation"]) == ["replacement_id"]
    for unknown in (str(foreign.pk), "999999999"):
        error = refused(DELETE, actors.manager, id=identifier, other=unknown)
        assert error == {"code": "NOT_FOUND", "argument": "replacement_id"}
    assert data(DELETE, actor=actors.manager, variables={"id": identifier, "other": str(other.pk)})
    receiver.refresh_from_db()
    assert receiver.rotation == other
    # What it decided stays, without its name being lost.
    log = LeadRoutingLog.objects.get(lead=lead)
    assert (log.rotation, log.outcome) == (None, "ROTATION")
    assert "Rotation Inbound" in log.detail["reason"]
    assert refused(DELETE, actors.manager, id=identifier) == {"code": "NOT_FOUND", "argument": "id"}


def test_a_receiver_has_a_rotation(actors, rotation):
    document = """mutation ($input: LeadReceiverInput!) { createLeadReceiver(input: $input) {
      rotation { id name } leadRotation { id } } }"""

    created = data(
        document, actor=actors.manager, variables={"input": {"name": "Web", "rotations_id": rotation.pk}}
    )["createLeadReceiver"]

    identifier = str(rotation.pk)
    assert created == {"rotation": {"id": identifier, "name": "Inbound"}, "leadRotation": {"id": identifier}}
    assert LeadReceiver.objects.get(name="Web").rotation == rotation


def test_simulation_lists_agents_with_reasons_and_writes_nothing(actors, rotation, two):
    before = read_all()

    turns = data(SIMULATE, actor=actors.manager, variables={"id": str(rotation.pk), "count": 5})[
        "simulateLeadRotation"
    ]

    assert read_all() == before
    assert [turn["user"]["displayname"] for turn in turns] == [
        f"Agent {number}" for number in (1, 2, 1, 1, 2)
    ]
    assert [turn["number"] for turn in turns] == [1, 2, 3, 4, 5]
    assert turns[0]["reason"] == "Rotation Inbound: Agent 1, agent 1 of 2."
    assert turns[0]["candidates"][1] == {
        "agent_id": str(LeadRotationAgent.objects.get(user=two[1]).pk),
        "user_id": str(two[1].pk),
        "name": "Agent 2",
        "weight": 400_000,
        "credit": 0,
        "share": 400_000_000,
        "skipped": None,
        "chosen": False,
    }


def test_simulation_respects_capacities(actors, rotation, two):
    Membership.objects.filter(user=two[0]).update(capacity=1)
    Membership.objects.filter(user=two[1]).update(capacity=1)

    turns = data(SIMULATE, actor=actors.manager, variables={"id": str(rotation.pk), "count": 3})[
        "simulateLeadRotation"
    ]

    assert [turn["user"] and turn["user"]["displayname"] for turn in turns] == ["Agent 1", "Agent 2", None]


@pytest.mark.parametrize("count", [0, -1, 1001])
def test_simulation_has_bounds(actors, rotation, count):
    error = refused(SIMULATE, actors.manager, id=str(rotation.pk), count=count)

    assert error == invalid(count="Simulate 1 to 1000 leads.")


def test_agents_may_not_change_rotations_nor_other_companies_find_them(actors, other_actors, rotation):
    identifier = str(rotation.pk)
    forbidden = {"code": "FORBIDDEN"}
    unknown = {"code": "NOT_FOUND", "argument": "id"}
    calls: list[tuple[str, dict[str, Any]]] = [
        (UPDATE, {"id": identifier, "input": {"name": "New"}}),
        (DELETE, {"id": identifier}),
        (SIMULATE, {"id": identifier, "count": 1}),
    ]

    assert refused(CREATE, actors.agent, input={"name": "New"}) == forbidden
    for document, variables in calls:
        assert refused(document, actors.agent, **variables) == forbidden
        assert refused(document, other_actors.admin, **variables) == unknown


def test_agents_are_listed_with_their_open_leads(actors, tenant, rotation, two):
    receiver = receiver_of(rotation)
    for _ in range(5):
        routed(actors.manager, receiver)
    Membership.objects.filter(user=two[1]).update(is_active=False, member_id="17")
    User.objects.filter(pk=two[1].pk).update(displayname="Zelda Fitz")
    document = """query($search: String, $where: QueryAgentsWhereWhereConditions,
        $orderBy: [QueryAgentsOrderByOrderByClause!]) {
      agents(search: $search, where: $where, orderBy: $orderBy) { data {
        name member_id role total_leads status { id name } user { id role } company { id } } } }"""

    def listed(**variables: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = data(document, actor=actors.viewer, variables=variables)["agents"][
            "data"
        ]
        return rows

    found = listed(search="fitz zeld")
    assert found == [
        {
            "name": "Zelda Fitz",
            "member_id": "17",
            "role": "AGENT",
            "total_leads": 2,
            "status": {"id": "2", "name": "INACTIVE"},
            "user": {"id": str(two[1].pk), "role": "AGENT"},
            "company": {"id": str(tenant.company.pk)},
        }
    ]
    assert [row["name"] for row in listed(where={"column": "STATUS_ID", "value": 2})] == ["Zelda Fitz"]
    assert [row["name"] for row in listed(where={"column": "TOTAL_LEADS", "operator": "GT", "value": 2})] == [
        "Agent 1"
    ]
    most = listed(orderBy=[{"column": "TOTAL_LEADS", "order": "DESC"}])
    assert [row["total_leads"] for row in most][:3] == [3, 2, 0]
    # Viewers own no leads.
    assert {row["role"] for row in most} == {"ADMIN", "MANAGER", "AGENT"}
