"""Notes and tasks: create, update, complete, delete and restore."""

from datetime import UTC, datetime

import pytest

from crm.models import Activity
from leads.models import Lead
from leads.services.leads import create_lead, delete_lead
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.clients import data, refusal
from tests.graphql.leads.conversations import do, not_found, refused
from tests.graphql.lists.asking import listed, where

pytestmark = pytest.mark.django_db
XSS = '<script>alert(1)</script><img src=x onerror="alert(2)">'


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


def on(record, entity="LEAD", **values):
    return {"entity_type": entity, "entity_id": str(record.pk), **values}


@pytest.fixture
def note(lead, actors):
    return do("createActivity", actors.agent, input=on(lead, text="Called"))


@pytest.fixture
def task(lead, actors, tenant):
    values = on(
        lead,
        kind="TASK",
        text="Send offer",
        due_at="2030-01-31 12:00:00",
        assignee_id=str(tenant.users["colleague"].pk),
    )
    return do("createActivity", actors.agent, input=values)


def test_a_note_has_author_text_and_record(note, lead, actors):
    assert note == {
        "id": note["id"],
        "kind": "NOTE",
        "text": "Called",
        "due_at": None,
        "done_at": None,
        "version": 1,
        "entity_namespace": "lead",
        "entity_id": str(lead.pk),
        "door": "graphql",
        "user": {"id": str(actors.agent.user_id)},
        "assignee": None,
        "done_by": None,
    }


def test_a_task_has_a_due_date_and_an_assignee(task, actors):
    assert task["kind"] == "TASK"
    assert Activity.objects.get().due_at == datetime(2030, 1, 31, 12, tzinfo=UTC)
    assert task["assignee"] == {"id": str(actors.colleague.user_id)}


def test_markup_stays_the_text_that_it_is(lead, actors):
    assert do("createActivity", actors.agent, input=on(lead, text=XSS))["text"] == XSS


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "input.text"),
        ({"text": " "}, "input.text"),
        ({"text": "x" * 100_001}, "input.text"),
        ({"text": "A", "due_at": "2030-01-31 12:00:00"}, "input.kind"),
    ],
)
def test_refusals(lead, actors, values, field):
    error = refused("createActivity", actors.agent, input=on(lead, **values))
    assert list(error["validation"]) == [field]
    assert Activity.objects.count() == 0


def test_an_activity_needs_a_visible_record(lead, actors, other_actors):
    for values in ({"text": "A"}, {"text": "A", "entity_type": "LEAD"}):
        assert list(refused("createActivity", actors.agent, input=values)["validation"]) == [
            "input.entity_id"
        ]
    assert refused("createActivity", other_actors.admin, input=on(lead, text="A")) == not_found(
        "input.entity_id"
    )


def test_an_assignee_is_an_active_member_who_may_work(lead, actors, tenant, other_tenant):
    foreign = on(lead, kind="TASK", text="A", assignee_id=str(other_tenant.users["agent"].pk))
    assert refused("createActivity", actors.agent, input=foreign) == not_found("input.assignee_id")
    tenant.company.memberships.filter(user=tenant.users["colleague"]).update(is_active=False)
    for member in ("viewer", "colleague"):
        values = on(lead, kind="TASK", text="A", assignee_id=str(tenant.users[member].pk))
        error = refused("createActivity", actors.agent, input=values)
        assert list(error["validation"]) == ["input.assignee_id"]
    assert Activity.objects.count() == 0


def test_absent_fields_stay_and_null_clears(task, actors):
    changed = do("updateActivity", actors.colleague, id=task["id"], input={"text": "Send it"})
    assert (changed["text"], changed["due_at"], changed["version"]) == ("Send it", task["due_at"], 2)
    changed = do("updateActivity", actors.agent, id=task["id"], input={"due_at": None, "assignee_id": None})
    assert (changed["due_at"], changed["assignee"]) == (None, None)
    for values in ({"text": None}, {"kind": None}):
        [field] = values
        error = refused("updateActivity", actors.agent, id=task["id"], input=values)
        assert list(error["validation"]) == [f"input.{field}"]
    same = do("updateActivity", actors.agent, id=task["id"], input={"text": "Send it"})
    assert same["version"] == changed["version"]


def test_an_outdated_version_is_a_conflict(task, actors):
    do("updateActivity", actors.agent, id=task["id"], input={"text": "B"}, version=1)
    error = refused("updateActivity", actors.agent, id=task["id"], input={"text": "C"}, version=1)
    assert (error["code"], error["current_version"]) == ("CONFLICT", 2)
    assert refused("deleteActivity", actors.agent, id=task["id"], version=1)["code"] == "CONFLICT"


def test_an_activity_keeps_its_record(note, lead, actors):
    other = create_lead({"title": "Other"}, actor=actors.agent)
    error = refused("updateActivity", actors.agent, id=note["id"], input=on(other))
    assert list(error["validation"]) == ["input.entity_id"]
    assert do("updateActivity", actors.agent, id=note["id"], input=on(lead))["version"] == 1


def test_a_note_is_changed_only_by_its_author_or_a_manager(note, actors):
    for name, variables in (("updateActivity", {"input": {"text": "X"}}), ("deleteActivity", {})):
        for actor in (actors.colleague, actors.viewer):
            assert refused(name, actor, id=note["id"], **variables)["code"] == "FORBIDDEN"
    assert do("updateActivity", actors.manager, id=note["id"], input={"text": "Y"})["text"] == "Y"


def test_a_task_is_done_once_and_can_be_opened_again(task, actors):
    done = do("completeTask", actors.colleague, id=task["id"])
    assert done["done_by"] == {"id": str(actors.colleague.user_id)}
    assert done["done_at"] is not None
    assert do("completeTask", actors.agent, id=task["id"]) == done
    again = do("reopenTask", actors.agent, id=task["id"])
    assert (again["done_at"], again["done_by"], again["version"]) == (None, None, 3)
    assert do("reopenTask", actors.agent, id=task["id"]) == again


def test_a_note_is_never_done(note, actors):
    assert refused("completeTask", actors.agent, id=note["id"])["code"] == "CONFLICT"
    assert refused("reopenTask", actors.agent, id=note["id"])["code"] == "CONFLICT"


def test_delete_and_restore_an_activity(note, lead, actors):
    assert do("deleteActivity", actors.agent, id=note["id"]) is True
    assert listed("activities", "id", actor=actors.viewer) == []
    assert refused("updateActivity", actors.agent, id=note["id"], input={"text": "X"}) == not_found("id")
    assert refused("restoreActivity", actors.colleague, id=note["id"])["code"] == "FORBIDDEN"
    assert do("restoreActivity", actors.agent, id=note["id"]) is True
    assert do("restoreActivity", actors.agent, id=note["id"]) is True
    assert Activity.objects.get().version == 3
    delete_lead(lead.pk, actor=actors.agent)
    assert listed("activities", "id", actor=actors.admin) == []
    assert refused("restoreActivity", actors.agent, id=note["id"]) == not_found("id")


def test_activities_of_another_company_do_not_exist(note, task, actors, other_actors):
    for name, key, variables in (
        ("updateActivity", note["id"], {"input": {"text": "X"}}),
        ("deleteActivity", note["id"], {}),
        ("restoreActivity", note["id"], {}),
        ("completeTask", task["id"], {}),
        ("reopenTask", task["id"], {}),
    ):
        assert refused(name, other_actors.admin, id=key, **variables) == not_found("id"), name
    assert listed("activities", "id", actor=other_actors.admin) == []


def test_activities_stop_rotting_and_emit_events(
    lead,
    actors,
    events,
    django_capture_on_commit_callbacks,
):
    def last(name, **variables):
        with django_capture_on_commit_callbacks(execute=True):
            answer = do(name, actors.agent, **variables)
        return answer, Lead.objects.get(pk=lead.pk).last_activity, len(events)

    task, activity, number = last("createActivity", input=on(lead, kind="TASK", text="Send"))
    assert (activity, number) == ("STAGE", 1)
    _, activity, number = last("createActivity", input=on(lead, text="Called"))
    assert (activity, number) == ("NOTE", 2)
    _, activity, number = last("completeTask", id=task["id"])
    assert (activity, number) == ("TASK", 3)
    _, activity, number = last("completeTask", id=task["id"])
    assert (activity, number) == ("TASK", 3)
    assert Lead.objects.get(pk=lead.pk).version == 1


def test_lists_are_narrowed_by_record_and_columns(note, task, lead, actors):
    other = create_lead({"title": "Other"}, actor=actors.agent)
    do("createActivity", actors.agent, input=on(other, text="Elsewhere"))
    done = do("createActivity", actors.agent, input=on(lead, kind="TASK", text="Done"))
    do("completeTask", actors.agent, id=done["id"])
    of_record = (
        f'{{ activities(entity_type: LEAD, entity_id: "{lead.pk}", orderBy: [{{column: ID, order: DESC}}])'
    )
    shown = data(f"{of_record} {{ data {{ id }} }} }}", actor=actors.viewer)["activities"]["data"]
    assert [row["id"] for row in shown] == [done["id"], task["id"], note["id"]]
    for column, value, found in (
        ("ASSIGNEE_ID", str(actors.colleague.user_id), [task]),
        ("DONE", True, [done]),
        ("UUID", str(Activity.objects.get(pk=note["id"]).uuid), [note]),
    ):
        keys = listed("activities", "id", actor=actors.viewer, where=where(column, "EQ", value))
        assert keys == [row["id"] for row in found], column
    mine = {
        "AND": [
            where("KIND", "EQ", "TASK"),
            where("DONE", "EQ", False),
            where("DUE_AT", "LT", "2031-01-01 00:00:00"),
            where("CREATED_AT", "GT", "2020-01-01 00:00:00"),
        ]
    }
    assert listed("activities", "id", actor=actors.colleague, where=mine) == [task["id"]]


def test_half_a_record_key_and_a_hidden_record_are_refused(lead, actors, other_actors):
    error = refusal("{ activities(entity_type: LEAD) { data { id } } }", actor=actors.admin)
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    query = f'{{ activities(entity_type: LEAD, entity_id: "{lead.pk}") {{ data {{ id }} }} }}'
    assert refusal(query, actor=other_actors.admin)["extensions"] == not_found("entity_id")


@pytest.mark.usefixtures("standard_executor")
def test_activities_of_records_take_a_fixed_number_of_statements(lead, actors, django_assert_num_queries):
    person = create_person({"firstname": "Jane"}, actor=actors.agent)
    organization = create_organization({"name": "Acme"}, actor=actors.agent)
    records = [
        ("leads", lead, "LEAD"),
        ("peoples", person, "PEOPLE"),
        ("organizations", organization, "ORGANIZATION"),
    ]
    for number in (1, 5):
        for _field, record, entity in records:
            for _ in range(number):
                do("createActivity", actors.agent, input=on(record, entity, text="Note"))
        for field, *_ in records:
            query = f"{{ {field} {{ data {{ activities {{ id text user {{ id }} entity_namespace }} }} }} }}"
            with django_assert_num_queries(2):
                [row] = data(query, actor=actors.viewer)[field]["data"]
            assert len(row["activities"]) == (1 if number == 1 else 6)
            newest = [int(activity["id"]) for activity in row["activities"]]
            assert newest == sorted(newest, reverse=True)
