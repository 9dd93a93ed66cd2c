"""addLeadParticipant, removeLeadParticipant, followLead and unFollowLead."""

import pytest

from leads.models import Lead, LeadFollower, LeadParticipant
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.graphql.leads.operations import invalid, not_found

pytestmark = pytest.mark.django_db

ADD = "mutation($input: LeadsParticipantsInput!) { result: addLeadParticipant(input: $input) }"
REMOVE = "mutation($input: LeadsParticipantsInput!) { result: removeLeadParticipant(input: $input) }"
FOLLOW = "mutation($input: FollowInput!) { result: followLead(input: $input) }"
UNFOLLOW = "mutation($input: FollowInput!) { result: unFollowLead(input: $input) }"


@pytest.fixture
def lead(tenant):
    return LeadFactory(company=tenant.company)


def result(document, actor, **values):
    return data(document, actor=actor, variables={"input": values})["result"]


def refused(document, actor, **values):
    return refusal(document, actor=actor, variables={"input": values})["extensions"]


def test_participants_come_once_and_go(lead, tenant, actors):
    user = tenant.users["colleague"]

    assert result(ADD, actors.agent, lead_id=lead.pk, user_id=user.pk) is True
    assert result(ADD, actors.agent, lead_id=str(lead.uuid), user_id=str(user.uuid)) is True
    assert [row.user for row in LeadParticipant.objects.filter(lead=lead)] == [user]
    assert Lead.objects.get().version == 2
    assert result(REMOVE, actors.agent, lead_id=lead.pk, user_id=user.pk) is True
    assert LeadParticipant.objects.count() == 0
    assert refused(REMOVE, actors.agent, lead_id=lead.pk, user_id=user.pk) == not_found("input.user_id")
    assert Lead.objects.get().version == 3


@pytest.mark.parametrize("document", [ADD, REMOVE], ids=["add", "remove"])
def test_refused_participants(lead, tenant, actors, other_tenant, document):
    foreign = LeadFactory(company=other_tenant.company)
    stranger, member = other_tenant.users["agent"].pk, tenant.users["agent"].pk

    assert refused(document, actors.agent, lead_id=lead.pk, user_id=stranger) == not_found("input.user_id")
    assert refused(document, actors.agent, lead_id=foreign.pk, user_id=member) == not_found("input.lead_id")
    assert refused(document, actors.agent, lead_id=lead.pk) == invalid(user_id="Give user_id or people_id.")
    assert refused(document, actors.viewer, lead_id=lead.pk, user_id=member) == {"code": "FORBIDDEN"}
    assert LeadParticipant.objects.count() == 0


def test_following_is_idempotent(lead, actors):
    assert result(FOLLOW, actors.agent, entity_id=lead.pk) is True
    assert result(FOLLOW, actors.agent, entity_id=str(lead.uuid)) is True
    assert [row.user_id for row in LeadFollower.objects.all()] == [actors.agent.user_id]
    assert result(UNFOLLOW, actors.agent, entity_id=str(lead.pk)) is True
    assert result(UNFOLLOW, actors.agent, entity_id=lead.pk) is False
    assert LeadFollower.objects.count() == 0


def test_managers_let_others_follow(lead, tenant, actors, other_tenant):
    colleague = tenant.users["colleague"]

    assert refused(FOLLOW, actors.agent, entity_id=lead.pk, user_id=colleague.pk) == {"code": "FORBIDDEN"}
    assert result(FOLLOW, actors.agent, entity_id=lead.pk, user_id=actors.agent.user_id) is True
    assert result(FOLLOW, actors.manager, entity_id=lead.pk, user_id=colleague.pk) is True
    assert refused(
        FOLLOW, actors.manager, entity_id=lead.pk, user_id=other_tenant.users["agent"].pk
    ) == not_found("input.user_id")
    assert LeadFollower.objects.count() == 2


@pytest.mark.parametrize("key", [10**6, "x", True, 1.5, [1], {"id": 1}, "\u0661", str(2**64)])
def test_unknown_leads_cannot_be_followed(lead, actors, key):
    assert refused(FOLLOW, actors.agent, entity_id=key) == not_found("input.entity_id")

    assert LeadFollower.objects.count() == 0


def test_followers_and_participants_are_listed(lead, tenant, actors):
    result(FOLLOW, actors.agent, entity_id=lead.pk)
    result(ADD, actors.agent, lead_id=lead.pk, user_id=tenant.users["colleague"].pk)

    answer = data(
        "{ leads { data { followers { displayname } participants { displayname } } } }", actor=actors.viewer
    )

    assert answer["leads"]["data"] == [
        {
            "followers": [{"displayname": "agent@tenant"}],
            "participants": [{"displayname": "colleague@tenant"}],
        }
    ]
