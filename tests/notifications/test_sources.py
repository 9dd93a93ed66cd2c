"""What each kind of notification is made of, and of what none is made."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import F
from django.utils import timezone

from crm.actors import system_actor
from crm.events.sequencer import sequence
from crm.importing import jobs, worker
from crm.models import Activity, DuplicatePolicy, ImportJob, Notification, NotificationSource
from crm.notifications import consuming
from crm.services.activities import complete_task, create_activity, delete_activity, update_activity
from leads.models import Lead, LeadReceiver
from leads.notifications import REFUSALS
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from leads.services.receiver_attempts import process, receive
from people.services.people import create_person
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


def lead_of(tenant: Any, member: str = "agent", **values: Any) -> Lead:
    owner = tenant.users[member].pk
    given: Any = {"title": "Big deal", "leads_owner_id": owner, **values}
    return create_lead(given, actor=tenant.actors.manager)


def said(notifications: list[Notification]) -> list[tuple[str, str]]:
    return [(each.kind, each.text) for each in notifications]


def test_a_lead_that_somebody_else_gives(tenant, actors, told):
    lead = lead_of(tenant)

    [notification] = told(tenant.users["agent"])

    manager = tenant.users["manager"]
    assert said([notification]) == [("LEAD_ASSIGNED", f"{manager} gave you the lead Big deal")]
    assert (notification.object_id, notification.content_type.model) == (lead.pk, "lead")
    assert (notification.by_id, notification.read_at) == (manager.pk, None)
    assert told(tenant.users["manager"]) == []
    # Neither a change of something else, nor another look, tells it again.
    update_lead(lead.pk, {"title": "Bigger deal"}, actor=actors.manager)
    assert len(told(tenant.users["agent"])) == 1


def test_a_lead_that_one_takes_is_ones_own_doing(tenant, actors, told):
    lead = lead_of(tenant, "colleague")
    update_lead(lead.pk, {"leads_owner_id": tenant.users["agent"].pk}, actor=actors.agent)
    create_lead({"title": "Own"}, actor=actors.agent)

    assert told(tenant.users["agent"]) == []
    assert len(told(tenant.users["colleague"])) == 1


def test_each_of_several_owners_is_told_once(tenant, actors, told):
    """All changes come before the first look, which finds the last owner alone in the row."""
    lead = lead_of(tenant, "agent")
    for member in ("colleague", "manager", "agent"):
        update_lead(lead.pk, {"leads_owner_id": tenant.users[member].pk}, actor=actors.admin)
    update_lead(lead.pk, {"leads_owner_id": None}, actor=actors.admin)

    numbers = {member: len(told(tenant.users[member])) for member in ("agent", "colleague", "manager")}

    assert numbers == {"agent": 2, "colleague": 1, "manager": 1}


def test_a_change_that_has_no_number_yet_decides_too(tenant, actors, told, monkeypatch):
    lead = lead_of(tenant, "agent")
    sequence()
    update_lead(lead.pk, {"leads_owner_id": tenant.users["colleague"].pk}, actor=actors.admin)
    monkeypatch.setattr(consuming, "sequence", lambda: 0)

    assert len(told(tenant.users["agent"])) == 1
    assert told(tenant.users["colleague"]) == []
    monkeypatch.undo()
    assert len(told(tenant.users["colleague"])) == 1


def test_what_a_rotation_or_import_gives_has_no_author(tenant, told):
    owner = tenant.users["agent"].pk
    create_lead({"title": "Sent", "leads_owner_id": owner}, actor=system_actor(tenant.company.pk))

    assert said(told(tenant.users["agent"])) == [("LEAD_ASSIGNED", "The CRM gave you the lead Sent")]


def task_of(tenant: Any, member: str = "agent", **values: Any) -> Activity:
    lead = values.pop("lead", None) or lead_of(tenant, "manager")
    given: Any = {"entity_type": "LEAD", "entity_id": lead.pk, "kind": "TASK", "text": "Call back"}
    moments = {name: values.pop(name) for name in ("remind_at",) if name in values}
    assignee = tenant.users[member].pk
    given |= {"assignee_id": assignee, **values}
    task = create_activity(given, actor=tenant.actors.manager)
    Activity.objects.filter(pk=task.pk).update(**moments)
    return task


def test_a_task_whose_time_has_come(tenant, told):
    now = timezone.now()
    due = task_of(tenant, due_at=now - HOUR)
    reminded = task_of(tenant, due_at=now + HOUR, remind_at=now - HOUR, text="Prepare")
    task_of(tenant, due_at=now + HOUR)
    task_of(tenant, due_at=now - HOUR, remind_at=now + HOUR)
    task_of(tenant)
    task_of(tenant, due_at=now - timedelta(days=3))

    found = told(tenant.users["agent"])

    assert said(found) == [("TASK_DUE", "Task due: Call back"), ("TASK_DUE", "Task due: Prepare")]
    assert [each.activity_id for each in found] == [due.pk, reminded.pk]
    assert len(told(tenant.users["agent"])) == 2


def test_a_task_that_is_moved_or_given_on_is_due_again(tenant, actors, told):
    now = timezone.now()
    task = task_of(tenant, due_at=now - HOUR)
    assert len(told(tenant.users["agent"])) == 1

    update_activity(task.pk, {"due_at": now - HOUR / 2}, actor=actors.manager)
    assert len(told(tenant.users["agent"])) == 2
    update_activity(task.pk, {"due_at": now - HOUR}, actor=actors.manager)
    assert len(told(tenant.users["agent"])) == 2
    update_activity(task.pk, {"assignee_id": tenant.users["colleague"].pk}, actor=actors.manager)
    assert (len(told(tenant.users["agent"])), len(told(tenant.users["colleague"]))) == (2, 1)


def test_tasks_that_are_done_or_deleted_are_not_due(tenant, actors, told):
    now = timezone.now()
    complete_task(task_of(tenant, due_at=now - HOUR).pk, actor=actors.manager)
    delete_activity(task_of(tenant, due_at=now - HOUR).pk, actor=actors.manager)
    lead = lead_of(tenant, "manager")
    task_of(tenant, due_at=now - HOUR, lead=lead)
    delete_lead(lead.pk, actor=actors.manager)

    assert told(tenant.users["agent"]) == []
    # A record that comes back has its tasks again.
    restore_lead(lead.pk, actor=actors.manager)
    assert len(told(tenant.users["agent"])) == 1


def test_more_tasks_than_one_look_reads(tenant, told, monkeypatch):
    monkeypatch.setattr(consuming, "BATCH", 2)
    lead = lead_of(tenant, "manager")
    for number in range(5):
        task_of(tenant, due_at=timezone.now() - HOUR, text=f"Task {number}", lead=lead)

    assert len(told(tenant.users["agent"])) == 5


def note(tenant: Any, text: str, *, by: str = "manager", **values: Any) -> Activity:
    person = create_person({"firstname": "Jane"}, actor=tenant.actors.manager)
    given: Any = {"entity_type": "PEOPLE", "entity_id": person.pk, "text": text, **values}
    return create_activity(given, actor=getattr(tenant.actors, by))


def test_who_is_named_in_a_note(tenant, actors, told):
    written = note(tenant, "Hand over to @agent@tenant and @viewer, says @manager")

    [notification] = told(tenant.users["agent"])

    assert notification.kind == "MENTIONED"
    manager = tenant.users["manager"]
    assert notification.text == (
        f"{manager} mentioned you: Hand over to @agent@tenant and @viewer, says @manager"
    )
    assert (notification.activity_id, notification.content_type.model) == (written.pk, "person")
    assert len(told(tenant.users["viewer"])) == 1
    assert told(manager) == []
    # Only who is new in an edited note, and nobody twice.
    update_activity(written.pk, {"text": "@agent, @colleague"}, actor=actors.manager)
    update_activity(written.pk, {"text": "nobody"}, actor=actors.manager)
    update_activity(written.pk, {"text": "@agent again"}, actor=actors.manager)
    numbers = {name: len(told(user)) for name, user in tenant.users.items()}
    assert numbers == {"admin": 0, "manager": 0, "agent": 1, "colleague": 1, "viewer": 1}


def test_a_lead_that_begins_to_rot(tenant, actors, told):
    lead = lead_of(tenant)
    stage = lead.stage
    type(stage).objects.filter(pk=stage.pk).update(rotting_days=3)
    told(tenant.users["agent"])

    def idle_for(age: timedelta) -> list[Notification]:
        Lead.objects.filter(pk=lead.pk).update(last_activity_at=timezone.now() - age)
        return [each for each in told(tenant.users["agent"]) if each.kind == "LEAD_ROTS"]

    assert idle_for(timedelta(days=3) - HOUR) == []
    [notification] = idle_for(timedelta(days=3) + HOUR)
    assert notification.text == "Nothing has happened to the lead Big deal for 3 days"
    assert len(told(tenant.users["agent"])) == 2
    # Worked on, and left to rot again.
    assert len(idle_for(timedelta(days=3) + HOUR / 2)) == 2
    # One that has rotted for long when a stage gets a limit is no news.
    assert len(idle_for(timedelta(days=30))) == 2


def test_an_import_that_ended_in_the_background(tenant, actors, told, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 1)
    policy: Any = {"on_duplicate": DuplicatePolicy.CREATE, "dry_run": False}
    rows = [{"firstname": "Jane"}, {"firstname": "John"}, {"email": "nobody"}]
    jobs.start_job("PEOPLE", rows[:1], actor=actors.manager, **policy)
    job = jobs.start_job("PEOPLE", rows, actor=actors.manager, **policy)
    assert told(tenant.users["manager"]) == []

    worker.run_next_job(threading.Event())

    [notification] = told(tenant.users["manager"])
    assert notification.kind == "IMPORT_DONE"
    ended = ImportJob.objects.get(pk=job.pk)
    assert notification.text == (
        f"Import of people is done: {ended.created} created, 0 updated, 0 skipped, {ended.failed} failed"
    )
    assert (notification.content_type.model, notification.object_id) == ("importjob", job.pk)


def test_a_receiver_that_refuses(tenant, actors, told):
    receiver = LeadReceiver.objects.default_of(tenant.company.pk).get()

    def refuse(number: int) -> Any:
        return [receive(receiver, {"title": "x" * 300, "n": str(each)}, key=None) for each in range(number)]

    refuse(REFUSALS - 1)
    assert told(tenant.users["manager"]) == []
    attempts = refuse(REFUSALS + 2)

    leading = {name: failing(told(user)) for name, user in tenant.users.items()}

    text = f"The receiver {receiver.name} refuses what it is sent: see its attempts"
    assert leading == {"admin": [text], "manager": [text], "agent": [], "colleague": [], "viewer": []}
    # Once until it works; what a manager replays is the manager's own doing.
    receive(receiver, {"title": "Works"}, key="works")
    for attempt in attempts[-REFUSALS:]:
        process(attempt.pk, replayer=actors.manager)
    assert [len(failing(told(tenant.users[name]))) for name in ("admin", "manager")] == [1, 1]
    for number in range(REFUSALS):
        receive(receiver, {"title": "y" * 300, "n": str(number)}, key=None)
    assert [len(failing(told(tenant.users[name]))) for name in ("admin", "manager")] == [2, 2]


def failing(notifications: list[Notification]) -> list[str]:
    return [each.text for each in notifications if each.kind == "RECEIVER_FAILING"]


def test_the_notice_of_a_moment_is_not_lost_while_nobody_works(tenant, told):
    """A process that comes back after a week finds what became due meanwhile."""
    ago = timezone.now() - timedelta(days=7)
    task_of(tenant, due_at=ago + HOUR)
    task_of(tenant, due_at=ago - HOUR)
    NotificationSource.objects.update(until=F("until") - timedelta(days=7))

    assert len(told(tenant.users["agent"])) == 1
