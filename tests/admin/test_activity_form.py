"""The long form of an activity: what it begins with, days without a time, repetition, and where it leads."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.urls import reverse

from crm.models import Activity
from crm.services.activities import create_activity
from leads.services.leads import create_lead, update_lead
from people.services.people import create_person, delete_person
from tests.admin.conftest import errors_of, posted
from tests.admin.rows import page
from tests.admin.test_activities import ADD, LIST, about, add, change, moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


def test_the_long_form_begins_with_what_was_typed_in_the_short_one(lead, signed_in, actors):
    client = signed_in("agent")
    typed = about(lead, kind="TASK", text="Send the quote", due_on="2031-06-06")

    begun = client.post(reverse("admin:crm_activity_start"), typed)

    context = begun.context_data
    assert context["form_url"] == f"{ADD}?entity_type=LEAD&entity_id={lead.pk}&kind=TASK"
    assert (context["subtitle"], context["was_typed"]) == ("Task: Deal", True)
    filled = posted(begun)
    assert (filled["kind"], filled["text"]) == ("TASK", "Send the quote")
    assert filled["assignee"] == str(actors.agent.user_id)
    assert 'name="due_at_0" value="2031-06-06"' in begun.content.decode()
    assert 'name="due_at_1" value' not in begun.content.decode()
    assert Activity.objects.count() == 0
    # Back to the record, not to a list.
    answer = client.post(context["form_url"], {**filled, "due_at_0": "2031-06-06"})
    assert answer.headers["Location"] == reverse(page(lead, "change"), args=[lead.pk])
    task = Activity.objects.get()
    assert (task.due_at, task.assignee_id) == (datetime(2031, 6, 6, tzinfo=UTC), actors.agent.user_id)
    # The day of a task is nothing that a call has.
    call = client.post(reverse("admin:crm_activity_start"), typed | {"kind": "CALL"})
    assert call.context_data["adminform"].form.initial.get("starts_at") is None
    assert client.get(reverse("admin:crm_activity_start")).status_code == 405


def test_the_long_form_names_no_record_out_of_sight(lead, signed_in, other_actors):
    foreign = create_lead({"title": "Secret deal"}, actor=other_actors.agent)
    start = reverse("admin:crm_activity_start")

    begun = signed_in("agent").post(start, about(foreign, kind="NOTE", text="Typed"))

    assert "Secret deal" not in begun.content.decode()
    assert posted(begun)["text"] == "Typed"
    assert signed_in("viewer").post(start, about(lead, kind="NOTE", text="A")).status_code == 403


@pytest.mark.parametrize(
    ("kind", "first"), [("", "kind"), ("TASK", "subject"), ("CALL", "subject"), ("NOTE", "text")]
)
def test_typing_begins_at_what_is_not_chosen_yet(lead, signed_in, kind, first):
    fields = signed_in("agent").get(ADD, about(lead, kind=kind)).context_data["adminform"].form.fields
    assert [name for name, field in fields.items() if field.widget.attrs.get("autofocus")] == [first]


def test_a_day_alone_is_enough(lead, signed_in, time_machine):
    time_machine.move_to(datetime(2030, 1, 15, 12, tzinfo=UTC), tick=False)
    client = signed_in("agent")

    add(client, lead, kind="TASK", text="A", due_at_0="2030-01-31", remind_at_0="2030-01-30")
    add(client, lead, kind="CALL", text="B", starts_at_0="2030-01-31")
    add(client, lead, kind="CALL", text="C", starts_at_0="2030-01-14")
    today = add(client, lead, kind="CALL", text="D", starts_at_0="2030-01-15")

    task, call, past = Activity.objects.order_by("pk")
    assert (task.due_at, task.remind_at) == (
        datetime(2030, 1, 31, tzinfo=UTC),
        datetime(2030, 1, 30, tzinfo=UTC),
    )
    assert (call.starts_at, call.done_at) == (datetime(2030, 1, 31, 9, tzinfo=UTC), None)
    assert past.done_at == past.starts_at == datetime(2030, 1, 14, 9, tzinfo=UTC)
    assert errors_of(today) == {"starts_at": ["For today, enter a time too."]}
    # The day alone comes back, and nothing changes by saving it.
    opened = client.get(change(task))
    assert 'name="due_at_1" value' not in opened.content.decode()
    client.post(change(task), posted(opened, due_at_0="2030-01-31", remind_at_0="2030-01-30"))
    task.refresh_from_db()
    assert task.version == 1


def test_how_a_task_repeats_is_chosen_or_typed(lead, signed_in):
    client = signed_in("agent")
    due = moment("due_at", "2030-01-31 12:00")
    add(client, lead, kind="TASK", text="A", recurrence="FREQ=MONTHLY", **due)
    add(client, lead, kind="TASK", text="B", recurrence="OTHER", own_rule="FREQ=WEEKLY;BYDAY=MO,TH", **due)
    untold = add(client, lead, kind="TASK", text="C", recurrence="OTHER", **due)

    rules = Activity.objects.order_by("pk").values_list("recurrence", flat=True)
    assert list(rules) == ["FREQ=MONTHLY", "FREQ=WEEKLY;BYDAY=MO,TH"]
    assert errors_of(untold) == {"own_rule": ["Enter a rule such as FREQ=WEEKLY;BYDAY=MO."]}
    shown = client.get(change(Activity.objects.get(text="B"))).content.decode()
    assert '<option value="FREQ=WEEKLY;BYDAY=MO,TH" selected>' in shown


def test_a_list_that_was_narrowed_is_gone_back_to(lead, signed_in, actors):
    task = create_activity(about(lead, kind="TASK", text="A"), actor=actors.agent)
    client = signed_in("agent")
    for query, back in (
        ("", reverse(page(lead, "change"), args=[lead.pk])),
        ("due%3Dopen", f"{LIST}?due=open"),
    ):
        address = f"{change(task)}?_changelist_filters={query}" if query else change(task)
        answer = client.post(address, posted(client.get(address)))
        assert answer.headers["Location"] == back


@pytest.mark.parametrize("kind", ["CALL", "MEETING", "EMAIL", "TASK"])
def test_the_form_begins_with_the_person_of_the_lead(signed_in, actors, kind):
    jane = create_person({"firstname": "Jane"}, actor=actors.agent)
    lead = create_lead({"title": "Deal", "people_id": jane.pk}, actor=actors.agent)
    client = signed_in("agent")

    begun = client.post(reverse("admin:crm_activity_start"), about(lead, kind=kind, text="Talk"))
    filled = posted(begun)
    stored = client.post(begun.context_data["form_url"], filled)

    assert begun.context_data["subtitle"].endswith(": Deal · Jane")
    assert filled["people"] == [str(jane.pk)]
    assert stored.status_code == 302
    activity: Any = Activity.objects.get()
    # Nobody takes part in a task.
    assert list(activity.people_participants.all()) == ([] if kind == "TASK" else [jane])
    # Others may be chosen instead, or nobody.
    client.post(begun.context_data["form_url"], {**filled, "people": []})
    last: Any = Activity.objects.order_by("pk").last()
    assert list(last.people_participants.all()) == []


def test_the_form_names_no_person_who_was_deleted(lead, signed_in, actors):
    jane = create_person({"firstname": "Jane"}, actor=actors.agent)
    update_lead(lead.pk, {"people_id": jane.pk}, actor=actors.agent)
    delete_person(jane.pk, actor=actors.agent)

    begun = signed_in("agent").get(f"{ADD}?entity_type=LEAD&entity_id={lead.pk}&kind=CALL")

    assert begun.context["subtitle"] == "Call: Deal"
    assert not posted(begun).get("people")
