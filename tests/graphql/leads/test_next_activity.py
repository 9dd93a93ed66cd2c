"""What is to be done about a record next, and what was done about it last."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crm.models import Activity
from crm.services.activities import complete_task, create_activity, delete_activity
from leads.services.leads import create_lead
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.clients import data

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
LISTS = {"LEAD": "leads", "PEOPLE": "peoples", "ORGANIZATION": "organizations"}


@pytest.fixture(autouse=True)
def now(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture(params=list(LISTS))
def record(request, actors):
    if request.param == "LEAD":
        return create_lead({"title": "Deal"}, actor=actors.agent)
    if request.param == "PEOPLE":
        return create_person({"firstname": "Jane"}, actor=actors.agent)
    return create_organization({"name": "Acme"}, actor=actors.agent)


def add(record, actor, kind="TASK", days=None, **values):
    moment = None if days is None else NOW + timedelta(days=days)
    about: Any = {"entity_type": record.entity_kind, "entity_id": record.pk, "kind": kind, "text": "A"}
    return create_activity(
        about | {"due_at" if kind == "TASK" else "starts_at": moment} | values, actor=actor
    )


def shown(record, actor):
    name = LISTS[record.entity_kind]
    document = f"{{ {name} {{ data {{ next_activity {{ id }} latest_activity {{ id kind }} }} }} }}"
    [row] = data(document, actor=actor)[name]["data"]
    return [row[field] and int(row[field]["id"]) for field in ("next_activity", "latest_activity")]


def test_the_earliest_task_call_or_meeting_comes_next(record, actors, time_machine):
    assert shown(record, actors.viewer) == [None, None]
    undated = add(record, actors.agent)
    assert shown(record, actors.viewer) == [undated.pk, None]
    task = add(record, actors.agent, days=5)
    late = add(record, actors.agent, "MEETING", 6)
    assert shown(record, actors.viewer) == [task.pk, None]
    meeting = add(record, actors.agent, "MEETING", 2)
    assert shown(record, actors.viewer) == [meeting.pk, None]
    overdue = add(record, actors.agent, days=-3)
    assert shown(record, actors.viewer) == [overdue.pk, None]
    complete_task(overdue.pk, actor=actors.agent)
    assert shown(record, actors.viewer) == [meeting.pk, overdue.pk]
    time_machine.move_to(NOW + timedelta(hours=1), tick=False)
    complete_task(meeting.pk, actor=actors.agent)
    delete_activity(task.pk, actor=actors.agent)
    delete_activity(late.pk, actor=actors.agent)
    assert shown(record, actors.viewer) == [undated.pk, meeting.pk]


def test_the_latest_is_what_took_place_last_not_what_was_entered_last(record, actors):
    call = add(record, actors.agent, "CALL", -1)
    mail = add(record, actors.agent, "EMAIL", -2)
    assert shown(record, actors.viewer) == [None, call.pk]
    delete_activity(call.pk, actor=actors.agent)
    assert shown(record, actors.viewer) == [None, mail.pk]


def test_a_meeting_is_no_longer_next_once_its_time_has_come(record, actors, time_machine):
    meeting = add(record, actors.agent, "MEETING", 1)
    assert shown(record, actors.viewer) == [meeting.pk, None]
    time_machine.move_to(NOW + timedelta(days=1), tick=False)
    assert shown(record, actors.viewer) == [None, meeting.pk]


@pytest.mark.usefixtures("standard_executor")
def test_statements_do_not_grow_with_records_or_activities(actors, django_assert_num_queries):
    document = (
        """{ leads { data { id next_activity { id subject assignee { id } } latest_activity { kind } } } }"""
    )
    for number in (1, 4):
        for _ in range(number):
            lead = create_lead({"title": "Deal"}, actor=actors.agent)
            for _ in range(number):
                add(lead, actors.agent, days=1)
                add(lead, actors.agent, "CALL", -1)
        with django_assert_num_queries(5):
            rows = data(document, actor=actors.viewer)["leads"]["data"]
        assert all(row["next_activity"] and row["latest_activity"] for row in rows)


def test_documents_with_them_are_answered_with_compiled_reads_on(actors, settings):
    settings.GRAPHQL_COMPILED_READS = True
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    task = add(lead, actors.agent, days=1)
    document = (
        "{ leads { data { title next_activity { id record { lead { title } } } } paginatorInfo { total } } }"
    )

    found = data(document, actor=actors.viewer)["leads"]
    assert found["data"] == [
        {"title": "Deal", "next_activity": {"id": str(task.pk), "record": {"lead": {"title": "Deal"}}}}
    ]
    assert found["paginatorInfo"] == {"total": 1}
    assert Activity.objects.count() == 1


def test_a_stranger_sees_no_activity_of_a_hidden_lead(actors):
    lead = create_lead({"title": "Deal"}, actor=actors.colleague)
    add(lead, actors.colleague, days=1)
    stranger = replace(actors.agent, company_sees_all_leads=False)

    assert data("{ leads { data { next_activity { id } } } }", actor=stranger)["leads"]["data"] == []
