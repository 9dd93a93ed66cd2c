"""Activities in the admin: each kind is added, changed and done, and the list is filtered."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models import Activity
from crm.services.activities import create_activity
from leads.services.leads import create_lead
from people.services.people import create_person
from tests.admin.conftest import errors_of, messages_of, posted
from tests.admin.rows import page
from tests.graphql.leads.conversations import do, refused

pytestmark = pytest.mark.django_db
LIST = reverse("admin:crm_activity_changelist")
ADD = reverse("admin:crm_activity_add")


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


@pytest.fixture
def jane(actors):
    return create_person({"firstname": "Jane"}, actor=actors.agent)


def change(activity):
    return reverse("admin:crm_activity_change", args=[activity.pk])


def moment(name, value):
    return {f"{name}_0": value[:10], f"{name}_1": value[11:]}


def about(record, **values):
    return {"entity_type": record.entity_kind, "entity_id": record.pk, **values}


def add(client, record, **values):
    blank = client.get(ADD, about(record))
    return client.post(ADD, posted(blank, **values), follow=True)


def test_a_meeting_is_added_from_the_page_of_its_record(lead, jane, signed_in, actors):
    client = signed_in("agent")
    shown = client.get(reverse(page(lead, "change"), args=[lead.pk])).content.decode()
    assert f'formaction="{reverse("admin:crm_activity_start")}"' in shown

    answer = add(
        client,
        lead,
        kind="MEETING",
        subject="Kick-off",
        **moment("starts_at", "2030-01-31 12:00"),
        minutes="90",
        members=[str(actors.colleague.user_id)],
        people=[str(jane.pk)],
        assignee=str(actors.colleague.user_id),
    )

    assert answer.redirect_chain
    meeting = Activity.objects.get()
    assert (meeting.kind, meeting.subject, meeting.minutes, meeting.door) == (
        "MEETING",
        "Kick-off",
        90,
        "admin",
    )
    assert (meeting.entity, meeting.user_id) == (lead, actors.agent.user_id)
    assert meeting.starts_at == datetime(2030, 1, 31, 12, tzinfo=UTC)
    assert [user.pk for user in meeting.participants.all()] == [actors.colleague.user_id]
    assert [row.person_id for row in meeting.people_participations.all()] == [jane.pk]


GOOD = {
    "NOTE": {"text": "Called"},
    "TASK": {
        "subject": "Report",
        "recurrence": "FREQ=WEEKLY",
        "priority": "HIGH",
        **moment("due_at", "2030-01-31 12:00"),
        **moment("remind_at", "2030-01-31 09:00"),
    },
    "CALL": {"text": "Price", "direction": "IN", "outcome": "Busy", "minutes": "5"},
    "MEETING": {"subject": "Talk", **moment("starts_at", "2030-01-31 12:00")},
    "EMAIL": {"subject": "Offer", "direction": "OUT"},
}


@pytest.mark.parametrize("kind", GOOD)
def test_each_kind_is_added_with_its_fields(lead, signed_in, kind):
    add(signed_in("agent"), lead, kind=kind, **GOOD[kind])

    stored = Activity.objects.get()
    plain = {name: value for name, value in GOOD[kind].items() if name[-2:] not in ("_0", "_1")}
    assert {name: str(getattr(stored, name)) for name in plain} == plain
    assert stored.kind == kind


#: What is wrong with an activity, in the words of the admin's form and of the API's input.
WRONG = [
    ("NOTE", {"subject": "Only this"}, {"subject": "Only this"}, "text"),
    ("CALL", {}, {}, "text"),
    ("TASK", {"text": "A", "direction": "IN"}, {"text": "A", "direction": "IN"}, "direction"),
    ("MEETING", {"text": "A", "minutes": "10081"}, {"text": "A", "minutes": 10_081}, "minutes"),
    (
        "TASK",
        {"text": "A", "recurrence": "FREQ=DAILY"},
        {"text": "A", "recurrence": "FREQ=DAILY"},
        "recurrence",
    ),
    (
        "TASK",
        {"text": "A", "recurrence": "FREQ=HOURLY", **moment("due_at", "2030-01-31 12:00")},
        {"text": "A", "recurrence": "FREQ=HOURLY", "due_at": "2030-01-31T12:00:00Z"},
        "recurrence",
    ),
    (
        "TASK",
        {"text": "A", **moment("due_at", "2030-01-31 12:00"), **moment("remind_at", "2030-02-01 12:00")},
        {"text": "A", "due_at": "2030-01-31T12:00:00Z", "remind_at": "2030-02-01T12:00:00Z"},
        "remind_at",
    ),
]


@pytest.mark.parametrize(("kind", "form", "values", "field"), WRONG)
def test_both_doors_refuse_the_same_in_the_same_words(lead, signed_in, actors, kind, form, values, field):
    answer = add(signed_in("agent"), lead, kind=kind, **form)
    error = refused(
        "createActivity",
        actors.agent,
        input={"entity_type": "LEAD", "entity_id": str(lead.pk), "kind": kind, **values},
    )

    assert errors_of(answer) == {
        path.removeprefix("input."): messages for path, messages in error["validation"].items()
    }
    assert list(errors_of(answer)) == [field]
    assert Activity.objects.count() == 0


def test_a_record_out_of_sight_is_refused(signed_in, other_actors):
    foreign = create_lead({"title": "Deal"}, actor=other_actors.agent)
    answer = add(signed_in("agent"), foreign, kind="NOTE", text="A")

    assert list(errors_of(answer)) == ["entity_id"]
    assert Activity.objects.count() == 0


@pytest.fixture
def call(lead, jane, actors):
    values = about(lead, kind="CALL", text="Price", people_participants_id=[jane.pk])
    return create_activity(values, actor=actors.agent)


def test_a_change_stores_only_what_changed(call, lead, signed_in):
    client = signed_in("agent")
    opened = client.get(change(call))
    assert "Deal" in opened.content.decode()
    time = moment("starts_at", f"{call.starts_at:%Y-%m-%d %H:%M:%S}")
    client.post(change(call), posted(opened, outcome="Busy", **time))

    stored = Activity.objects.get()
    assert (stored.outcome, stored.text, stored.version) == ("Busy", "Price", 2)
    assert stored.people_participations.count() == 1
    assert stored.starts_at == call.starts_at
    client.post(change(call), posted(client.get(change(call)), people=[], **time))
    assert Activity.objects.get().people_participations.count() == 0


def test_an_outdated_form_and_somebody_elses_note_are_refused(call, lead, signed_in, actors):
    client = signed_in("agent")
    opened = client.get(change(call))
    do("updateActivity", actors.agent, id=call.pk, input={"text": "Other"})
    assert "Somebody else changed this" in str(client.post(change(call), posted(opened)).content)
    note = create_activity(about(lead, text="Mine"), actor=actors.manager)
    answer = client.post(change(note), posted(client.get(change(note)), text="Yours"))
    assert errors_of(answer)
    assert Activity.objects.get(pk=note.pk).text == "Mine"


def test_a_task_is_done_from_the_page_of_its_record(lead, signed_in, actors):
    task = create_activity(about(lead, kind="TASK", text="Send"), actor=actors.agent)
    note = create_activity(about(lead, text="Note"), actor=actors.agent)
    done = reverse("admin:crm_activity_done", args=[task.pk])
    client = signed_in("agent")
    record = reverse(page(lead, "change"), args=[lead.pk])
    assert done in client.get(record).content.decode()

    answer = client.post(done, follow=True)
    assert answer.redirect_chain == [(record, 302)]
    assert messages_of(answer)[0].startswith("<span>“Send” is done.</span> <form")
    assert Activity.objects.get(pk=task.pk).done_by_id == actors.agent.user_id
    assert done not in answer.content.decode()
    refused_answer = client.post(reverse("admin:crm_activity_done", args=[note.pk]), follow=True)
    assert "cannot be done" in messages_of(refused_answer)[0]


def test_who_may_only_look_marks_nothing(lead, call, signed_in, actors):
    task = create_activity(about(lead, kind="TASK", text="Send"), actor=actors.agent)
    done = reverse("admin:crm_activity_done", args=[task.pk])
    client = signed_in("viewer")
    assert "Jane" in client.get(change(call)).content.decode()
    assert done not in client.get(reverse(page(lead, "change"), args=[lead.pk])).content.decode()
    assert client.post(done).status_code == 403
    assert client.get(done).status_code == 405
    assert Activity.objects.get(pk=task.pk).done_at is None


def test_an_activity_of_another_company_is_not_marked(signed_in, other_actors):
    foreign = create_lead({"title": "Deal"}, actor=other_actors.agent)
    task = create_activity(about(foreign, kind="TASK", text="A"), actor=other_actors.agent)
    answer = signed_in("admin").post(reverse("admin:crm_activity_done", args=[task.pk]))
    assert answer.status_code == 404
    assert Activity.objects.get().done_at is None


def test_selected_activities_are_marked_and_opened(lead, signed_in, actors):
    task, note = (
        create_activity(about(lead, kind=kind, text=kind), actor=actors.agent) for kind in ("TASK", "NOTE")
    )
    client = signed_in("agent")

    def act(name):
        values = {"action": name, "_selected_action": [task.pk, note.pk]}
        return messages_of(client.post(LIST, values, follow=True))

    assert act("mark_done") == [
        "NOTE: A note cannot be done or open: only a task, call or meeting can.",
        "Completed 1 activity.",
    ]
    assert Activity.objects.get(pk=task.pk).done_at is not None
    act("open_again")
    assert Activity.objects.get(pk=task.pk).done_at is None


def test_the_list_is_filtered_by_kind_assignee_and_due(tenant, lead, signed_in, actors):
    tenant.company.timezone = "Pacific/Auckland"
    tenant.company.save()
    now = timezone.now()

    def task(days, **values):
        due = now + timedelta(days=days)
        return create_activity(
            about(lead, kind="TASK", text="A", due_at=due, **values), actor=actors.agent
        ).pk

    yesterday, today, soon = task(-1), task(0, assignee_id=actors.agent.user_id), task(3)
    later = task(30)
    call = create_activity(about(lead, kind="CALL", text="A", starts_at=now), actor=actors.agent).pk
    Activity.objects.filter(pk=call).update(created_at=now - timedelta(days=1))
    # One that was logged is nothing to do.
    logged = create_activity(about(lead, kind="CALL", text="A"), actor=actors.agent).pk
    client = signed_in("agent")

    def rows(**filters):
        return sorted(row.pk for row in client.get(LIST, filters).context["cl"].queryset)

    assert rows() == [yesterday, today, soon, later, call, logged]
    assert rows(kind__exact="CALL") == [call, logged]
    assert rows(assignee__id__exact=actors.agent.user_id) == [today]
    assert rows(due="overdue") == [yesterday]
    assert rows(due="today") == [today, call]
    assert rows(due="week") == [today, soon, call]
    assert rows(due="open") == [yesterday, today, soon, later, call]
    assert rows(q="a") == rows()


def test_statements_of_the_list_do_not_grow(lead, jane, signed_in, actors):
    client = signed_in("agent")

    def statements(number):
        for record in (lead, jane):
            for _ in range(number):
                values = about(record, kind="TASK", text="A", assignee_id=actors.agent.user_id)
                create_activity(values, actor=actors.agent)
        with CaptureQueriesContext(connection) as queries:
            client.get(LIST)
        return len(queries)

    statements(1)
    assert statements(1) == statements(8)


def test_the_navigation_opens_what_the_member_has_to_do(signed_in, actors, tenant, lead):
    actor = actors.agent
    now = timezone.now()

    def plan(subject, **values):
        entry: Any = {"entity_type": "LEAD", "entity_id": lead.pk, "subject": subject, **values}
        create_activity(entry, actor=actor)

    mine, theirs = {"assignee_id": actor.user_id}, {"assignee_id": tenant.users["colleague"].pk}
    plan("Later", kind="TASK", due_at=now + timedelta(days=3), **mine)
    plan("Late", kind="TASK", due_at=now - timedelta(days=3), **mine)
    plan("Call", kind="CALL", starts_at=now + timedelta(days=1), **mine)
    plan("Theirs", kind="TASK", due_at=now, **theirs)
    plan("Said", kind="NOTE", text="Hello")
    client = signed_in("agent")

    home = client.get("/admin/")
    [address] = [
        link.address for part in home.context["navigation"] for link in part.links if link.label == "Tasks"
    ]
    page = client.get(address)

    def found(query: str) -> list[str]:
        return [row.subject for row in client.get(f"{LIST}?{query}").context["cl"].queryset]

    tabs = [(tab.name, tab.is_current) for tab in page.context["views"]]
    assert tabs == [
        ("My tasks", True),
        ("Overdue", False),
        ("Everybody's tasks", False),
        ("All activities", False),
    ]
    assert [found(tab.query) for tab in page.context["views"]] == [
        ["Late", "Call", "Later"],
        ["Late"],
        ["Late", "Theirs", "Call", "Later"],
        ["Said", "Theirs", "Call", "Late", "Later"],
    ]
    html = page.content.decode()
    assert "<h1>Tasks</h1>" in html
    assert f'<a href="/admin/leads/lead/{lead.pk}/change/">Deal</a>' in html
    assert "Entity" not in html


def test_received_leads_are_called_so_on_their_page(signed_in, tenant):
    page = signed_in("manager").get("/admin/leads/receiverattempt/").content.decode()

    assert "<h1>Received leads</h1>" in page
    assert "Receiver attempts" not in page


def test_a_task_for_a_day_is_listed_without_a_time(signed_in, tenant):
    actor = tenant.actors.agent
    lead = create_lead({"title": "Deal"}, actor=actor)
    for subject, due in (("Day", "2026-03-02T00:00:00Z"), ("Hour", "2026-03-02T15:30:00Z")):
        create_activity(
            {
                "entity_type": "LEAD",
                "entity_id": lead.pk,
                "kind": "TASK",
                "subject": subject,
                "due_at": datetime.fromisoformat(due),
            },
            actor=actor,
        )

    html = signed_in("agent").get(LIST).content.decode()

    shown = re.findall(r'class="field-planned[^"]*">([^<]*)<', html)
    assert len(shown) == 2
    # The newest first.
    assert [":" in text for text in shown] == [True, False]


def test_the_list_adds_tasks_and_calls_by_the_name_of_a_record(signed_in):
    shown = signed_in("agent").get(LIST).content.decode()

    for kind, title in (("task", "New task"), ("call", "New call")):
        address = reverse(f"admin:new_{kind}")
        assert f'<a class="addlink" href="{address}">{title}</a>' in shown
    # The form that asks for the id of a record.
    assert f'href="{ADD}' not in shown
    assert "addlink" not in signed_in("viewer").get(LIST).content.decode()
