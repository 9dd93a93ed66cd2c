"""Send and withdraw invitations, and see where they stand."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Invitation, Membership
from crm.services.invitations import invite_member
from tests.clients import data, refusal
from tests.stored import read_all

pytestmark = pytest.mark.django_db

RESEND = "mutation ($user: ID!) { answer: resendInvitation(user_id: $user) { invitation_state is_active } }"
WITHDRAW = RESEND.replace("resend", "withdraw")
STATES = "{ members(first: 100) { data { id invitation_state } } }"


@pytest.fixture
def invited(actors) -> Membership:
    return invite_member({"email": "jane@example.com"}, actor=actors.admin)


def act(document: str, member: Membership, actor: Any) -> Any:
    return data(document, actor=actor, variables={"user": str(member.user_id)})["answer"]


def test_an_invitation_is_sent_again_with_another_link(
    actors, invited, mailoutbox, django_capture_on_commit_callbacks
):
    before = Invitation.objects.get().hash

    with django_capture_on_commit_callbacks(execute=True):
        answer = act(RESEND, invited, actors.admin)

    assert answer == {"invitation_state": "SENDING", "is_active": True}
    [sent] = mailoutbox
    assert sent.to == ["jane@example.com"]
    assert Invitation.objects.get().hash != before
    listed = {
        row["id"]: row["invitation_state"] for row in data(STATES, actor=actors.viewer)["members"]["data"]
    }
    assert listed.pop(str(invited.pk)) == "PENDING"
    assert set(listed.values()) == {None}


def test_an_invitation_is_withdrawn(actors, invited):
    assert act(WITHDRAW, invited, actors.admin) == {"invitation_state": "WITHDRAWN", "is_active": False}


def test_refusals_change_nothing(actors, other_actors, invited, tenant):
    member = Membership.objects.get(user=tenant.users["agent"])
    member.user.set_password("chosen")
    member.user.save()
    before = read_all()

    for document in (RESEND, WITHDRAW):
        codes = [
            refusal(document, actor=actor, variables={"user": str(row.user_id)})["extensions"]
            for actor, row in (
                (actors.manager, invited),
                (other_actors.admin, invited),
                (actors.admin, member),
            )
        ]
        assert codes[:2] == [{"code": "FORBIDDEN"}, {"code": "NOT_FOUND", "argument": "user_id"}]
        assert codes[2]["code"] == "CONFLICT"
    assert read_all() == before


def test_database_and_python_agree_on_the_state(actors, tenant):
    now = timezone.now()
    later, before = now + timedelta(days=1), now - timedelta(days=1)
    columns = ("accepted_at", "withdrawn_at", "sent_at", "fault", "expires_at")
    grid = product((None, before), (None, before), (None, before), ("", "away"), (later, before))
    for number, values in enumerate(grid):
        member = invite_member({"email": f"jane{number}@example.com"}, actor=actors.admin)
        Invitation.objects.filter(membership=member).update(**dict(zip(columns, values, strict=True)))

    read = {row["id"]: row["invitation_state"] for row in data(STATES, actor=actors.admin)["members"]["data"]}

    expected = {str(row.membership_id): row.state().value for row in Invitation.objects.all()}
    assert {key: state for key, state in read.items() if state is not None} == expected
    assert len(set(expected.values())) == 6
