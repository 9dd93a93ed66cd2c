"""Replay deliveries that made no lead, through each door."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from leads.models import AttemptStatus, Lead, LeadRoutingLog, ReceiverAttempt
from tests.admin.conftest import messages_of
from tests.clients import ask, data, refusal
from tests.commands.running import run
from tests.factories.leads import LeadReceiverFactory, refused_attempt
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import business_rows, deliver

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db
ONE = """mutation ($id: ID!) { replayReceiverAttempt(id: $id) {
  id status errors replayed_at replayed_by { displayname } lead { title } receiver { name } } }"""
SEVERAL = "mutation ($ids: [ID!]!) { replayReceiverAttempts(ids: $ids) { id status } }"
GOOD = {"firstname": "Jane"}
BAD = {"title": "x" * 256}


def replay(attempt, actor):
    return data(ONE, actor=actor, variables={"id": str(attempt.pk)})["replayReceiverAttempt"]


def test_a_corrected_template_accepts_the_replay(receiver, actors, tenant):
    receiver.template = {"text": {"name": "title", "type": "customField", "pattern": "("}}
    type(receiver).objects.filter(pk=receiver.pk).update(template=receiver.template)
    assert deliver(receiver, {"text": "Deal", "password": "p"}, idempotency_key="k").status_code == 422
    type(receiver).objects.filter(pk=receiver.pk).update(
        template={"text": {"name": "title", "type": "string"}}
    )
    attempt = ReceiverAttempt.objects.get()

    attempted = replay(attempt, actors.manager)

    lead = Lead.objects.get()
    assert (attempted["status"], attempted["errors"], attempted["lead"]) == (
        "PROCESSED",
        None,
        {"title": "Deal"},
    )
    assert attempted["replayed_by"] == {"displayname": str(tenant.users["manager"])}
    # The lead is the sender's, not that of whoever replays it.
    assert (lead.user, lead.owner, lead.receiver) == (None, tenant.users["agent"], receiver)
    assert deliver(receiver, {"text": "Deal", "password": "p"}, idempotency_key="k").json()["lead_id"] == str(
        lead.pk
    )


@pytest.mark.parametrize("status", [AttemptStatus.FAILED, AttemptStatus.RECEIVED, AttemptStatus.IGNORED])
def test_an_attempt_without_a_lead_can_be_replayed(receiver, actors, status):
    attempt = refused_attempt(receiver, status=status, payload=GOOD)

    assert replay(attempt, actors.manager)["status"] == "PROCESSED"
    assert Lead.objects.get().firstname == "Jane"


def test_a_replay_that_is_refused_stores_the_new_reason(receiver, actors):
    attempt = refused_attempt(receiver, payload=BAD, errors={"old": ["reason"]})
    before = business_rows()

    attempted = replay(attempt, actors.manager)

    assert attempted["status"] == "FAILED"
    assert list(attempted["errors"]) == ["title"]
    assert attempted["replayed_at"] is not None
    assert business_rows() == before
    assert LeadRoutingLog.objects.get().attempt == attempt


def test_an_attempt_with_a_lead_is_not_replayed(receiver, actors):
    deliver(receiver, GOOD)
    attempt = ReceiverAttempt.objects.get()

    error = refusal(ONE, actor=actors.manager, variables={"id": str(attempt.uuid)})

    assert error["extensions"]["code"] == "CONFLICT"
    assert Lead.objects.count() == 1
    assert ReceiverAttempt.objects.get().replayed_at is None


def test_an_attempt_without_a_receiver_is_not_replayed(receiver, actors):
    attempt = refused_attempt(receiver, payload=GOOD)
    type(receiver).objects.filter(pk=receiver.pk).delete()

    error = refusal(ONE, actor=actors.manager, variables={"id": str(attempt.pk)})

    assert error["extensions"]["code"] == "CONFLICT"
    assert ReceiverAttempt.objects.get().status == AttemptStatus.FAILED


def test_who_may_not_replay(receiver, actors, other_actors):
    attempt = refused_attempt(receiver, payload=GOOD)
    variables = {"id": str(attempt.pk)}

    assert refusal(ONE, actor=actors.agent, variables=variables)["extensions"]["code"] == "FORBIDDEN"
    assert refusal(ONE, actor=other_actors.admin, variables=variables)["extensions"] == {
        "code": "NOT_FOUND",
        "argument": "id",
    }
    assert not Lead.objects.exists()


def test_several_attempts_are_replayed_independently(receiver, actors):
    attempts = [refused_attempt(receiver, payload=payload) for payload in (GOOD, BAD, {"firstname": "John"})]

    answer = data(
        SEVERAL, actor=actors.manager, variables={"ids": [str(one.pk) for one in reversed(attempts)]}
    )

    assert [one["status"] for one in answer["replayReceiverAttempts"]] == ["PROCESSED", "FAILED", "PROCESSED"]
    assert [one["id"] for one in answer["replayReceiverAttempts"]] == [str(one.pk) for one in attempts]


def test_several_attempts_are_refused_together_if_one_has_a_lead(receiver, actors):
    deliver(receiver, GOOD)
    done = ReceiverAttempt.objects.get()
    other = refused_attempt(receiver, payload={"firstname": "John"})

    error = refusal(SEVERAL, actor=actors.manager, variables={"ids": [str(done.pk), str(other.pk)]})

    assert (error["extensions"]["code"], error["extensions"]["ids"]) == ("CONFLICT", [str(done.pk)])
    assert Lead.objects.count() == 1


@pytest.mark.parametrize("ids", [[], ["1"] * 101])
def test_none_and_too_many_are_refused(actors, ids):
    error = refusal(SEVERAL, actor=actors.manager, variables={"ids": ids})

    assert error["extensions"]["code"] == "VALIDATION"


def test_the_error_names_an_attempt_of_another_company(receiver, actors, other_company):
    own = refused_attempt(receiver, payload=GOOD)
    other = refused_attempt(LeadReceiverFactory(company=other_company))

    error = refusal(SEVERAL, actor=actors.manager, variables={"ids": [str(own.pk), str(other.pk)]})

    assert error["extensions"] == {"code": "NOT_FOUND", "argument": "ids.1"}
    assert not Lead.objects.exists()


LIST = """query ($where: QueryReceiverAttemptsWhereWhereConditions) { receiverAttempts(
  where: $where, orderBy: [{column: CREATED_AT, order: DESC}]) {
  data { uuid status payload errors count lead { title } receiver { name } } paginatorInfo { total } } }"""


def test_attempts_are_listed_for_managers(receiver, actors, other_company):
    deliver(receiver, GOOD)
    deliver(receiver, GOOD)
    deliver(receiver, BAD)
    refused_attempt(LeadReceiverFactory(company=other_company))

    listed = data(LIST, actor=actors.manager)["receiverAttempts"]
    failed = {"column": "STATUS", "value": "FAILED"}
    narrowed = data(LIST, actor=actors.manager, variables={"where": failed})["receiverAttempts"]["data"]

    assert listed["paginatorInfo"] == {"total": 2}
    assert [(one["status"], one["count"], one["lead"]) for one in listed["data"]] == [
        ("FAILED", 1, None),
        ("PROCESSED", 2, {"title": "Jane"}),
    ]
    assert [(one["payload"], list(one["errors"])) for one in narrowed] == [(BAD, ["title"])]
    assert ask(LIST, actor=actors.agent)["errors"][0]["extensions"]["code"] == "FORBIDDEN"


def test_the_command_replays_all_attempts_without_a_lead(company, receiver):
    refused_attempt(receiver, payload=GOOD)
    refused_attempt(receiver, payload={"firstname": "John"}, status=AttemptStatus.RECEIVED)
    refused_attempt(receiver, payload={"firstname": "Bot"}, status=AttemptStatus.IGNORED)

    ended = run("replay_attempts", "--company", str(company.pk))

    assert (ended.code, ended.errors) == (0, [])
    assert ended.lines == ["2 attempts made a lead, 0 were refused again."]
    assert set(Lead.objects.values_list("firstname", flat=True)) == {"Jane", "John"}


def test_the_command_reports_refusals(company, receiver):
    attempt = refused_attempt(receiver, payload=BAD)

    ended = run("replay_attempts", "--company", str(company.uuid))

    assert ended.code == 3
    assert ended.lines == ["0 attempts made a lead, 1 were refused again."]
    assert ended.errors[0].startswith(f"{attempt.uuid}: title: ")
    assert ended.errors[-1] == "1 attempts were refused again."


def test_the_command_filters(company, receiver, other_company):
    other = LeadReceiverFactory(company=company)
    old = refused_attempt(receiver, payload={"firstname": "Old"})
    ReceiverAttempt.objects.filter(pk=old.pk).update(created_at=datetime(2026, 1, 1, tzinfo=UTC))
    refused_attempt(receiver, payload={"firstname": "New"})
    refused_attempt(receiver, payload={"firstname": "Broken off"}, status=AttemptStatus.RECEIVED)
    refused_attempt(other, payload={"firstname": "Elsewhere"})
    refused_attempt(LeadReceiverFactory(company=other_company), payload={"firstname": "Foreign"})

    ended = run(
        *("replay_attempts", "--company", str(company.pk), "--receiver", str(receiver.uuid)),
        *("--since", "2026-01-02", "--status", "failed"),
    )

    assert ended.code == 0
    assert list(Lead.objects.values_list("firstname", flat=True)) == ["New"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--receiver", "999999"), "The company has no receiver 999999."),
        (("--since", "yesterday"), "yesterday is not a time: write 2026-01-31 or 2026-01-31T12:00."),
        (("--since", "2026-02-31"), "2026-02-31 is not in the calendar."),
    ],
)
def test_the_command_reports_wrong_arguments(company, arguments, message):
    ended = run("replay_attempts", "--company", str(company.pk), *arguments)

    assert (ended.code, ended.errors) == (1, [message])


def test_the_admin_replays_selected_attempts(receiver, signed_in):
    attempts = [refused_attempt(receiver, payload=payload) for payload in (GOOD, BAD)]
    deliver(receiver, {"firstname": "Done"})
    done = ReceiverAttempt.objects.latest("pk")
    page = reverse("admin:leads_receiverattempt_changelist")

    answer = signed_in("manager").post(
        page,
        {"action": "replay_selected", "_selected_action": [one.pk for one in (*attempts, done)]},
        follow=True,
    )

    shown = messages_of(answer)
    assert "Replayed 1 attempt." in shown
    assert f"{done}: This attempt has already made a lead." in shown
    assert any(text.startswith(f"{attempts[1]}: title: ") for text in shown)
    assert set(Lead.objects.values_list("firstname", flat=True)) == {"Done", "Jane"}


def test_the_admin_shows_attempts_read_only(receiver, signed_in):
    attempt = refused_attempt(receiver, payload={"note": "<script>alert(1)</script>"})
    page = reverse("admin:leads_receiverattempt_change", args=[attempt.pk])

    shown = signed_in("manager").get(page)

    text = shown.content.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert "<script>alert(1)" not in text
    assert not shown.context["has_change_permission"]
    assert signed_in("agent").get(page).status_code == 403


def test_the_admin_replays_no_attempt_of_another_company(other_company, signed_in):
    attempt = refused_attempt(LeadReceiverFactory(company=other_company), payload=GOOD)
    page = reverse("admin:leads_receiverattempt_changelist")

    signed_in("manager").post(page, {"action": "replay_selected", "_selected_action": [attempt.pk]})

    assert not Lead.objects.exists()
