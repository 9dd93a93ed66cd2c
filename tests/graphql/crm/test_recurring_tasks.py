"""Tasks that repeat: the next one is made once, when the last one is done."""

from datetime import UTC, datetime

import pytest

from crm.models import Activity, Membership
from crm.services.activities import complete_task, create_activity
from leads.models import Lead
from leads.services.leads import create_lead
from tests.factories.crm import tenant as make_tenant
from tests.graphql.leads.conversations import WHOLE_ACTIVITY, do
from tests.services.racing import rounds

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


def task(lead, actor, **values):
    about = {"entity_type": "LEAD", "entity_id": str(lead.pk), "kind": "TASK", "subject": "Report"}
    return do("createActivity", actor, selection=WHOLE_ACTIVITY, input=about | values)


def complete(row, actor):
    return do("completeTask", actor, selection=WHOLE_ACTIVITY, id=row["id"])


def followers(row):
    return list(Activity.objects.filter(previous=row["id"]))


def test_the_next_task_is_a_copy_with_later_dates(lead, actors):
    first = task(
        lead,
        actors.agent,
        text="All numbers",
        due_at="2030-01-07T09:00:00Z",
        remind_at="2030-01-06T18:00:00Z",
        recurrence="freq=weekly;byday=mo,we",
        priority="HIGH",
        assignee_id=str(actors.colleague.user_id),
    )
    done = complete(first, actors.colleague)

    [following] = followers(first)
    assert done["id"] == first["id"]
    assert done["recurrence"] == "FREQ=WEEKLY;BYDAY=MO,WE"
    assert following.due_at == datetime(2030, 1, 9, 9, tzinfo=UTC)
    assert following.remind_at == datetime(2030, 1, 8, 18, tzinfo=UTC)
    assert (following.subject, following.text, following.priority) == ("Report", "All numbers", "HIGH")
    assert (following.recurrence, following.kind) == (done["recurrence"], "TASK")
    assert following.assignee_id == actors.colleague.user_id
    assert (following.entity, following.user_id, following.version) == (lead, actors.agent.user_id, 1)
    assert following.done_at is None


def test_a_task_without_a_rule_has_no_next_one(lead, actors):
    complete(task(lead, actors.agent, due_at="2030-01-07T09:00:00Z"), actors.agent)

    assert Activity.objects.count() == 1


def test_a_series_ends_with_its_count(lead, actors):
    row = task(lead, actors.agent, due_at="2030-01-07T09:00:00Z", recurrence="FREQ=DAILY;COUNT=3")
    days = []
    for _ in range(5):
        complete(row, actors.agent)
        found = followers(row)
        if not found:
            break
        days.append(found[0].due_at.day)
        row = {"id": str(found[0].pk)}

    assert days == [8, 9]
    assert Activity.objects.count() == 3
    # The last one may still be put off.
    values = {"due_at": "2030-02-01T09:00:00Z"}
    assert do("updateActivity", actors.agent, id=row["id"], input=values)["version"] == 3


def test_opened_again_and_done_again_it_has_the_same_next_task(lead, actors):
    first = task(lead, actors.agent, due_at="2030-01-07T09:00:00Z", recurrence="FREQ=DAILY")
    complete(first, actors.agent)
    [following] = followers(first)
    do("reopenTask", actors.agent, id=first["id"])
    complete(first, actors.agent)
    complete(first, actors.agent)
    assert followers(first) == [following]
    do("deleteActivity", actors.agent, id=str(following.pk))
    do("reopenTask", actors.agent, id=first["id"])
    complete(first, actors.agent)
    assert Activity.objects.count() == 2


@pytest.mark.parametrize(
    ("of_user", "of_company", "due", "following"),
    [
        (None, None, "2026-03-28T08:00:00Z", datetime(2026, 3, 29, 8, tzinfo=UTC)),
        (None, "Europe/Berlin", "2026-03-28T08:00:00Z", datetime(2026, 3, 29, 7, tzinfo=UTC)),
        ("America/New_York", "Europe/Berlin", "2026-03-28T08:00:00Z", datetime(2026, 3, 29, 8, tzinfo=UTC)),
        ("America/New_York", "Europe/Berlin", "2026-10-31T13:00:00Z", datetime(2026, 11, 1, 14, tzinfo=UTC)),
        ("Nowhere/Town", "Europe/Berlin", "2026-03-28T08:00:00Z", datetime(2026, 3, 29, 7, tzinfo=UTC)),
    ],
)
def test_the_clock_of_the_assignee_counts_else_that_of_the_company(
    tenant, lead, actors, of_user, of_company, due, following
):
    tenant.company.timezone = of_company
    tenant.company.save()
    colleague = tenant.users["colleague"]
    colleague.timezone = of_user
    colleague.save()
    first = task(lead, actors.agent, due_at=due, recurrence="FREQ=DAILY", assignee_id=str(colleague.pk))
    complete(first, actors.agent)

    assert followers(first)[0].due_at == following


def test_a_former_member_gets_no_further_task(tenant, lead, actors):
    colleague = tenant.users["colleague"]
    first = task(
        lead,
        actors.agent,
        due_at="2030-01-07T09:00:00Z",
        recurrence="FREQ=DAILY",
        assignee_id=str(colleague.pk),
    )
    Membership.objects.filter(user=colleague).update(is_active=False)
    complete(first, actors.agent)

    assert [row.assignee_id for row in followers(first)] == [None]


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_completed_by_many_at_once_it_has_one_next_task():
    own = make_tenant("Racing")
    lead = create_lead({"title": "Deal"}, actor=own.actors.agent)
    tasks = [
        create_activity(
            {
                "entity_type": "LEAD",
                "entity_id": lead.pk,
                "kind": "TASK",
                "text": "Report",
                "due_at": datetime(2030, 1, 7, tzinfo=UTC),
                "recurrence": "FREQ=DAILY",
            },
            actor=own.actors.agent,
        )
        for _ in range(3)
    ]

    rounds(lambda _writer, turn: complete_task(tasks[turn].pk, actor=own.actors.agent).pk, 3)

    assert Activity.objects.count() == 6
    assert Lead.objects.get(pk=lead.pk).last_activity == "TASK"
