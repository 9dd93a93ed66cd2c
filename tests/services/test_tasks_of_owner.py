"""Open tasks, calls and meetings of a lead's owner go to its next owner."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.models import Activity, Event, Membership, User
from crm.models.history import HistoryEntry
from crm.services.activities import complete_task, create_activity, delete_activity
from crm.services.members import save_membership
from crm.services.tag_changes import TagChange
from leads.models import Lead
from leads.services.bulk import change_leads, undo_lead_change
from leads.services.leads import create_lead, save_lead, update_lead
from tests.clients import data
from tests.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(tenant: Any) -> Lead:
    return create_lead(
        {"title": "Deal", "leads_owner_id": tenant.users["agent"].pk}, actor=tenant.actors.manager
    )


@pytest.fixture
def plan(tenant: Any, lead: Lead) -> Any:
    """Plan an activity about the lead for a member."""

    def make(member: str = "agent", about: Lead = lead, **values: Any) -> Activity:
        given: Any = {"entity_type": "LEAD", "entity_id": about.pk, "kind": "TASK", "subject": "Offer"}
        given |= {"assignee_id": tenant.users[member].pk, **values}
        return create_activity(given, actor=tenant.actors.manager)

    return make


def assignee_of(activity: Activity) -> User | None:
    activity.refresh_from_db()
    return activity.assignee


def test_what_the_former_owner_is_to_do_goes_to_the_new_one(tenant, lead, plan):
    agent, colleague = tenant.users["agent"], tenant.users["colleague"]
    now = timezone.now()
    later = {"starts_at": now + timedelta(days=1)}
    open_ = [plan(due_at=now + timedelta(days=2)), plan(kind="CALL", **later), plan(kind="MEETING", **later)]
    of_others, of_nobody = plan("manager"), plan(assignee_id=None)
    done, deleted = plan(), plan()
    complete_task(done.pk, actor=tenant.actors.manager)
    delete_activity(deleted.pk, actor=tenant.actors.manager)
    # Not planned: it took place.
    held = plan(kind="CALL", starts_at=now - timedelta(days=1))
    elsewhere = plan(about=create_lead({"title": "Other"}, actor=tenant.actors.agent))
    versions = {each.pk: each.version for each in open_}

    update_lead(lead.pk, {"leads_owner_id": colleague.pk}, actor=tenant.actors.manager)

    assert [assignee_of(each) for each in open_] == [colleague] * 3
    assert {each.pk: each.version - 1 for each in open_} == versions
    assert (assignee_of(of_others), assignee_of(of_nobody)) == (tenant.users["manager"], None)
    stay = (done, held, elsewhere, Activity._base_manager.get(pk=deleted.pk))
    assert {each.assignee_id for each in stay} == {agent.pk}
    assert assignee_of(done) == assignee_of(held) == assignee_of(elsewhere) == agent
    events = Event.objects.filter(entity="activity", kind="updated", changed=["assignee"])
    assert sorted(events.values_list("object_id", flat=True)) == sorted(versions)
    assert [event.changes for event in events] == [{"assignee_id": agent.pk}] * 3


def test_tasks_stay_without_a_former_or_a_new_owner(tenant, lead, plan):
    task = plan()
    update_lead(lead.pk, {"leads_owner_id": None}, actor=tenant.actors.manager)
    assert assignee_of(task) == tenant.users["agent"]

    update_lead(lead.pk, {"leads_owner_id": tenant.users["colleague"].pk}, actor=tenant.actors.manager)
    assert (assignee_of(task), task.version) == (tenant.users["agent"], 1)


def test_an_agent_who_sees_only_own_leads_gives_the_tasks_away_too(tenant, lead, plan):
    task, agent = plan(), replace(tenant.actors.agent, company_sees_all_leads=False)

    update_lead(lead.pk, {"leads_owner_id": tenant.users["colleague"].pk}, actor=agent)

    assert not Lead.objects.visible_to(agent).exists()
    assert assignee_of(task) == tenant.users["colleague"]


def test_the_number_of_statements_does_not_grow_with_the_tasks(tenant, plan):
    counts = []
    for number in (0, 1, 4):
        one = create_lead(
            {"title": "Deal", "leads_owner_id": tenant.users["agent"].pk}, actor=tenant.actors.manager
        )
        for _ in range(number):
            plan(about=one)
        values: Any = {"leads_owner_id": tenant.users["colleague"].pk}
        counts.append(len(statements(lambda: update_lead(one.pk, values, actor=tenant.actors.manager))))  # noqa: B023

    assert counts[1] == counts[2] == counts[0] + 2


def test_every_door_hands_them_over(tenant, lead, plan):
    colleague, agent = tenant.users["colleague"], tenant.users["agent"]
    actor, task = tenant.actors.manager, plan()

    document = (
        f"mutation {{ updateLead(id: {lead.pk}, input: {{ leads_owner_id: {colleague.pk} }}) {{ id }} }}"
    )
    data(document, actor=actor)
    assert assignee_of(task) == colleague

    change_leads([lead.pk], {"leads_owner_id": agent.pk}, TagChange(), actor=actor)
    assert assignee_of(task) == agent

    fresh = Lead.objects.get(pk=lead.pk)
    fresh.owner = colleague
    save_lead(fresh, actor=actor)
    assert assignee_of(task) == colleague

    # An undo of a bulk change is a change back.
    entry = HistoryEntry.objects.filter(object_id=lead.pk, content_type__model="lead").latest("pk")
    undo_lead_change(lead.pk, entry, actor=actor)
    assert assignee_of(task) == agent


def test_the_tasks_of_a_member_who_leaves_go_to_who_gets_the_leads(tenant, lead, plan):
    task = plan()
    membership = Membership.objects.get(company=tenant.company, user=tenant.users["agent"])
    membership.is_active = False

    save_membership(membership, actor=tenant.actors.admin, heir=tenant.users["colleague"])

    assert assignee_of(task) == tenant.users["colleague"]
