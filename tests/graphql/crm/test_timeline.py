"""The timeline query: one list of everything that happened to a record."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.actors import Door
from crm.services.activities import complete_task, create_activity, delete_activity
from crm.services.messages import create_message
from leads.models import LeadRoutingLog, StageVisit
from leads.services.leads import create_lead, delete_lead, restore_lead, update_lead
from people.models import Person
from people.services.merging import merge
from people.services.organizations import create_organization, update_organization
from people.services.people import create_person, update_person
from pipelines.models import Stage
from tests.clients import data, refusal

pytestmark = pytest.mark.django_db

TIMELINE = """query($kind: EntityType!, $id: ID!, $first: Int! = 25, $page: Int) {
  timeline(entity_type: $kind, entity_id: $id, first: $first, page: $page) {
    data { id at kind door via text user { id displayname } changes { field old new }
      visit { stage_name pipeline_name entered_at left_at }
      activity { id kind text done_at assignee { id } } message { id message user { id } } }
    paginatorInfo { total hasMorePages }
  } }"""


def entries(record, actor, kind="LEAD", **page):
    return data(TIMELINE, actor=actor, variables={"kind": kind, "id": str(record.pk), **page})["timeline"][
        "data"
    ]


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


def values_on(record, entity="LEAD", **values):
    return {"entity_type": entity, "entity_id": record.pk, **values}


def test_every_event_is_listed_once_newest_first(lead, actors, tenant):
    update_lead(lead.pk, {"title": "Big deal"}, actor=actors.agent.through(Door.IMPORT, via="leads.csv"))
    create_activity(values_on(lead, text="Called <b>them</b>"), actor=actors.agent)
    task = create_activity(
        values_on(lead, kind="TASK", text="Send offer", assignee_id=tenant.users["colleague"].pk)
        | {"kind": "TASK"},
        actor=actors.agent,
    )
    complete_task(task.pk, actor=actors.colleague)
    create_message({"channel_id": lead.channels.get().pk, "message": "Hello"}, actor=actors.colleague)
    LeadRoutingLog.objects.create(
        company=lead.company,
        lead=lead,
        outcome="ROTATION",
        door="webhook",
        detail={"reason": "Amira was owed."},
    )
    delete_lead(lead.pk, actor=actors.agent)
    restore_lead(lead.pk, actor=actors.manager.through(Door.ADMIN))

    shown = entries(lead, actors.viewer)

    assert [(entry["kind"], entry["text"], entry["door"], entry["via"]) for entry in shown] == [
        ("RESTORED", "Restored", "admin", None),
        ("DELETED", "Deleted", "graphql", None),
        ("ROUTED", "Amira was owed.", "webhook", None),
        ("MESSAGE", "Hello", "graphql", None),
        ("TASK_DONE", "Send offer", "graphql", None),
        ("TASK", "Send offer", "graphql", None),
        ("NOTE", "Called <b>them</b>", "graphql", None),
        ("UPDATED", "Changed", "import", "leads.csv"),
        ("ROUTED", f"{lead.owner}, the agent of the receiver Default receiver.", "graphql", None),
        ("CREATED", "Created", "graphql", None),
    ]
    assert shown[-3]["changes"] == [{"field": "title", "old": "Deal", "new": "Big deal"}]
    who = [entry["user"] and int(entry["user"]["id"]) for entry in shown]
    agent, colleague = actors.agent.user_id, actors.colleague.user_id
    assert who == [
        actors.manager.user_id,
        agent,
        None,
        colleague,
        colleague,
        agent,
        agent,
        agent,
        None,
        agent,
    ]
    assert shown[3]["message"]["message"] == "Hello"
    assert shown[4]["activity"]["id"] == shown[5]["activity"]["id"] == str(task.pk)
    moments = [entry["at"] for entry in shown]
    assert moments == sorted(moments, reverse=True)
    assert len({entry["id"] for entry in shown}) == len(shown)


def test_a_stage_move_shows_the_visit_that_it_ended(lead, actors):
    stages = list(Stage.objects.filter(pipeline=lead.pipeline).order_by("weight"))
    StageVisit.objects.filter(lead=lead).delete()
    update_lead(lead.pk, {"pipeline_stage_id": stages[1].pk}, actor=actors.agent)
    lead.refresh_from_db()
    StageVisit.objects.filter(lead=lead).delete()
    entered = lead.stage_changed_at - timedelta(days=3)
    visit = StageVisit.objects.create(
        company=lead.company,
        lead=lead,
        stage=stages[0],
        stage_name="New",
        pipeline_name="Default pipeline",
        entered_at=entered,
        left_at=lead.stage_changed_at,
        door="graphql",
    )

    [moved, _routed, _created] = entries(lead, actors.viewer)

    assert moved["text"] == "Stage: New -> Contacted, after 3 days"
    assert moved["visit"]["stage_name"] == visit.stage_name
    assert [change["field"] for change in moved["changes"]] == ["stage"]
    # The system message in the channel is not a second entry.
    assert lead.channels.get().messages.filter(is_system=True).count() == 1


def test_refused_and_empty_changes_leave_no_entry(lead, actors):
    update_lead(lead.pk, {"title": "Deal"}, actor=actors.agent)
    refusal(
        'mutation($id: ID!) { updateLead(id: $id, input: {title: ""}) { id } }',
        actor=actors.agent,
        variables={"id": str(lead.pk)},
    )
    note = create_activity(values_on(lead, text="Gone"), actor=actors.agent)
    delete_activity(note.pk, actor=actors.agent)

    assert [entry["kind"] for entry in entries(lead, actors.viewer)] == ["ROUTED", "CREATED"]


def test_people_and_organizations_have_a_timeline_too(actors):
    person = create_person({"firstname": "Jane"}, actor=actors.agent)
    other = create_person({"firstname": "Janet"}, actor=actors.agent)
    create_activity(values_on(other, "PEOPLE", text="From before"), actor=actors.agent)
    update_person(person.pk, {"lastname": "Doe"}, actor=actors.agent)
    merge(Person, person.pk, [other.pk], actor=actors.manager)

    shown = entries(person, actors.viewer, "PEOPLE")
    # The merge moved the note and the history of the other person.
    assert [entry["kind"] for entry in shown] == ["MERGED", "UPDATED", "NOTE", "CREATED", "CREATED"]
    assert shown[0]["changes"][0]["field"] == "merged"

    organization = create_organization({"name": "Acme"}, actor=actors.agent)
    update_organization(organization.pk, {"name": "Acme Corp"}, actor=actors.agent)
    assert [entry["kind"] for entry in entries(organization, actors.viewer, "ORGANIZATION")] == [
        "UPDATED",
        "CREATED",
    ]


def test_pages_are_stable_and_counted(lead, actors):
    for number in range(7):
        create_activity(values_on(lead, text=f"Note {number}"), actor=actors.agent)
    whole = [entry["id"] for entry in entries(lead, actors.viewer)]
    pages = [entry["id"] for page in (1, 2, 3) for entry in entries(lead, actors.viewer, first=3, page=page)]
    assert pages == whole
    info = data(TIMELINE, actor=actors.viewer, variables={"kind": "LEAD", "id": str(lead.pk), "first": 3})
    assert info["timeline"]["paginatorInfo"] == {"total": 9, "hasMorePages": True}
    assert entries(lead, actors.viewer, first=0) == []


def test_hidden_foreign_and_deleted_records_have_no_timeline(lead, tenant, actors, other_actors):
    def refused(actor):
        error = refusal(TIMELINE, actor=actor, variables={"kind": "LEAD", "id": str(lead.pk)})
        return error["extensions"]

    assert refused(other_actors.admin) == {"code": "NOT_FOUND", "argument": "entity_id"}
    delete_lead(lead.pk, actor=actors.agent)
    assert refused(actors.admin)["code"] == "NOT_FOUND"


def test_statements_do_not_grow_with_the_entries(lead, actors):
    def fill(number):
        for _ in range(number):
            update_lead(lead.pk, {"title": f"Deal {timezone.now()}"}, actor=actors.agent)
            create_activity(values_on(lead, text="Note"), actor=actors.agent)
            create_message({"channel_id": lead.channels.get().pk, "message": "Hello"}, actor=actors.agent)

    def statements():
        with CaptureQueriesContext(connection) as queries:
            entries(lead, actors.viewer, first=100)
        return len(queries)

    fill(1)
    entries(lead, actors.viewer)
    one = statements()
    fill(10)
    assert statements() == one
