"""The events of people, organizations, activities, pipelines and stages: who writes which, for whom."""

from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from crm.events import outbox, wakeups
from crm.events.kinds import LoggedKind, logged_kinds, register
from crm.models import Event
from crm.services import activities, tags
from leads.services.leads import create_lead, update_lead
from people.models import Organization, Person
from people.services import merging, organizations, people, person_details, unmerging
from people.services.person_organizations import add_people
from pipelines.services import pipelines, stages
from tests.factories.crm import TagFactory
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager(actors):
    return actors.manager


def written(*entities):
    """Return the events of some kinds: kind, key and changed fields."""
    rows = Event.objects.filter(entity__in=entities).order_by("pk")
    return [(row.kind, row.object_id, row.changed) for row in rows]


def test_the_life_of_a_person(manager):
    person = people.create_person({"firstname": "Ann", "contacts": [], "tags": []}, actor=manager)
    people.update_person(
        person.pk,
        {"lastname": "Doe", "tags": [{"name": "Hot"}], "custom_fields": [{"name": "size", "value": 4}]},
        actor=manager,
    )
    people.update_person(person.pk, {"lastname": "Doe"}, actor=manager)
    people.delete_person(person.pk, actor=manager)
    people.restore_person(person.pk, actor=manager)

    assert written("people") == [
        ("created", person.pk, []),
        ("updated", person.pk, ["custom_fields", "lastname", "tags"]),
        ("deleted", person.pk, []),
        ("restored", person.pk, []),
    ]
    row = Event.objects.filter(entity="people", kind="updated").get()
    assert (row.company_id, row.actor_id, row.door, row.seq) == (
        manager.company_id,
        manager.user_id,
        "graphql",
        None,
    )
    # No content, and no audience: all members see people.
    assert (row.changes, row.audience, row.winner_id) == ({}, None, None)


def test_parts_of_a_person_and_what_is_beside_it(manager):
    person = people.create_person({"firstname": "Ann"}, actor=manager)
    organization = organizations.create_organization({"name": "Acme"}, actor=manager)
    person_details.create_address(person.pk, {"city": "Bern"}, actor=manager)
    add_people(organization.pk, {"peoples_id.0": person.pk}, actor=manager)
    tag = TagFactory(company_id=manager.company_id)
    organizations.update_organization(organization.pk, {"tags": [{"name": tag.name}]}, actor=manager)
    tags.delete_tag(tag.pk, actor=manager)

    assert written("people", "organization")[2:] == [
        ("updated", person.pk, ["address"]),
        ("updated", person.pk, ["organizations"]),
        ("updated", organization.pk, ["people"]),
        ("updated", organization.pk, ["tags"]),
        ("updated", organization.pk, ["tags"]),
    ]


@pytest.mark.parametrize("name", ["people", "organization"])
def test_a_merge_says_into_which_record_and_its_end_brings_the_loser_back(manager, name):
    create: Any
    model: Any
    create, model = {
        "people": (lambda text: people.create_person({"firstname": text}, actor=manager), Person),
        "organization": (
            lambda text: organizations.create_organization({"name": text}, actor=manager),
            Organization,
        ),
    }[name]
    winner, loser = create("A"), create("B")
    values: Any = {
        "entity_type": model.entity_kind,
        "entity_id": loser.pk,
        "kind": "NOTE",
        "text": "Of the loser",
    }
    note = activities.create_activity(values, actor=manager)
    Event.objects.all().delete()

    _, merge = merging.merge(model, winner.pk, [loser.pk], actor=manager)
    merged = written(name)
    assert Event.objects.get(kind="merged").winner_id == winner.pk
    assert Event.objects.exclude(kind="merged").filter(winner_id__isnull=False).count() == 0
    assert written("activity") == [("updated", note.pk, ["record"])]
    Event.objects.all().delete()
    unmerging.undo_merge(merge.pk, actor=manager)

    assert merged == [("updated", winner.pk, ["merged"]), ("merged", loser.pk, [])]
    assert sorted(written(name)) == [("restored", loser.pk, []), ("updated", winner.pk, ["merged"])]
    assert written("activity") == [("updated", note.pk, ["record"])]


def test_the_life_of_a_pipeline_and_its_stages(manager):
    pipeline = pipelines.create_pipeline(
        {"name": "Sales", "stages": [{"name": "A"}, {"name": "B"}]}, actor=manager
    )
    first, second = pipeline.stages.order_by("weight")
    stages.update_stage(first.pk, {"name": "Z", "rotting_days": 3}, actor=manager)
    stages.reorder_stages(pipeline.pk, [second.pk, first.pk], actor=manager)
    stages.delete_stage(first.pk, actor=manager)
    stages.restore_stage(first.pk, actor=manager)
    pipelines.delete_pipeline(pipeline.pk, actor=manager)
    pipelines.restore_pipeline(pipeline.pk, actor=manager)

    assert written("pipeline") == [
        ("created", pipeline.pk, []),
        ("deleted", pipeline.pk, []),
        ("restored", pipeline.pk, []),
    ]
    assert written("stage") == [
        ("created", first.pk, []),
        ("created", second.pk, []),
        ("updated", first.pk, ["name", "rotting_days"]),
        ("updated", second.pk, ["weight"]),
        ("updated", first.pk, ["weight"]),
        ("deleted", first.pk, []),
        ("restored", first.pk, []),
    ]


def test_the_life_of_an_activity_of_a_lead(tenant, manager):
    agent, colleague = tenant.users["agent"].pk, tenant.users["colleague"].pk
    lead = create_lead({"title": "A", "leads_owner_id": str(agent)}, actor=manager)
    task = activities.create_activity(
        {"entity_type": "LEAD", "entity_id": lead.pk, "kind": "TASK", "text": "Call", "assignee_id": agent},
        actor=manager,
    )
    # The task goes with the lead, out of the sight of its former owner.
    update_lead(lead.pk, {"leads_owner_id": str(colleague)}, actor=manager)
    activities.complete_task(task.pk, actor=manager)
    activities.delete_activity(task.pk, actor=manager)
    activities.restore_activity(task.pk, actor=manager)

    rows = Event.objects.filter(entity="activity").order_by("pk")
    assert {row.object_id for row in rows} == {task.pk}
    assert [(row.kind, row.audience, row.changes) for row in rows] == [
        ("created", {"before": [], "after": [agent]}, {}),
        ("updated", {"before": [agent], "after": [colleague]}, {"assignee_id": agent}),
        ("updated", {"before": [colleague], "after": [colleague]}, {}),
        ("deleted", {"before": [colleague], "after": []}, {}),
        ("restored", {"before": [], "after": [colleague]}, {}),
    ]
    assert [row.changed for row in rows] == [[], ["assignee"], ["done_at", "done_by"], [], []]


def test_an_activity_of_a_person_is_for_all_members(manager):
    person = people.create_person({"firstname": "Ann"}, actor=manager)
    values: Any = {"entity_type": "PEOPLE", "entity_id": person.pk, "kind": "NOTE", "text": "Hi"}
    note = activities.create_activity(values, actor=manager)
    activities.update_activity(note.pk, {"text": "Ho"}, actor=manager)

    audiences = Event.objects.filter(entity="activity").order_by("pk").values_list("audience", flat=True)
    assert list(audiences) == [None, None]


def test_fields_of_a_lead_are_named_too(tenant, manager):
    lead = create_lead({"title": "A"}, actor=manager)
    update_lead(lead.pk, {"title": "B", "tags": [{"name": "Hot"}]}, actor=manager)

    assert written("lead") == [("created", lead.pk, []), ("updated", lead.pk, ["tags", "title"])]


def test_people_that_a_lead_brings_have_events_of_their_own(manager):
    lead = create_lead(
        {"title": "A", "people": {"firstname": "Ann"}, "organization": {"name": "X"}}, actor=manager
    )

    assert sorted(written("people", "organization")) == [
        *sorted([("created", lead.organization_id, []), ("created", lead.person_id, [])]),
        *sorted(
            [("updated", lead.organization_id, ["people"]), ("updated", lead.person_id, ["organizations"])]
        ),
    ]


def test_each_kind_counts_for_itself(manager, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 3)

    for number in range(5):
        people.create_person({"firstname": str(number)}, actor=manager)
        if number < 3:
            organizations.create_organization({"name": str(number)}, actor=manager)

    assert [kind for kind, _, _ in written("organization")] == ["created"] * 3
    assert written("people") == [("bulk", 0, [])]


def test_changes_in_bulk_are_one_event(manager, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 3)
    tag = TagFactory(company_id=manager.company_id)
    for number in range(5):
        organizations.create_organization({"name": str(number), "tags": [{"name": tag.name}]}, actor=manager)
    Event.objects.all().delete()
    connection.run_on_commit.clear()

    tags.delete_tag(tag.pk, actor=manager)

    assert written("organization") == [("bulk", 0, [])]


def test_a_savepoint_rolled_back_takes_its_events_with_it(manager, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 3)
    first = people.create_person({"firstname": "A"}, actor=manager)

    with transaction.atomic():
        for number in range(4):
            people.create_person({"firstname": str(number)}, actor=manager)
        assert written("people") == [("bulk", 0, [])]
        transaction.set_rollback(True)
    last = people.create_person({"firstname": "B"}, actor=manager)

    assert written("people") == [("created", first.pk, []), ("created", last.pk, [])]


@pytest.mark.postgres
def test_the_event_of_a_person_comes_with_the_statement_of_its_history(manager):
    person = people.create_person({"firstname": "A"}, actor=manager)
    people.update_person(person.pk, {"firstname": "B"}, actor=manager)

    with CaptureQueriesContext(connection) as queries:
        people.create_person({"firstname": "C"}, actor=manager)
        people.update_person(person.pk, {"firstname": "D"}, actor=manager)

    with_event = [each["sql"] for each in queries if "crm_event" in each["sql"]]
    assert len(with_event) == 2
    assert all("crm_historyentry" in statement for statement in with_event)


def test_a_commit_wakes_the_readers_of_the_log(manager, monkeypatch, django_capture_on_commit_callbacks):
    woken = []
    monkeypatch.setattr(wakeups, "publish", lambda: woken.append(True))

    with django_capture_on_commit_callbacks(execute=True):
        people.create_person({"firstname": "A"}, actor=manager)
        assert woken == []

    assert woken == [True]


def test_a_kind_is_registered_once():
    kind = logged_kinds()[0]

    with pytest.raises(Exception, match="registered twice"):
        register(LoggedKind(entity=kind.entity, model=kind.model, graphql_type=kind.graphql_type))
    assert [each.entity for each in logged_kinds()] == [
        "activity",
        "lead",
        "organization",
        "people",
        "pipeline",
        "stage",
    ]
