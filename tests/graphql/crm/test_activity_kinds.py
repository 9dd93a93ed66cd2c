"""Calls, meetings and e-mails: their fields, who takes part, and what goes with which kind."""

from datetime import UTC, datetime
from typing import Any

import pytest

from crm.models import Activity, ActivityKind, ActivityParticipant
from leads.services.leads import create_lead
from people.models import ActivityPerson
from people.services.organizations import create_organization
from people.services.people import create_person, delete_person, restore_person
from tests.clients import data
from tests.each_case import each_case
from tests.graphql.leads.conversations import WHOLE_ACTIVITY, do, not_found, refused
from tests.graphql.lists.asking import listed, where

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
LATER = "2030-01-31T12:00:00+00:00"
BEFORE = "2030-01-31T09:00:00+00:00"


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


@pytest.fixture
def jane(actors):
    return create_person({"firstname": "Jane"}, actor=actors.agent)


def on(record, **values):
    return {"entity_type": record.entity_kind, "entity_id": str(record.pk), **values}


def create(actors, record, **values):
    return do("createActivity", actors.agent, selection=WHOLE_ACTIVITY, input=on(record, **values))


def errors(actors, record, **values):
    return refused("createActivity", actors.agent, input=on(record, **values))["validation"]


def test_a_meeting_has_time_people_and_outcome(lead, jane, actors):
    colleague = str(actors.colleague.user_id)
    meeting = create(
        actors,
        lead,
        kind="MEETING",
        subject="Kick-off",
        starts_at=LATER,
        minutes=90,
        priority="HIGH",
        remind_at=BEFORE,
        assignee_id=colleague,
        participants_id=[colleague],
        people_participants_id=[str(jane.pk)],
    )

    assert meeting | {"id": "", "user": None, "door": ""} == {
        "id": "",
        "kind": "MEETING",
        "subject": "Kick-off",
        "text": "",
        "starts_at": LATER,
        "minutes": 90,
        "direction": None,
        "outcome": None,
        "priority": "HIGH",
        "remind_at": BEFORE,
        "due_at": None,
        "done_at": None,
        "recurrence": None,
        "previous_id": None,
        "version": 1,
        "entity_namespace": "lead",
        "entity_id": str(lead.pk),
        "door": "",
        "user": None,
        "done_by": None,
        "assignee": {"id": colleague},
        "participants": [{"id": colleague}],
        "people_participants": [{"id": str(jane.pk), "name": "Jane"}],
        "record": {"lead": {"id": str(lead.pk), "title": "Deal"}, "people": None, "organization": None},
    }


@pytest.mark.parametrize("kind", ["CALL", "MEETING", "EMAIL"])
def test_a_talk_without_a_time_took_place_now(lead, actors, kind, time_machine):
    time_machine.move_to("2026-05-01T10:00:00Z", tick=False)
    talk = create(actors, lead, kind=kind, text="Spoke about the price")

    assert (talk["starts_at"], talk["priority"]) == ("2026-05-01T10:00:00+00:00", "NORMAL")
    error = refused("updateActivity", actors.agent, id=talk["id"], input={"starts_at": None})
    assert list(error["validation"]) == ["input.starts_at"]


GOOD: dict[str, dict[str, Any]] = {
    "NOTE": {"text": "Called", "subject": "Price"},
    "TASK": {"subject": "Send", "due_at": LATER, "remind_at": BEFORE, "priority": "LOW", "outcome": "Sent"},
    "CALL": {"subject": "Call", "starts_at": LATER, "minutes": 5, "direction": "IN", "outcome": "Busy"},
    "MEETING": {
        "text": "Talk",
        "starts_at": LATER,
        "minutes": 10_080,
        "remind_at": BEFORE,
        "priority": "HIGH",
    },
    "EMAIL": {"subject": "Offer", "starts_at": BEFORE, "direction": "OUT", "outcome": "Read"},
}
VALUES = {
    "due_at": LATER,
    "remind_at": BEFORE,
    "recurrence": "FREQ=DAILY",
    "starts_at": LATER,
    "minutes": 5,
    "direction": "IN",
    "outcome": "Good",
    "priority": "HIGH",
}
SURPLUS = {
    "NOTE": {"remind_at", "recurrence", "starts_at", "minutes", "direction", "outcome", "priority"},
    "TASK": {"starts_at", "minutes", "direction"},
    "CALL": {"due_at", "recurrence"},
    "MEETING": {"due_at", "recurrence", "direction"},
    "EMAIL": {"due_at", "remind_at", "recurrence", "minutes", "priority"},
}


@each_case("kind", GOOD)
def test_each_kind_has_its_fields(lead, actors, kind):
    made = create(actors, lead, kind=kind, **GOOD[kind])

    assert {name: made[name] for name in GOOD[kind]} == GOOD[kind]


@each_case("kind", SURPLUS)
def test_a_field_of_another_kind_is_refused_by_its_name(lead, actors, kind):
    needed = {"TASK": {"due_at": LATER}, "CALL": {"starts_at": LATER}, "MEETING": {"starts_at": LATER}}
    answer = {"kind": kind, "text": "A", **needed.get(kind, {})}
    for name, value in VALUES.items():
        if kind == "NOTE" and name == "due_at":
            # Since before there were other kinds.
            assert list(errors(actors, lead, **answer, due_at=value)) == ["input.kind"]
        elif name in SURPLUS[kind]:
            assert list(errors(actors, lead, **{**answer, name: value})) == [f"input.{name}"], name
        else:
            create(actors, lead, **{**answer, name: value})
    assert Activity.objects.count() == len(VALUES) - len(SURPLUS[kind]) - (kind == "NOTE")


@each_case(
    ("values", "field"),
    [
        ({"kind": "NOTE", "subject": "Only this"}, "text"),
        ({"kind": "CALL", "subject": " "}, "text"),
        ({"kind": "CALL", "subject": "x" * 256}, "subject"),
        ({"kind": "CALL", "text": "A", "minutes": 0}, "minutes"),
        ({"kind": "CALL", "text": "A", "minutes": 10_081}, "minutes"),
        ({"kind": "CALL", "text": "A", "minutes": -5}, "minutes"),
        ({"kind": "CALL", "text": "A", "outcome": "x" * 256}, "outcome"),
        ({"kind": "TASK", "text": "A", "due_at": BEFORE, "remind_at": LATER}, "remind_at"),
        ({"kind": "CALL", "text": "A", "starts_at": BEFORE, "remind_at": LATER}, "remind_at"),
        ({"kind": "TASK", "text": "A", "recurrence": "FREQ=DAILY"}, "recurrence"),
        ({"kind": "TASK", "text": "A", "due_at": LATER, "recurrence": "FREQ=SECONDLY"}, "recurrence"),
        ({"kind": "TASK", "text": "A", "due_at": LATER, "recurrence": "FREQ=DAILY;COUNT=1"}, "recurrence"),
        (
            {"kind": "TASK", "text": "A", "due_at": LATER, "recurrence": "FREQ=DAILY;UNTIL=20300131"},
            "recurrence",
        ),
        (
            {
                "kind": "TASK",
                "text": "A",
                "due_at": LATER,
                "recurrence": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
            },
            "recurrence",
        ),
    ],
)
def test_refusals(lead, actors, values, field):
    assert list(errors(actors, lead, **values)) == [f"input.{field}"]
    assert Activity.objects.count() == 0


@each_case("kind", ["NOTE", "TASK"])
@each_case("name", ["participants_id", "people_participants_id"])
def test_only_talks_have_participants(lead, jane, actors, kind, name):
    key = jane.pk if name.startswith("people") else actors.agent.user_id
    assert list(errors(actors, lead, kind=kind, text="A", **{name: [str(key)]})) == [f"input.{name}"]
    assert Activity.objects.count() == 0
    create(actors, lead, kind=kind, text="A", **{name: []})


def test_participants_are_looked_up_in_scope(lead, jane, actors, other_actors):
    foreign = create_person({"firstname": "Eve"}, actor=other_actors.agent)
    delete_person(jane.pk, actor=actors.agent)
    for name, keys in (
        ("participants_id", [actors.agent.user_id, other_actors.agent.user_id]),
        ("people_participants_id", [foreign.pk]),
        ("people_participants_id", [jane.pk]),
        ("people_participants_id", ["nobody"]),
    ):
        values = on(lead, kind="CALL", text="A", **{name: [str(key) for key in keys]})
        error = refused("createActivity", actors.agent, input=values)
        assert error == not_found(f"input.{name}.{len(keys) - 1}")
    assert (
        Activity.objects.count() == ActivityParticipant.objects.count() == ActivityPerson.objects.count() == 0
    )


def test_the_list_of_participants_is_replaced_and_counts_as_a_change(lead, jane, actors):
    john = create_person({"firstname": "John"}, actor=actors.agent)
    agent, colleague = (str(actor.user_id) for actor in (actors.agent, actors.colleague))
    call = create(
        actors, lead, kind="CALL", text="A", participants_id=[agent], people_participants_id=[str(jane.pk)]
    )

    def update(**values):
        return do("updateActivity", actors.agent, selection=WHOLE_ACTIVITY, id=call["id"], input=values)

    changed = update(participants_id=[colleague, agent], people_participants_id=[str(john.pk)])
    assert [row["id"] for row in changed["participants"]] == sorted([agent, colleague], key=int)
    assert [row["name"] for row in changed["people_participants"]] == ["John"]
    assert changed["version"] == 2
    assert update(participants_id=[agent, colleague])["version"] == 2
    assert update(text="B")["participants"] == changed["participants"]
    emptied = update(participants_id=None, people_participants_id=[])
    assert (emptied["participants"], emptied["people_participants"], emptied["version"]) == ([], [], 4)


def test_a_talk_that_becomes_a_task_gives_up_what_tasks_do_not_have(lead, actors):
    call = create(actors, lead, kind="CALL", text="A", participants_id=[str(actors.agent.user_id)])

    error = refused("updateActivity", actors.agent, id=call["id"], input={"kind": "TASK"})
    assert list(error["validation"]) == ["input.participants_id"]
    error = refused(
        "updateActivity", actors.agent, id=call["id"], input={"kind": "TASK", "participants_id": []}
    )
    assert list(error["validation"]) == ["input.starts_at"]
    values: dict[str, Any] = {"kind": "TASK", "participants_id": [], "starts_at": None}
    assert do("updateActivity", actors.agent, id=call["id"], input=values)["kind"] == "TASK"


def test_a_deleted_person_takes_part_again_once_restored(lead, jane, actors):
    call = create(actors, lead, kind="CALL", text="A", people_participants_id=[str(jane.pk)])
    document = "{ activities { data { people_participants { name } } } }"

    def people():
        [row] = data(document, actor=actors.viewer)["activities"]["data"]
        return [person["name"] for person in row["people_participants"]]

    delete_person(jane.pk, actor=actors.agent)
    assert people() == []
    do("updateActivity", actors.agent, id=call["id"], input={"people_participants_id": []})
    restore_person(jane.pk, actor=actors.agent)
    assert people() == ["Jane"]


def test_a_planned_talk_is_everybodys_and_an_email_its_authors(lead, actors):
    meeting = create(actors, lead, kind="MEETING", text="A", starts_at=LATER)
    mail = create(actors, lead, kind="EMAIL", text="A")

    done = do("completeTask", actors.colleague, id=meeting["id"])
    assert done["done_by"] == {"id": str(actors.colleague.user_id)}
    assert do("reopenTask", actors.colleague, id=meeting["id"])["done_at"] is None
    assert do("updateActivity", actors.colleague, id=meeting["id"], input={"outcome": "Held"})["version"] == 4
    assert (
        refused("updateActivity", actors.colleague, id=mail["id"], input={"text": "B"})["code"] == "FORBIDDEN"
    )
    assert refused("completeTask", actors.agent, id=mail["id"])["code"] == "CONFLICT"


def test_a_hidden_lead_hides_the_record_of_its_activities(lead, jane, tenant, actors):
    for record in (lead, jane):
        create(actors, record, kind="CALL", text="A")
    tenant.company.lead_visibility = "OWN"
    tenant.company.save()
    document = "{ activities { data { record { lead { id } people { id } organization { id } } } } }"

    stranger = tenant.actors.colleague.__class__(
        **{**vars(actors.colleague), "company_sees_all_leads": False}
    )
    found = data(document, actor=stranger)["activities"]["data"]
    assert found == [{"record": {"lead": None, "people": {"id": str(jane.pk)}, "organization": None}}]


@pytest.mark.usefixtures("standard_executor")
@pytest.mark.parametrize(
    ("selection", "statements"),
    [
        ("id kind subject direction priority assignee { id } starts_at", 1),
        ("id participants { id } people_participants { id name }", 3),
        ("record { lead { id title owner { id } } people { name } organization { id name } }", 4),
        ("a: record { lead { id } } record { lead { title stage { name } } }", 2),
    ],
)
def test_statements_do_not_grow_with_the_activities(
    lead, jane, actors, selection, statements, django_assert_num_queries
):
    acme = create_organization({"name": "Acme"}, actor=actors.agent)
    for number in (1, 4):
        for record in (lead, jane, acme):
            for _ in range(number):
                create(
                    actors,
                    record,
                    kind="MEETING",
                    text="A",
                    starts_at=LATER,
                    participants_id=[str(actors.agent.user_id), str(actors.colleague.user_id)],
                    people_participants_id=[str(jane.pk)],
                )
        with django_assert_num_queries(statements):
            rows = data(f"{{ tasks {{ data {{ {selection} }} }} }}", actor=actors.viewer)["tasks"]["data"]
        assert len(rows) == (3 if number == 1 else 15)


def test_the_timeline_tells_kind_subject_and_outcome(lead, actors):
    create(
        actors, lead, kind="CALL", subject="Price", text="Too high", direction="OUT", minutes=1, outcome="No"
    )
    meeting = create(actors, lead, kind="MEETING", subject="Kick-off", minutes=30, starts_at=LATER)
    do("completeTask", actors.agent, id=meeting["id"])
    create(actors, lead, kind="EMAIL", subject="Offer", direction="IN")
    document = """query($id: ID!) { timeline(entity_type: LEAD, entity_id: $id) { data {
      kind text activity { subject } } } }"""

    found = [
        (entry["kind"], entry["text"])
        for entry in data(document, actor=actors.viewer, variables={"id": lead.pk})["timeline"]["data"]
        if entry["activity"]
    ]
    assert found == [
        ("EMAIL", "Offer\nIncoming"),
        ("MEETING_DONE", "Kick-off\n30 minutes"),
        ("MEETING", "Kick-off\n30 minutes"),
        ("CALL", "Price\nOutgoing, 1 minute\nToo high\nOutcome: No"),
    ]


def test_lists_are_filtered_and_sorted_by_the_new_columns(lead, jane, actors):
    agent = str(actors.agent.user_id)
    low = create(actors, lead, kind="TASK", subject="Low", priority="LOW", due_at=LATER)["id"]
    high = create(actors, lead, kind="TASK", subject="High", priority="HIGH", remind_at=LATER)["id"]
    call = create(
        actors, lead, kind="CALL", subject="Call", starts_at=BEFORE, direction="IN", participants_id=[agent]
    )["id"]
    meeting = create(
        actors,
        jane,
        kind="MEETING",
        text="Talk",
        minutes=30,
        starts_at="2029-01-01T00:00:00Z",
        assignee_id=agent,
    )["id"]
    for kind in ("NOTE", "EMAIL"):
        create(actors, lead, kind=kind, text="Not planned")
    for column, operator, value, found in (
        ("KIND", "IN", ["CALL", "MEETING"], [call, meeting]),
        ("ASSIGNEE_ID", "EQ", agent, [meeting]),
        ("SUBJECT", "LIKE", "%i%", [high]),
        ("TEXT", "EQ", "Talk", [meeting]),
        ("PRIORITY", "NEQ", "NORMAL", [low, high]),
        ("DIRECTION", "EQ", "in", [call]),
        ("MINUTES", "GTE", 30, [meeting]),
        ("REMIND_AT", "EQ", LATER, [high]),
        ("PLANNED_AT", "LTE", BEFORE, [call, meeting]),
        ("STARTS_AT", "LT", BEFORE, [meeting]),
        ("DONE", "EQ", False, [low, high, call, meeting]),
    ):
        keys = listed("tasks", "id", actor=actors.viewer, where=where(column, operator, value))
        assert keys == found, column
    for column, direction, found in (
        ("PLANNED_AT", "ASC", [meeting, call, low, high]),
        ("PRIORITY", "DESC", [high, call, meeting, low]),
        ("STARTS_AT", "DESC", [call, meeting, low, high]),
    ):
        order = [{"column": column, "order": direction}]
        assert listed("tasks", "id", actor=actors.viewer, orderBy=order) == found, column
    taking_part = f'{{ tasks(hasParticipants: {{column: ID, value: "{agent}"}}) {{ data {{ id }} }} }}'
    assert data(taking_part, actor=actors.viewer)["tasks"]["data"] == [{"id": call}]


def test_every_kind_of_the_model_is_tried_here():
    assert set(GOOD) == set(SURPLUS) == set(ActivityKind)
    assert Activity(kind="CALL", starts_at=datetime(2030, 1, 1, tzinfo=UTC)).is_to_come(datetime.now(UTC))
