"""Members and invitations in one list: who, in which role, last seen; sent again, withdrawn, ended."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models import Invitation, Membership
from leads.services.leads import create_lead
from tests.admin.conftest import messages_of
from tests.factories.crm import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
LIST = reverse("admin:crm_membership_changelist")
ADD = reverse("admin:crm_membership_add")


@pytest.fixture(autouse=True)
def mails(settings):
    settings.EMAIL_ENABLED = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"


def act(client, member, name, **sent):
    return client.post(reverse(f"admin:crm_membership_{name}", args=[member.pk]), sent, follow=True)


def member_of(tenant, role):
    return Membership.objects.get(company=tenant.company, user=tenant.users[role])


def invited(client):
    client.post(ADD, {"username": "new@example.com", "role": "MANAGER", "_save": "1"})
    return Membership.objects.get(user__email="new@example.com")


def test_a_colleague_is_invited_from_the_list_and_sent_the_link_again(signed_in, tenant):
    client = signed_in("admin")
    page = client.get(LIST).content.decode()

    member = invited(client)
    first = Invitation.objects.get().hash
    listed = client.get(LIST).content.decode()
    again = act(client, member, "resend")

    assert f'action="{ADD}"' in page
    assert member.role == "MANAGER"
    assert reverse("admin:crm_membership_withdraw", args=[member.pk]) in listed
    assert messages_of(again)[-1] == f"{member.user} is sent the invitation again."
    assert Invitation.objects.get().hash != first


def test_an_invitation_is_withdrawn_and_a_joined_member_is_not_sent_one(signed_in, tenant):
    client = signed_in("admin")
    member = invited(client)

    gone = act(client, member, "withdraw")
    refused = act(client, member_of(tenant, "agent"), "withdraw")

    member.refresh_from_db()
    assert messages_of(gone)[-1] == f"The invitation of {member.user} is withdrawn."
    assert not member.is_active
    assert "There is no open invitation to withdraw" in messages_of(refused)[-1]
    assert member_of(tenant, "agent").is_active


def test_a_membership_ends_and_its_open_leads_go_to_the_chosen_one(signed_in, tenant, actors):
    client = signed_in("admin")
    agent = member_of(tenant, "agent")
    lead = create_lead({"title": "Deal", "leads_owner_id": agent.user_id}, actor=actors.manager)
    address = reverse("admin:crm_membership_end", args=[agent.pk])

    asked = client.get(address, headers={"HX-Request": "true"}).content.decode()
    ended = act(client, agent, "end", heir=tenant.users["colleague"].pk)
    viewer = act(client, member_of(tenant, "manager"), "end", heir=tenant.users["viewer"].pk)
    last = act(client, member_of(tenant, "admin"), "end")

    agent.refresh_from_db()
    lead.refresh_from_db()
    assert "Open leads go to" in asked
    assert "<html" not in asked
    assert "is no member any more" in messages_of(ended)[-1]
    assert (agent.is_active, lead.owner) == (False, tenant.users["colleague"])
    assert "An owner is an active member who is not a viewer." in messages_of(viewer)[-1]
    assert "last administrator" in messages_of(last)[-1]
    assert member_of(tenant, "manager").is_active
    assert member_of(tenant, "admin").is_active


def test_the_list_shows_when_a_member_was_last_seen_at_a_flat_cost(signed_in, tenant):
    client = signed_in("admin")
    page: Any = client.get(LIST)
    user: Any = None
    counts = []
    for number in (1, 5):
        for _ in range(number):
            user = UserFactory(last_login=timezone.now() - timedelta(days=3))
            MembershipFactory(company=tenant.company, user=user)
        client.get(LIST)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(LIST)
        counts.append(len(captured))
    seen = {row.user_id: row.seen_at for row in page.context["cl"].result_list}

    assert counts[0] == counts[1]
    assert seen[user.pk] == user.last_login
    # By a browser, which is later than the sign-in.
    assert seen[tenant.users["admin"].pk] > timezone.now() - timedelta(minutes=5)
    assert seen[tenant.users["viewer"].pk] is None
    assert "Never" in page.content.decode()


def test_administrators_alone_and_only_their_own_members(signed_in, tenant, other_tenant):
    theirs = member_of(other_tenant, "agent")
    agent = member_of(tenant, "agent")
    for role in ("viewer", "agent", "manager"):
        client = signed_in(role)
        assert [act(client, agent, name).status_code for name in ("resend", "withdraw", "end")] == [403] * 3
    admin = signed_in("admin")

    assert [act(admin, theirs, name).status_code for name in ("resend", "withdraw", "end")] == [404] * 3
    agent.refresh_from_db()
    theirs.refresh_from_db()
    assert agent.is_active
    assert theirs.is_active
    assert not mail.outbox
