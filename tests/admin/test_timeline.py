"""The timeline below a record's form, and the form for notes and tasks."""

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.admin.timeline_words import who_of
from crm.models import Activity
from crm.records.timeline_entries import Entry, TimelineKind
from crm.services.activities import create_activity
from crm.services.activity_input import ActivityValues
from leads.services.board import next_activities
from leads.services.lead_input import LeadValues
from leads.services.leads import create_lead, update_lead
from people.services.organizations import create_organization
from people.services.people import create_person
from pipelines.models import Stage
from tests.admin.conftest import form_of
from tests.admin.rows import page

pytestmark = pytest.mark.django_db
XSS = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture(params=["lead", "person", "organization"])
def record(request, actors):
    if request.param == "lead":
        return create_lead({"title": "Deal"}, actor=actors.agent)
    if request.param == "person":
        return create_person({"firstname": "Jane"}, actor=actors.agent)
    return create_organization({"name": "Acme"}, actor=actors.agent)


def change(record):
    return reverse(page(record, "change"), args=[record.pk])


def note(record):
    return reverse(page(record, "note"), args=[record.pk])


def test_a_note_is_added_and_shown_as_text(record, signed_in, actors):
    client = signed_in("agent")
    answer = client.post(note(record), {"kind": "NOTE", "text": XSS}, follow=True)

    added = Activity.objects.get()
    assert (added.text, added.kind, added.door, added.entity) == (XSS, "NOTE", "admin", record)
    assert added.user_id == actors.agent.user_id
    shown = answer.content.decode()
    assert XSS not in shown
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in shown
    assert "The note was added." in shown


@pytest.mark.parametrize("kind", ["CALL", "MEETING", "EMAIL"])
def test_what_is_logged_took_place_and_is_nowhere_to_do(actors, signed_in, kind):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    about: ActivityValues = {"entity_type": "LEAD", "entity_id": lead.pk, "assignee_id": actors.agent.user_id}
    # As programs log it, which say by another call that it is done.
    create_activity({**about, "kind": kind, "text": "By a program"}, actor=actors.agent)
    client = signed_in("agent")

    answer = client.post(note(lead), {"kind": kind, "text": "Wants a quote"}, follow=True)

    logged = Activity.objects.get(text="Wants a quote")
    assert logged.done_at == (None if kind == "EMAIL" else logged.starts_at)
    assert [fact.text for fact in answer.context["facts"] if fact.label == "Next activity"] == []
    told = [(row["title"], row["text"]) for row in answer.context["timeline"]]
    assert [text for _title, text in told].count("Wants a quote") == 1
    assert "Mark as done" not in answer.content.decode()
    assert next_activities([lead.pk], actors.agent) == {}
    calendar = client.get(reverse("admin:crm_activity_calendar"), {"view": "day", "member": "all"}).context
    entries = calendar["days"][0]["entries"]
    assert [entry["is_done"] for entry in entries] == [True] * (0 if kind == "EMAIL" else 2)
    assert [entry["may_reopen"] for entry in entries] == [False] * len(entries)
    assert [row for part in client.get(reverse("admin:index")).context["todo"] for row in part["rows"]] == []


def test_a_quick_task_is_ones_own_and_has_a_day(actors, signed_in):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    client = signed_in("agent")

    def add(**typed):
        answer = client.post(note(lead), {"kind": "TASK", "text": "Send the quote", **typed}, follow=True)
        return [str(message) for message in answer.context["messages"]], Activity.objects.order_by(
            "pk"
        ).last()

    said, task = add(due_on="2031-06-06")
    assert (said, task.assignee_id) == (["The task was added."], actors.agent.user_id)
    assert task.due_at == datetime(2031, 6, 6, tzinfo=UTC)
    shown = client.get(change(lead))
    [following] = [fact for fact in shown.context["facts"] if fact.label == "Next activity"]
    # A day without a time.
    assert following.text == "6 Jun 2031: Send the quote"
    assert ">6 Jun 2031</time>" in shown.content.decode()
    said, task = add(due_on="")
    assert (said, task.assignee_id) == (["The task was added, without a day."], actors.agent.user_id)
    assert task.due_at is None
    said, last = add(due_on="06/31/2031")
    assert said == ["Nothing was added: enter a day such as 2026-01-31."]
    assert last == task


def test_changes_are_shown_with_door_and_values(actors, signed_in):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    update_lead(lead.pk, {"title": XSS}, actor=actors.agent)
    shown = signed_in("viewer").get(change(lead)).content.decode()
    assert XSS not in shown
    assert "agent@tenant, through the API" in shown
    assert "Deal → &lt;script&gt;" in " ".join(shown.split())


def test_changes_are_told_in_the_words_of_people(actors, signed_in, tenant):
    lead = create_lead(
        {"title": "Deal", "firstname": "Jane", "amount": 1500, "currency": "EUR"}, actor=actors.agent
    )
    update_lead(
        lead.pk,
        {
            "firstname": "Joan",
            "tags": [{"name": "Trade fair"}],
            "amount": "12500.50",
            "expected_close_on": "2026-12-24",
            "description": "Wants a quote",
            "custom_fields": [{"name": "Segment", "value": "A"}],
            "leads_owner_id": None,
        },
        actor=actors.agent,
    )
    client = signed_in("agent")

    shown = client.get(change(lead)).context["timeline"]
    lines = {line["label"]: line["text"] for line in shown[0]["lines"]}

    assert (shown[0]["title"], shown[0]["who"]) == ("Changed", "agent@tenant, through the API")
    assert lines == {
        "First name": "Jane → Joan",
        "Tags": "added Trade fair",
        "Amount": "1,500.00 → 12,500.50",
        "Expected to close on": "24 Dec 2026",
        "Description": "Wants a quote",
        "Segment": "A",
        "Owner": f"{tenant.users['admin']} → empty",
    }


def test_a_move_to_another_stage_is_told_once(actors, signed_in):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    first, second = Stage.objects.filter(pipeline=lead.pipeline).order_by("weight", "pk")[:2]
    update_lead(lead.pk, {"pipeline_stage_id": second.pk, "title": "Big deal"}, actor=actors.agent)

    moved = signed_in("agent").get(change(lead)).context["timeline"][0]

    assert moved["text"] == f"Stage: {first.name} → {second.name}, after 0 minutes"
    assert [line["label"] for line in moved["lines"]] == ["Title"]


def test_a_note_leaves_the_form_beside_it_valid(actors, signed_in):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    client = signed_in("agent")
    typed = form_of(client, change(lead), description="Typed before the note")

    client.post(note(lead), {"kind": "NOTE", "text": "Called"}, headers={"HX-Request": "true"})
    answer = client.post(change(lead), typed)

    lead.refresh_from_db()
    assert answer.status_code == 302
    assert lead.description == "Typed before the note"


def test_records_can_be_called_and_written_to(actors, signed_in):
    reach: LeadValues = {"title": "Deal", "email": "jane@x.example", "phone": "+1 212 555 0109"}
    lead = create_lead(reach, actor=actors.agent)
    person = create_person({"firstname": "Jane", "email": "j&x@x.example"}, actor=actors.agent)
    client = signed_in("viewer")
    shown = client.get(change(lead)).content.decode()
    assert '<a href="mailto:jane@x.example">' in shown
    assert '<a href="tel:+12125550109">' in shown
    assert '<a href="mailto:j%26x@x.example">' in client.get(change(person)).content.decode()
    assert "mailto:j%26x" in client.get(reverse(page(person, "changelist"))).content.decode()


def test_who_may_only_look_sees_it_and_adds_nothing(record, signed_in):
    client = signed_in("viewer")
    shown = client.get(change(record)).content.decode()
    assert 'id="timeline"' in shown
    assert note(record) not in shown
    assert client.post(note(record), {"kind": "NOTE", "text": "A"}).status_code == 403
    assert Activity.objects.count() == 0


def test_an_empty_note_is_refused(record, signed_in):
    answer = signed_in("agent").post(note(record), {"kind": "NOTE", "text": " "}, follow=True)
    assert "Nothing was added" in answer.content.decode()
    assert Activity.objects.count() == 0


def test_records_of_another_company_do_not_exist(record, signed_in, other_actors):
    foreign = create_lead({"title": "Deal"}, actor=other_actors.agent)
    client = signed_in("admin")
    assert client.post(note(foreign), {"kind": "NOTE", "text": "A"}).status_code == 404
    assert client.get(note(record)).status_code == 405
    assert Activity.objects.count() == 0


def test_statements_do_not_grow_with_the_entries(actors, signed_in):
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    client = signed_in("agent")

    def statements(number):
        for _ in range(number):
            create_activity({"entity_type": "LEAD", "entity_id": lead.pk, "text": "Note"}, actor=actors.agent)
        with CaptureQueriesContext(connection) as queries:
            client.get(change(lead))
        return len(queries)

    statements(1)
    assert statements(1) == statements(10)


@pytest.mark.parametrize(
    ("door", "via", "who"),
    [
        ("import", "import 45576fa2-64f1-4a3c-9d1e-0f6f2f1d7a55", "Automatically, by an import"),
        ("graphql", "undo of import 45576fa2-64f1-4a3c-9d1e-0f6f2f1d7a55", "Automatically, through the API"),
        ("graphql", "Zapier", "Automatically, through the API (Zapier)"),
    ],
)
def test_an_entry_names_its_way_without_the_id_of_an_import(door, via, who):
    at = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert who_of(Entry(id="1", at=at, kind=TimelineKind.CREATED, user=None, door=door, via=via)) == who
