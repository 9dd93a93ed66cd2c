"""leadWonOrLost: outcomes in all spellings."""

import pytest

from leads.models import Lead, LeadStatus, StatusCategory
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory, LeadStatusFactory
from tests.graphql.leads.operations import invalid, not_found, update

pytestmark = pytest.mark.django_db

ANSWER = "{ status { name } reason_lost closed_at version }"
CLOSE = f"""
mutation($id: ID!, $input: LeadWonOrLostInput, $status: LeadStatusEnum, $reason: String, $version: Int) {{
  leadWonOrLost(id: $id, input: $input, status: $status, reason_lost: $reason, expected_version: $version)
  {ANSWER} }}
"""


@pytest.fixture
def lead(tenant):
    return LeadFactory(company=tenant.company)


def close(actor, lead, **variables):
    return data(CLOSE, actor=actor, variables={"id": lead.pk, **variables})["leadWonOrLost"]


def refused(actor, lead, **variables):
    return refusal(CLOSE, actor=actor, variables={"id": lead.pk, **variables})["extensions"]


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"input": {"status": "won"}}, "Won"),
        ({"input": {"status": " WON "}}, "Won"),
        ({"input": {"status": "Lost"}}, "Lost"),
        ({"input": {"status": "close"}}, "Closed"),
        ({"input": {"status": "CLOSED"}}, "Closed"),
        ({"status": "Won"}, "Won"),
        ({"status": "Lost"}, "Lost"),
        ({"status": "Close"}, "Closed"),
        ({"status": "Close", "input": {"status": "closed"}}, "Closed"),
        ({"status": "Won", "input": {"status": "won"}}, "Won"),
    ],
)
def test_spellings(lead, actors, variables, name):
    answer = close(actors.agent, lead, **variables)

    assert (answer["status"]["name"], answer["version"]) == (name, 2)
    assert answer["closed_at"] is not None


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({}, "Give one status: won, lost or closed."),
        ({"input": {"status": ""}}, "Give one status: won, lost or closed."),
        ({"status": "Won", "input": {"status": "lost"}}, "Give one status: won, lost or closed."),
        ({"input": {"status": "open"}}, "Enter won, lost or closed."),
        ({"input": {"status": "wonderful"}}, "Enter won, lost or closed."),
    ],
)
def test_unknown_outcomes_are_refused(lead, actors, variables, message):
    assert refused(actors.agent, lead, **variables) == invalid(status=message)

    assert (Lead.objects.get().version, Lead.objects.get().closed_at) == (1, None)


@pytest.mark.parametrize(
    "variables",
    [{"input": {"status": "lost", "reason_lost": "Price"}}, {"status": "Lost", "reason": "Price"}],
)
def test_reason_is_kept_when_lost_and_gone_when_won(lead, actors, variables):
    lost = close(actors.agent, lead, **variables)
    won = close(actors.agent, lead, status="Won", reason="ignored")

    assert (lost["reason_lost"], won["reason_lost"]) == ("Price", None)
    assert won["closed_at"] >= lost["closed_at"]


def test_reason_may_be_required(lead, tenant, actors):
    tenant.company.reason_lost_required = True
    tenant.company.save()

    assert refused(actors.agent, lead, status="Lost") == invalid(reason_lost="Enter why the lead was lost.")
    assert refused(actors.agent, lead, status="Lost", reason=" ") == invalid(
        reason_lost="Enter why the lead was lost."
    )
    assert Lead.objects.get().status.name == "Open"
    assert close(actors.agent, lead, status="Lost", reason="Price")["reason_lost"] == "Price"
    assert close(actors.agent, lead, status="Close")["status"] == {"name": "Closed"}


def test_same_outcome_again_changes_nothing(lead, actors):
    first = close(actors.agent, lead, status="Lost", reason="Price")

    assert close(actors.agent, lead, input={"status": "lost"}) == first


def test_reopening_by_status(lead, tenant, actors):
    close(actors.agent, lead, status="Lost", reason="Price")
    open_status = LeadStatus.objects.get(company=tenant.company, name="Open")

    answer = update(actors.agent, lead.pk, status_id=open_status.pk)

    assert (answer["closed_at"], answer["reason_lost"]) == (None, None)


def test_status_of_the_category_stands_in_for_a_missing_name(lead, tenant, actors):
    LeadStatus.objects.filter(name="Won").delete()
    LeadStatusFactory(company=tenant.company, name="Signed", category=StatusCategory.WON, weight=9)
    LeadStatusFactory(company=tenant.company, name="Paid", category=StatusCategory.WON, weight=8)

    assert close(actors.agent, lead, status="Won")["status"] == {"name": "Paid"}


def test_company_without_such_a_status(lead, actors):
    LeadStatus.objects.filter(category=StatusCategory.WON).delete()

    assert refused(actors.agent, lead, status="Won") == invalid(
        status="The company has no status for won leads."
    )


def test_expected_version(lead, actors):
    assert refused(actors.agent, lead, status="Won", version=7) == {
        "code": "CONFLICT",
        "reason": "VERSION",
        "current_version": 1,
    }
    assert close(actors.agent, lead, status="Won", version=1)["version"] == 2


def test_permissions(lead, actors, other_actors):
    assert refused(actors.viewer, lead, status="Won") == {"code": "FORBIDDEN"}
    assert refused(other_actors.admin, lead, status="Won") == not_found("id")
    assert Lead.objects.get().version == 1
