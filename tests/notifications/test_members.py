"""Who is notified: active members, of what they see and want to hear, at the making and at the reading."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import (
    Company,
    LeadVisibility,
    Membership,
    Notification,
    NotificationPreference,
    NotificationSource,
    User,
)
from crm.notifications.making import make
from crm.notifications.worker import make_once
from crm.services.activities import create_activity, delete_activity
from crm.services.notifications import DEFAULTS, set_preference
from leads.models import Lead
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from tests.factories.crm import MembershipFactory, UserFactory
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


def given(tenant: Any, user: User, number: int = 1) -> list[Lead]:
    values: Any = {"title": "Deal", "leads_owner_id": user.pk}
    return [create_lead(values, actor=tenant.actors.admin) for _ in range(number)]


def seen_by(actor: Any) -> int:
    return Notification.objects.visible_to(actor).count()


def test_members_who_have_left_are_told_nothing(tenant, told):
    agent, colleague = tenant.users["agent"], tenant.users["colleague"]
    given(tenant, agent)
    given(tenant, colleague)
    Membership.objects.filter(user=agent).update(is_active=False)
    User.objects.filter(pk=colleague.pk).update(is_active=False)

    assert (told(agent), told(colleague)) == ([], [])


def test_companies_that_are_closed_are_told_nothing(tenant, told):
    given(tenant, tenant.users["agent"])
    Company.objects.filter(pk=tenant.company.pk).update(is_active=False)

    assert told(tenant.users["agent"]) == []


def test_a_member_of_two_companies_hears_of_each_in_it_alone(tenant, other_tenant, told):
    both = UserFactory()
    for each in (tenant, other_tenant):
        MembershipFactory(company=each.company, user=both)
    given(other_tenant, both)
    set_preference("LEAD_ASSIGNED", "OFF", actor=_actor(tenant, both))

    [notification] = told(both)

    assert notification.company == other_tenant.company
    assert seen_by(_actor(tenant, both)) == 0
    assert seen_by(_actor(other_tenant, both)) == 1


def _actor(tenant: Any, user: User) -> Any:
    from crm.actors import Door
    from crm.authentication import actor_for

    return actor_for(user, tenant.company, door=Door.GRAPHQL)


def test_nobody_is_told_of_what_they_may_not_see(tenant, actors, told):
    Company.objects.filter(pk=tenant.company.pk).update(lead_visibility=LeadVisibility.OWN)
    [lead] = given(tenant, tenant.users["manager"])
    values: Any = {"entity_type": "LEAD", "entity_id": lead.pk, "text": "@agent @admin look"}
    create_activity(values, actor=actors.manager)

    assert told(tenant.users["agent"]) == []
    assert len(told(tenant.users["admin"])) == 1


def test_what_is_out_of_sight_is_out_of_the_list_and_comes_back(tenant, told):
    tenant_actors = tenant.actors
    [lead] = given(tenant, tenant.users["agent"])
    assert len(told(tenant.users["agent"])) == 1
    agent = _actor(tenant, tenant.users["agent"])

    delete_lead(lead.pk, actor=tenant_actors.admin)
    assert seen_by(agent) == 0
    restore_lead(lead.pk, actor=tenant_actors.admin)
    assert seen_by(agent) == 1
    Company.objects.filter(pk=tenant.company.pk).update(lead_visibility=LeadVisibility.OWN)
    update_lead(lead.pk, {"leads_owner_id": None}, actor=tenant_actors.admin)
    assert seen_by(_actor(tenant, tenant.users["agent"])) == 0


def test_a_deleted_note_mentions_nobody(tenant, actors, told):
    [lead] = given(tenant, tenant.users["manager"])
    values: Any = {"entity_type": "LEAD", "entity_id": lead.pk, "text": "@agent look"}
    note = create_activity(values, actor=actors.manager)
    assert len(told(tenant.users["agent"])) == 1

    delete_activity(note.pk, actor=actors.manager)

    assert seen_by(actors.agent) == 0


def test_who_manages_no_more_no_longer_sees_what_managers_are_told(tenant, actors, told):
    from leads.models import LeadReceiver
    from leads.services.receiver_attempts import receive

    receiver = LeadReceiver.objects.default_of(tenant.company.pk).get()
    for number in range(3):
        receive(receiver, {"title": "x" * 300, "n": str(number)}, key=None)
    assert len(told(tenant.users["manager"])) == 1
    assert seen_by(actors.manager) == 1

    Membership.objects.filter(user=tenant.users["manager"]).update(role="AGENT")

    assert seen_by(_actor(tenant, tenant.users["manager"])) == 0


@pytest.mark.parametrize("delivery", ["OFF", "IN_APP", "MAIL", "DIGEST"])
def test_each_member_hears_as_they_want(tenant, actors, told, delivery):
    set_preference("LEAD_ASSIGNED", delivery, actor=actors.agent)
    given(tenant, tenant.users["agent"])
    given(tenant, tenant.users["colleague"])

    found = told(tenant.users["agent"])

    assert [each.delivery for each in found] == ([] if delivery == "OFF" else [delivery])
    assert [each.mail is not None for each in found] == ([] if delivery == "OFF" else [delivery == "MAIL"])
    [other] = told(tenant.users["colleague"])
    assert other.delivery == DEFAULTS["LEAD_ASSIGNED"]


def test_the_same_notice_is_stored_once(tenant, told):
    given(tenant, tenant.users["agent"])
    assert len(told(tenant.users["agent"])) == 1
    NotificationSource.objects.update(position=0)

    assert len(told(tenant.users["agent"])) == 1
    assert make([]) == 0


def statements() -> int:
    with CaptureQueriesContext(connection) as captured:
        make_once()
    return len(captured)


def test_statements_do_not_depend_on_the_number_of_notices(tenant, told):
    """Of leads, tasks and mentions, each for one member and one record, and for many."""
    user, admin = tenant.users["agent"], tenant.actors.admin
    make_once()
    counts = []
    for number in (1, 20):
        members = [user]
        for _ in range(number - 1):
            members.append(UserFactory())
            MembershipFactory(company=tenant.company, user=members[-1])
        for member in members:
            [lead] = given(tenant, member)
            about: Any = {"entity_type": "LEAD", "entity_id": lead.pk}
            said: Any = {**about, "text": f'Ask @"{member.username}"'}
            create_activity(said, actor=admin)
            due_at = timezone.now() - timedelta(hours=1)
            task: Any = {**about, "kind": "TASK", "text": "Call", "assignee_id": member.pk, "due_at": due_at}
            create_activity(task, actor=admin)
        counts.append(statements())
    assert counts[0] == counts[1]
    assert Notification.objects.count() == 3 * 21
    assert not NotificationPreference.objects.exists()
