"""myDay: what a member has to do, by the member's own days."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.services.activities import complete_task, create_activity
from leads.models import Lead
from leads.services.leads import create_lead, delete_lead, update_lead
from people.services.people import create_person
from pipelines.models import Stage
from tests.clients import data, refusal

pytestmark = pytest.mark.django_db
#: A Wednesday, in Berlin too.
NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
LISTS = ("overdue", "today", "this_week", "rotting", "new_to_me")
DOCUMENT = f"""{{ myDay {{ date timezone {
    " ".join(f"{name} {{ data {{ id }} paginatorInfo {{ total hasMorePages }} }}" for name in LISTS)
} }} }}"""


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def person(actors):
    return create_person({"firstname": "Jane"}, actor=actors.agent)


@pytest.fixture
def plan(actors, person):
    def make(kind="TASK", at=None, *, actor=actors.agent, record=person, **values):
        """Plan something that an agent is to do, at a moment in ISO format; return its id."""
        moment = at and datetime.fromisoformat(at)
        values = {
            "due_at" if kind == "TASK" else "starts_at": moment,
            "assignee_id": actors.agent.user_id,
        } | values
        about: Any = {"entity_type": record.entity_kind, "entity_id": record.pk, "kind": kind, "text": "A"}
        return str(create_activity(about | values, actor=actor).pk)

    return make


def day(actor):
    found = data(DOCUMENT, actor=actor)["myDay"]
    for name in LISTS:
        assert found[name]["paginatorInfo"]["total"] == len(found[name]["data"])
    return found | {name: [row["id"] for row in found[name]["data"]] for name in LISTS}


def test_tasks_and_meetings_are_sorted_into_days(plan, actors, time_machine):
    # What is planned before its time is to be done after it too.
    time_machine.move_to(NOW - timedelta(days=2), tick=False)
    missed = plan("CALL", "2026-06-02T14:00:00+00:00")
    plan("CALL", "2026-06-02T15:00:00+00:00", assignee_id=None, participants_id=[actors.agent.user_id])
    complete_task(plan("MEETING", "2026-06-02T16:00:00+00:00"), actor=actors.agent)
    call = plan("CALL", "2026-06-03T11:00:00+00:00")
    time_machine.move_to(NOW, tick=False)
    late = plan(at="2026-06-02T23:59:59+00:00")
    later = plan(at="2026-06-01T10:00:00+00:00")
    first = plan(at="2026-06-03T00:00:00+00:00")
    meeting = plan("MEETING", "2026-06-03T14:00:00+00:00")
    last = plan(at="2026-06-03T23:59:59+00:00")
    tomorrow = plan(at="2026-06-04T00:00:00+00:00")
    sunday = plan("MEETING", "2026-06-07T23:00:00+00:00")
    plan(at="2026-06-08T00:00:00+00:00")
    # Entered after they took place: they are nothing to do.
    plan("MEETING", "2026-06-02T14:00:00+00:00")
    plan("CALL", "2026-06-03T11:30:00+00:00")
    plan("EMAIL", "2026-06-03T09:00:00+00:00")
    plan(at=None)
    complete_task(plan(at="2026-06-03T10:00:00+00:00"), actor=actors.agent)
    plan(at="2026-06-03T10:00:00+00:00", assignee_id=actors.colleague.user_id)
    joined = plan(
        "MEETING", "2026-06-03T16:00:00+00:00", assignee_id=None, participants_id=[actors.agent.user_id]
    )

    found = day(actors.agent)
    assert (found["date"], found["timezone"]) == ("2026-06-03", "UTC")
    assert found["overdue"] == [later, missed, late]
    assert found["today"] == [first, call, meeting, joined, last]
    assert found["this_week"] == [tomorrow, sunday]
    assert day(actors.manager)["today"] == []


@pytest.mark.parametrize(
    ("of_user", "of_company", "zone", "date", "name"),
    [
        (None, None, "UTC", "2026-06-03", "overdue"),
        (None, "Europe/Berlin", "Europe/Berlin", "2026-06-03", "today"),
        ("Pacific/Auckland", "Europe/Berlin", "Pacific/Auckland", "2026-06-04", "overdue"),
        ("America/New_York", "Europe/Berlin", "America/New_York", "2026-06-03", "overdue"),
        ("Nowhere", "Nowhere", "UTC", "2026-06-03", "overdue"),
    ],
)
def test_days_are_the_members_else_the_companys(tenant, plan, actors, of_user, of_company, zone, date, name):
    # Half past midnight in Berlin.
    task = plan(at="2026-06-02T22:30:00+00:00")
    type(tenant.company).objects.filter(pk=tenant.company.pk).update(timezone=of_company)
    type(tenant.users["agent"]).objects.filter(pk=actors.agent.user_id).update(timezone=of_user)

    found = day(actors.agent)
    assert (found["timezone"], found["date"]) == (zone, date)
    assert found[name] == [task]


def test_a_day_of_23_hours_ends_at_midnight(tenant, plan, actors, time_machine):
    time_machine.move_to(datetime(2026, 3, 29, 12, tzinfo=UTC), tick=False)
    type(tenant.company).objects.filter(pk=tenant.company.pk).update(timezone="Europe/Berlin")
    today = [plan(at=f"2026-03-{moment}+00:00") for moment in ("28T23:00:00", "29T21:59:59")]
    plan(at="2026-03-29T22:00:00+00:00")

    # A Sunday, on which this week has no further day.
    found = day(actors.agent)
    assert (found["today"], found["this_week"]) == (today, [])


@pytest.fixture
def lead_of(actors):
    def make(owner=actors.agent, *, days_ago=0, actor=actors.manager):
        lead = create_lead({"title": "Deal", "leads_owner_id": owner.user_id}, actor=actor)
        moment = NOW - timedelta(days=days_ago)
        Lead.objects.filter(pk=lead.pk).update(created_at=moment, updated_at=moment, last_activity_at=moment)
        return lead

    return make


def test_rotting_leads_are_ones_own_and_the_longest_idle_first(lead_of, actors):
    Stage.objects.update(rotting_days=10)
    leads = [lead_of(days_ago=days) for days in (10, 30, 9)]
    lead_of(actors.colleague, days_ago=30)

    assert day(actors.agent)["rotting"] == [str(leads[1].pk), str(leads[0].pk)]
    assert day(actors.manager)["rotting"] == []


def test_new_leads_are_those_without_an_activity_of_mine(lead_of, plan, actors):
    new = lead_of(days_ago=6)
    known, done, deleted, closed = (lead_of(days_ago=1) for _ in range(4))
    handed_over = lead_of(actors.colleague, days_ago=30)
    update_lead(handed_over.pk, {"leads_owner_id": actors.agent.user_id}, actor=actors.manager)
    lead_of(days_ago=8)
    changed = lead_of(days_ago=30)
    update_lead(changed.pk, {"title": "Other"}, actor=actors.manager)
    plan("CALL", record=known)
    plan(record=new, actor=actors.colleague)
    complete_task(plan(record=done, actor=actors.colleague), actor=actors.agent)
    delete_lead(deleted.pk, actor=actors.manager)
    update_lead(closed.pk, {"status_id": closed_status(closed)}, actor=actors.manager)

    assert day(actors.agent)["new_to_me"] == [str(new.pk), str(handed_over.pk)]
    assert day(actors.colleague)["new_to_me"] == []


def closed_status(lead):
    return (
        type(lead.status)
        .objects.filter(company=lead.company_id, category="WON")
        .values_list("pk", flat=True)[0]
    )


def test_each_list_has_pages(plan, actors):
    tasks = [plan(at=f"2026-06-03T1{hour}:00:00+00:00") for hour in range(3)]
    document = "{ myDay { today(first: 2, page: 2) { data { id } paginatorInfo { total currentPage } } } }"

    found = data(document, actor=actors.agent)["myDay"]["today"]
    assert found == {"data": [{"id": tasks[2]}], "paginatorInfo": {"total": 3, "currentPage": 2}}
    for argument in ("first: 101", "first: -1", "page: 0"):
        error = refusal(f"{{ myDay {{ today({argument}) {{ data {{ id }} }} }} }}", actor=actors.agent)
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


def test_hidden_leads_and_their_tasks_are_left_out(lead_of, plan, actors):
    mine, hidden = lead_of(actors.agent), lead_of(actors.colleague)
    for lead in (mine, hidden):
        plan(at="2026-06-03T10:00:00+00:00", record=lead, actor=actors.manager)

    stranger = replace(actors.agent, company_sees_all_leads=False)
    assert len(day(actors.agent)["today"]) == 2
    assert len(day(stranger)["today"]) == 1


@pytest.mark.usefixtures("standard_executor")
def test_statements_do_not_grow_with_the_rows(lead_of, plan, actors, django_assert_num_queries):
    Stage.objects.update(rotting_days=10)
    selection = "{ data { id subject record { lead { title } people { name } } } paginatorInfo { total } }"
    document = f"""{{ myDay {{ overdue {selection} today {selection} this_week {selection}
      rotting {{ data {{ id owner {{ id }} next_activity {{ id }} }} paginatorInfo {{ total }} }}
      new_to_me {{ data {{ id title }} paginatorInfo {{ total }} }} }} }}"""
    for number in (1, 5):
        for _ in range(number):
            lead = lead_of(days_ago=20)
            lead_of()
            for at in ("2026-06-01", "2026-06-03", "2026-06-05"):
                plan(at=f"{at}T15:00:00+00:00", record=lead, actor=actors.manager)
                plan("CALL", f"{at}T15:00:00+00:00", actor=actors.manager)
        # The company's time zone; three lists with their leads, two of them with people; leads with
        # what comes next, and new leads.
        with django_assert_num_queries(1 + 3 * 2 + 2 + 3 + 1):
            data(document, actor=actors.agent)
