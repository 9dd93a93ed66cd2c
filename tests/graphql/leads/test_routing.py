"""Assignment of new leads, and its log."""

import io
from collections import Counter
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.actors import Door
from crm.importing.running import run_import
from crm.models import Absence, Membership
from leads.imports import LeadImport
from leads.models import Lead, LeadReceiver, LeadRotation, LeadRotationAgent, LeadRoutingLog
from leads.routing.rotation import Candidate, choose
from leads.services.leads import delete_lead, update_lead
from leads.services.rotations import simulate_turns
from tests.clients import data
from tests.factories.leads import LeadReceiverFactory, LeadStatusFactory
from tests.graphql.leads.routing import agents_of, receiver_of, rotation_of, routed
from tests.receivers.delivering import deliver

pytestmark = pytest.mark.django_db

LOG = """query($id: ID!) { lead(id: $id) { owner { id } routing_log {
  id outcome door error detail payload created_at user { id } receiver { id } rotation { id } lead { id }
  } } }"""


def log_of(lead: Lead) -> LeadRoutingLog:
    return LeadRoutingLog.objects.get(lead=lead)


def decided(lead: Lead) -> tuple[str, Any, str]:
    log = log_of(lead)
    assert log.user_id == lead.owner_id
    return log.outcome, lead.owner, log.detail["reason"]


def chosen_again(log: LeadRoutingLog) -> str:
    """Repeat the choice from the log row alone."""
    candidates = [row for row in log.detail["candidates"] if row["skipped"] is None]
    turn = choose(
        [
            Candidate(key=int(row["agent_id"]), weight=row["weight"], credit=row["credit"])
            for row in candidates
        ]
    )
    assert {row["agent_id"]: row["share"] for row in candidates} == {
        str(key): share for key, share in turn.shares.items()
    }
    return next(str(row["user_id"]) for row in candidates if row["agent_id"] == str(turn.chosen))


@pytest.fixture
def three(tenant):
    return agents_of(tenant, 3)


@pytest.fixture
def rotation(tenant, three):
    return rotation_of(tenant, dict(zip(three, (50, 30, 20), strict=True)))


@pytest.fixture
def receiver(rotation, tenant):
    return receiver_of(rotation, agent=tenant.users["agent"])


def test_a_thousand_leads_are_distributed_exactly(rotation, receiver, three, actors):
    turns = simulate_turns(rotation.pk, 1000, actor=actors.manager)

    got = Counter(turn.user for turn in turns)
    assert [got[user] for user in three] == [500, 300, 200]
    names = "".join("ABC"[three.index(turn.user)] for turn in turns[:20])
    assert names == "ABACABABACABACABABAC"


def test_leads_are_assigned_as_simulated(rotation, receiver, three, actors):
    for _ in range(3):
        routed(actors.manager, receiver)
    before = list(LeadRotationAgent.objects.order_by("pk").values())

    said = [turn.user for turn in simulate_turns(rotation.pk, 25, actor=actors.manager)]

    assert list(LeadRotationAgent.objects.order_by("pk").values()) == before
    assert [routed(actors.manager, receiver).owner for _ in range(25)] == said
    hits = dict(LeadRotationAgent.objects.values_list("user", "hits"))
    assert hits == Counter(Lead.objects.values_list("owner", flat=True))
    rotation.refresh_from_db()
    assert rotation.hits == 28


def test_each_choice_can_be_recomputed_from_its_log(rotation, receiver, three, actors):
    Membership.objects.filter(user=three[1]).update(capacity=2)
    for _ in range(12):
        routed(actors.manager, receiver)

    logs = list(LeadRoutingLog.objects.order_by("pk"))
    assert len(logs) == 12
    assert [chosen_again(log) for log in logs] == [str(log.user_id) for log in logs]


def test_absent_full_and_inactive_agents_are_skipped_with_a_reason(rotation, receiver, three, actors, tenant):
    now = timezone.now()
    Absence.objects.create(
        company=tenant.company,
        user=three[0],
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(hours=1),
    )
    Membership.objects.filter(user=three[1]).update(capacity=1)

    first, second = (routed(actors.manager, receiver) for _ in range(2))

    assert (first.owner, second.owner) == (three[1], three[2])
    assert (
        log_of(first).detail["reason"] == "Rotation Inbound: Agent 2, agent 2 of 3; Agent 1 skipped: absent."
    )
    assert log_of(second).detail["reason"] == (
        "Rotation Inbound: Agent 3, agent 3 of 3; Agent 1 skipped: absent; Agent 2 skipped: at capacity."
    )
    # Whoever was passed over was owed nothing meanwhile.
    assert LeadRotationAgent.objects.get(user=three[0]).credit == 0
    Membership.objects.filter(user=three[2]).update(is_active=False)
    fallen = routed(actors.manager, receiver)
    assert decided(fallen) == (
        "RECEIVER_AGENT",
        tenant.users["agent"],
        "Rotation Inbound: nobody can take leads: Agent 1 skipped: absent; Agent 2 skipped: at capacity;"
        " Agent 3 skipped: not an active agent."
        f" {tenant.users['agent']}, the agent of the receiver Contact form.",
    )
    # A lead that is closed makes room.
    won = LeadStatusFactory(company=tenant.company, category="WON")
    update_lead(first.pk, {"status_id": won.pk}, actor=actors.manager)
    assert routed(actors.manager, receiver).owner == three[1]


def test_future_and_past_absences_skip_nobody(rotation, receiver, three, actors, tenant):
    now = timezone.now()
    for starts_at, ends_at in (
        (now - timedelta(days=2), now),
        (now + timedelta(days=1), now + timedelta(days=2)),
    ):
        Absence.objects.create(company=tenant.company, user=three[0], starts_at=starts_at, ends_at=ends_at)

    assert routed(actors.manager, receiver).owner == three[0]


def test_statements_of_an_assignment_do_not_depend_on_the_agents(tenant, actors):
    taken = []
    for count in (2, 25):
        users = agents_of(tenant, count)
        Membership.objects.filter(user__in=users).update(capacity=100)
        receiver = receiver_of(rotation_of(tenant, dict.fromkeys(users, 4)))
        with CaptureQueriesContext(connection) as captured:
            routed(actors.manager, receiver)
        taken.append(len(captured))

    assert taken[0] == taken[1]


def test_a_share_of_zero_gets_nothing(tenant, actors, three):
    rotation = rotation_of(tenant, {three[0]: 0, three[1]: 10})
    receiver = receiver_of(rotation)

    owners = {routed(actors.manager, receiver).owner for _ in range(5)}

    assert owners == {three[1]}
    all_nothing = receiver_of(rotation_of(tenant, {three[0]: 0}))
    assert decided(routed(actors.manager, all_nothing))[0] == "UNASSIGNED"


def test_a_named_owner_bypasses_the_rotation(rotation, receiver, three, actors, tenant):
    named = routed(actors.manager, receiver, leads_owner_id=three[2].pk)
    nobody = routed(actors.manager, receiver, leads_owner_id=None)

    assert decided(named) == ("EXPLICIT", three[2], "Agent 3, as requested.")
    assert decided(nobody) == ("EXPLICIT", None, "Unassigned, as requested.")
    assert set(LeadRotationAgent.objects.values_list("credit", "hits")) == {(0, 0)}


def test_a_refused_lead_undoes_its_assignment(rotation, receiver, actors):
    before = list(LeadRotationAgent.objects.order_by("pk").values("credit", "hits"))

    with transaction.atomic():
        assert routed(actors.manager, receiver).owner is not None
        transaction.set_rollback(True)

    assert list(LeadRotationAgent.objects.order_by("pk").values("credit", "hits")) == before
    assert Lead.objects.count() == LeadRoutingLog.objects.count() == 0


def test_an_empty_rotation_falls_back_and_logs_each_step(tenant, actors):
    receiver = receiver_of(rotation_of(tenant, {}), agent=tenant.users["agent"])
    empty = "Rotation Inbound: nobody can take leads: it has no agents."

    def decide() -> tuple[str, Any, str]:
        return decided(routed(actors.manager, receiver))

    agent = tenant.users["agent"]
    assert decide() == ("RECEIVER_AGENT", agent, f"{empty} {agent}, the agent of the receiver Contact form.")

    Membership.objects.filter(user=agent).update(role="VIEWER")
    tenant.company.default_owner = tenant.users["colleague"]
    tenant.company.save()
    passed = f"{empty} {agent}, the agent of the receiver Contact form, may not own leads now."
    colleague = tenant.users["colleague"]
    assert decide() == ("COMPANY_DEFAULT", colleague, f"{passed} {colleague}, the company's default owner.")

    Membership.objects.filter(user=colleague).update(is_active=False)
    assert decide() == (
        "UNASSIGNED",
        None,
        f"{passed} The company's default owner may not own leads now. The lead is unassigned.",
    )
    tenant.company.default_owner = None
    tenant.company.save()
    LeadReceiver.objects.filter(pk=receiver.pk).update(agent=None)
    assert decide()[2] == (
        f"{empty} The receiver Contact form has no agent. The company has no default owner."
        " The lead is unassigned."
    )


def test_the_rotation_precedes_a_member_named_by_the_delivery(tenant, actors, three, rotation):
    colleague = tenant.users["colleague"]
    Membership.objects.filter(user=colleague).update(member_id="17")
    by_rotation = receiver_of(rotation)
    by_agent = LeadReceiverFactory(company=tenant.company, agent=tenant.users["agent"])

    def delivered(receiver: LeadReceiver, member: str) -> Lead:
        answer = deliver(receiver, {"title": "Deal", "member_id": member})
        return Lead.objects.get(pk=answer.json()["lead_id"])

    assert decided(delivered(by_rotation, "17"))[:2] == ("ROTATION", three[0])
    assert decided(delivered(by_agent, "17")) == (
        "MEMBER",
        colleague,
        f"{colleague}, named by the delivery.",
    )
    agent = tenant.users["agent"]
    assert decided(delivered(by_agent, "18")) == (
        "RECEIVER_AGENT",
        agent,
        f"No member who may own leads has the member id 18. {agent}, the agent of the receiver Contact form.",
    )


def test_a_lead_created_without_a_receiver_belongs_to_its_creator(tenant, actors):
    tenant.company.default_owner = tenant.users["colleague"]
    tenant.company.save()

    by_hand = routed(actors.agent, None)
    imported = routed(actors.manager.through(Door.IMPORT), None)

    agent = tenant.users["agent"]
    assert decided(by_hand) == ("CREATOR", agent, f"{agent}, who created it.")
    assert decided(imported)[:2] == ("COMPANY_DEFAULT", tenant.users["colleague"])
    tenant.company.default_owner = None
    tenant.company.save()
    assert decided(routed(actors.manager.through(Door.IMPORT), None))[:2] == ("UNASSIGNED", None)


def test_managers_read_the_log_of_a_lead_and_others_its_sentence(rotation, receiver, three, actors, tenant):
    answer = deliver(receiver, {"title": "Deal", "phone": "+1-555-0100"}).json()
    lead = Lead.objects.get(pk=answer["lead_id"])

    shown = data(LOG, actor=actors.manager, variables={"id": answer["lead_id"]})["lead"]

    log = log_of(lead)
    assert shown["owner"] == {"id": str(three[0].pk)}
    [entry] = shown["routing_log"]
    assert entry.pop("created_at")
    assert entry.pop("detail") == log.detail
    assert entry == {
        "id": str(log.pk),
        "outcome": "ROTATION",
        "door": "webhook",
        "error": None,
        "payload": {"title": "Deal", "phone": "+1-555-0100"},
        "user": {"id": str(three[0].pk)},
        "receiver": {"id": str(receiver.pk)},
        "rotation": {"id": str(rotation.pk)},
        "lead": {"id": str(lead.pk)},
    }
    hidden = data(LOG, actor=actors.agent, variables={"id": answer["lead_id"]})["lead"]
    assert hidden["routing_log"] == []
    errors = data(
        "query($id: ID!) { timeline(entity_type: LEAD, entity_id: $id) { data { kind text } } }",
        actor=actors.viewer,
        variables={"id": answer["lead_id"]},
    )["timeline"]["data"]
    assert {"kind": "ROUTED", "text": "Rotation Inbound: Agent 1, agent 1 of 3."} in errors


def test_the_log_lists_unassigned_leads(rotation, receiver, actors, tenant):
    receiver.agent = None
    receiver.save()
    routed(actors.manager, receiver)
    LeadRotation.objects.filter(pk=rotation.pk).update(name="Renamed")
    LeadRotationAgent.objects.update(percent=0)
    lost = routed(actors.manager, receiver)
    deliver(receiver, {"title": "x" * 257})

    document = """query($outcome: Mixed) { leadRoutingLogs(where: {column: OUTCOME, value: $outcome}) {
      data { lead { id } error outcome } } }"""
    unassigned = data(document, actor=actors.manager, variables={"outcome": "UNASSIGNED"})["leadRoutingLogs"]
    assert [row["lead"]["id"] for row in unassigned["data"]] == [str(lost.pk)]
    failed = data(document, actor=actors.manager, variables={"outcome": "FAILED"})["leadRoutingLogs"]["data"]
    assert [(row["lead"], row["outcome"]) for row in failed] == [(None, "FAILED")]
    assert "title" in failed[0]["error"]
    delete_lead(lost.pk, actor=actors.manager)
    again = data(document, actor=actors.manager, variables={"outcome": "UNASSIGNED"})["leadRoutingLogs"]
    assert [row["lead"] for row in again["data"]] == [None]


def test_a_reused_key_assigns_only_once(rotation, receiver):
    for _ in range(3):
        assert deliver(receiver, {"title": "Deal"}, idempotency_key="once").status_code == 200

    assert sum(LeadRotationAgent.objects.values_list("hits", flat=True)) == 1


def test_a_test_run_assigns_nobody(rotation, receiver, actors):
    document = 'mutation($id: ID!) { testLeadReceiver(id: $id, payload: {title: "Deal"}) { accepted } }'

    assert data(document, actor=actors.manager, variables={"id": receiver.pk})["testLeadReceiver"]["accepted"]

    assert set(LeadRotationAgent.objects.values_list("credit", "hits")) == {(0, 0)}


def test_an_import_is_distributed_in_the_order_of_the_file(rotation, three, actors, tenant):
    LeadReceiver.objects.default_of(tenant.company.pk).update(rotation=rotation)
    said = [turn.user for turn in simulate_turns(rotation.pk, 200, actor=actors.manager)]
    importer = actors.manager.through(Door.IMPORT, via="leads.csv")
    file = io.BytesIO(b"title\n" + b"".join(b"Deal %d\n" % number for number in range(200)))
    refused: list[Any] = []

    summary = run_import(file, LeadImport, actor=importer, on_error=refused.append)

    assert (summary.created, refused) == (200, [])
    owners = list(Lead.objects.order_by("pk").values_list("owner", flat=True))
    assert owners == [user.pk for user in said if user is not None]
    assert [Counter(owners)[user.pk] for user in three] == [100, 60, 40]
    # One decision for each lead, from which the choice follows.
    logs = list(LeadRoutingLog.objects.order_by("lead"))
    assert [log.user_id for log in logs] == owners
    assert [chosen_again(log) for log in logs] == [str(owner) for owner in owners]


def test_an_absence_during_a_run_keeps_shares_within_two(rotation, receiver, three, actors, tenant):
    shares = {user.pk: Fraction(percent) for user, percent in zip(three, (50, 30, 20), strict=True)}
    owed = dict.fromkeys(shares, Fraction(0))

    def route(count: int, *, there: set[int]) -> None:
        total = sum(shares[key] for key in there)
        for _ in range(count):
            for key in there:
                owed[key] += shares[key] / total
            owed[routed(actors.manager, receiver).owner_id] -= 1
            assert max(abs(value) for value in owed.values()) < 2

    route(17, there=set(shares))
    now = timezone.now()
    away = Absence.objects.create(
        company=tenant.company,
        user=three[0],
        starts_at=now - timedelta(hours=1),
        ends_at=now + timedelta(days=1),
    )
    route(23, there=set(shares) - {three[0].pk})
    away.delete()
    route(40, there=set(shares))
    assert LeadRoutingLog.objects.filter(outcome="ROTATION").count() == 80
