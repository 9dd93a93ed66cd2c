"""Planned calls and meetings count as activities of their leads once their time has come."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.models import Activity, Event
from crm.services.activities import (
    complete_task,
    create_activity,
    delete_activity,
    reopen_task,
    update_activity,
)
from crm.services.started_activities import record_started
from leads.models import Lead
from leads.services.leads import create_lead, delete_lead
from people.services.people import create_person
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 3, 12, tzinfo=UTC)
TOMORROW = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(time_machine):
    time_machine.move_to(NOW, tick=False)
    return time_machine


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


def plan(record, actor, kind="MEETING", at=TOMORROW):
    about: Any = {"entity_type": record.entity_kind, "entity_id": record.pk, "kind": kind, "text": "A"}
    return create_activity(about | {"starts_at": at}, actor=actor)


def run():
    return record_started(batch=transaction.atomic)


def last(lead):
    stored = Lead.objects.get(pk=lead.pk)
    return stored.last_activity, stored.last_activity_at


@pytest.mark.parametrize("kind", ["CALL", "MEETING", "EMAIL"])
def test_what_took_place_resets_rotting_at_once_and_by_its_own_time(lead, actors, clock, kind):
    clock.move_to(NOW + timedelta(days=3), tick=False)
    plan(lead, actors.agent, kind, TOMORROW)
    assert last(lead) == (kind, TOMORROW)
    plan(lead, actors.agent, kind, NOW - timedelta(days=9))
    assert last(lead) == (kind, TOMORROW)


def test_a_planned_meeting_counts_once_its_time_has_come(lead, actors, clock):
    meeting = plan(lead, actors.agent)
    assert (run(), last(lead)) == (0, ("STAGE", NOW))

    clock.move_to(TOMORROW + timedelta(hours=2), tick=False)
    before = Event.objects.count()
    assert (run(), Event.objects.count() - before) == (1, 1)
    assert last(lead) == ("MEETING", TOMORROW)
    assert run() == 0
    stored = Activity.objects.get(pk=meeting.pk)
    assert (stored.version, stored.done_at, stored.is_awaited) == (1, None, False)


def test_a_meeting_that_is_done_before_its_time_counts_then(lead, actors, clock):
    meeting = plan(lead, actors.agent)
    clock.move_to(NOW + timedelta(hours=1), tick=False)
    complete_task(meeting.pk, actor=actors.agent)
    assert last(lead) == ("MEETING", NOW + timedelta(hours=1))
    clock.move_to(TOMORROW, tick=False)
    assert run() == 0


def test_a_meeting_that_is_opened_again_is_awaited_again(lead, actors, clock):
    meeting = plan(lead, actors.agent)
    complete_task(meeting.pk, actor=actors.agent)
    reopen_task(meeting.pk, actor=actors.agent)
    clock.move_to(TOMORROW, tick=False)
    assert run() == 1


def test_a_meeting_that_is_put_off_or_changed_counts_once(lead, actors, clock):
    meeting = plan(lead, actors.agent)
    update_activity(meeting.pk, {"starts_at": TOMORROW + timedelta(days=1)}, actor=actors.agent)
    clock.move_to(TOMORROW + timedelta(hours=1), tick=False)
    assert (run(), last(lead)) == (0, ("STAGE", NOW))
    # Its time has come, and its text is changed before the upkeep has seen it.
    clock.move_to(TOMORROW + timedelta(days=1, hours=1), tick=False)
    update_activity(meeting.pk, {"outcome": "Agreed"}, actor=actors.agent)
    assert (run(), last(lead)) == (1, ("MEETING", TOMORROW + timedelta(days=1)))
    assert run() == 0


def test_a_plan_that_is_moved_into_the_past_counts_at_once(lead, actors, clock):
    call = plan(lead, actors.agent, "CALL")
    clock.move_to(NOW + timedelta(hours=2), tick=False)
    update_activity(call.pk, {"starts_at": NOW + timedelta(hours=1)}, actor=actors.agent)
    assert last(lead) == ("CALL", NOW + timedelta(hours=1))
    clock.move_to(TOMORROW, tick=False)
    assert run() == 0


def test_deleted_plans_and_records_without_rotting_change_nothing(lead, actors, clock):
    person = create_person({"firstname": "Jane"}, actor=actors.agent)
    delete_activity(plan(lead, actors.agent).pk, actor=actors.agent)
    plan(person, actors.agent)
    gone = create_lead({"title": "Gone"}, actor=actors.agent)
    plan(gone, actors.agent)
    delete_lead(gone.pk, actor=actors.agent)

    clock.move_to(TOMORROW, tick=False)
    assert run() == 2
    assert (last(lead), run()) == (("STAGE", NOW), 0)


def test_more_than_one_transaction_of_them_are_recorded(lead, actors, clock, monkeypatch):
    monkeypatch.setattr("crm.services.started_activities.SIZE", 2)
    for _ in range(5):
        plan(lead, actors.agent)

    clock.move_to(TOMORROW, tick=False)
    assert run() == 5
