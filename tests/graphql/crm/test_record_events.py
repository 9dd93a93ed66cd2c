"""recordEvents and recordUpdate: the event log of records of every kind."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from config.schema import schema
from crm.credentials import Credential
from crm.events import journal, outbox, retention
from crm.events.audience import Visibility
from crm.events.sequencer import sequence
from crm.graphql.execution import Operation, Refused
from crm.graphql.execution.admission import admit
from crm.models import Company, Event
from crm.services.activities import create_activity, delete_activity, update_activity
from leads.services.involvement import add_participant, remove_participant
from leads.services.leads import create_lead, delete_lead
from people.models import Person
from people.services.merging import merge
from people.services.organizations import create_organization
from people.services.people import create_person, delete_person, update_person
from pipelines.models import Pipeline, Stage
from pipelines.services.pipelines import update_pipeline
from pipelines.services.stages import update_stage
from tests.clients import ask, data, refusal
from tests.factories.crm import tenant as make_tenant

pytestmark = pytest.mark.django_db

RECORDS = """
    lead { id title people { name } } people { id name tags { name } } organization { id name }
    activity { id text assignee { id } } pipeline { id name stages { name } }
    stage { id name pipeline { name } }
"""
EVENTS = f"""
query ($after: ID, $first: Int! = 25, $kinds: [RecordKind!]) {{
  recordEvents(after: $after, first: $first, kinds: $kinds) {{
    events {{ cursor kind record_kind id version removed winner_id changed changes {RECORDS} }}
    cursor
    hasMore
  }}
}}
"""
FIELDS = f"cursor kind record_kind id version removed winner_id changed changes {RECORDS}"


@pytest.fixture
def tenant(db):
    """A company of each test's own, since some look at the end of the log."""
    return make_tenant()


def read(actor, after=None, **variables):
    # A tail does this; the query does not inside the transaction of a test.
    sequence()
    return data(EVENTS, actor=actor, variables={"after": after, **variables})["recordEvents"]


def now(actor):
    return read(actor)["cursor"]


def briefly(page):
    return [(event["record_kind"], event["kind"], event["id"], event["removed"]) for event in page["events"]]


def note(kind, record, actor, text="Hello"):
    values: Any = {"entity_type": kind, "entity_id": record.pk, "kind": "NOTE", "text": text}
    return create_activity(values, actor=actor)


def test_the_log_holds_every_kind_in_its_order(actors):
    actor = actors.manager
    start = now(actor)
    person = create_person({"firstname": "Ann", "tags": [{"name": "Hot"}]}, actor=actor)
    organization = create_organization({"name": "Acme"}, actor=actor)
    lead = create_lead({"title": "Deal", "people_id": str(person.pk)}, actor=actor)
    said = note("PEOPLE", person, actor)
    pipeline, stage = Pipeline.objects.get(), Stage.objects.get(name="New")
    update_pipeline(pipeline.pk, {"name": "Sales"}, actor=actor)
    update_stage(stage.pk, {"name": "Fresh"}, actor=actor)

    page = read(actor, start)

    assert briefly(page) == [
        ("PEOPLE", "created", str(person.pk), None),
        ("ORGANIZATION", "created", str(organization.pk), None),
        ("LEAD", "created", str(lead.pk), None),
        ("ACTIVITY", "created", str(said.pk), None),
        ("PIPELINE", "updated", str(pipeline.pk), None),
        ("STAGE", "updated", str(stage.pk), None),
    ]
    of_person, of_organization, of_lead, of_note, of_pipeline, of_stage = page["events"]
    assert of_person["people"] == {"id": str(person.pk), "name": "Ann", "tags": [{"name": "Hot"}]}
    assert (of_person["version"], of_person["lead"], of_person["changes"]) == (1, None, None)
    assert of_organization["organization"]["name"] == "Acme"
    assert of_lead["lead"]["people"] == {"name": "Ann"}
    assert of_note["activity"]["text"] == "Hello"
    assert (of_pipeline["pipeline"]["name"], of_pipeline["changed"]) == ("Sales", ["name"])
    assert (of_stage["stage"]["name"], of_stage["stage"]["pipeline"]["name"]) == ("Fresh", "Sales")
    assert page["cursor"] == of_stage["cursor"]


def test_kinds_choose_and_the_cursor_moves_on_without_them(actors):
    actor = actors.manager
    start = now(actor)
    person = create_person({"firstname": "Ann"}, actor=actor)
    create_organization({"name": "Acme"}, actor=actor)
    end = now(actor)

    people = read(actor, start, kinds=["PEOPLE"])
    nothing = read(actor, start, kinds=["LEAD", "STAGE"])
    leads = data(
        "query ($after: ID) { leadEvents(after: $after) { cursor events { kind } } }",
        actor=actor,
        variables={"after": start},
    )["leadEvents"]

    assert briefly(people) == [("PEOPLE", "created", str(person.pk), None)]
    assert nothing == {"events": [], "cursor": end, "hasMore": False}
    assert leads == {"events": [], "cursor": end}


def test_pages_follow_one_another_without_gap(actors):
    actor = actors.manager
    cursor, names, pages = now(actor), [], 0
    for number in range(5):
        create_organization({"name": f"Between {number}"}, actor=actor)
        create_person({"firstname": str(number)}, actor=actor)

    while True:
        page = read(actor, cursor, first=2, kinds=["PEOPLE"])
        names += [event["people"]["name"] for event in page["events"]]
        cursor, pages = page["cursor"], pages + 1
        if not page["hasMore"]:
            break

    assert (names, pages) == (["0", "1", "2", "3", "4"], 3)


def test_what_is_gone_is_told_as_removed(actors):
    actor = actors.manager
    winner, loser, other = (create_person({"firstname": name}, actor=actor) for name in "ABC")
    said = note("PEOPLE", other, actor)
    start = now(actor)
    delete_activity(said.pk, actor=actor)
    delete_person(other.pk, actor=actor)
    merge(Person, winner.pk, [loser.pk], actor=actor)

    page = read(actor, start)

    assert briefly(page) == [
        ("ACTIVITY", "deleted", str(said.pk), str(said.pk)),
        ("PEOPLE", "deleted", str(other.pk), str(other.pk)),
        ("PEOPLE", "updated", str(winner.pk), None),
        ("PEOPLE", "merged", str(loser.pk), str(loser.pk)),
    ]
    merged = page["events"][3]
    assert (merged["winner_id"], merged["people"], merged["version"]) == (str(winner.pk), None, None)


def test_an_activity_comes_and_goes_with_its_lead(actors, tenant):
    Company.objects.update(lead_visibility="OWN")
    manager, narrow = actors.manager, replace(actors.colleague, company_sees_all_leads=False)
    lead = create_lead({"title": "A", "leads_owner_id": str(tenant.users["agent"].pk)}, actor=manager)
    start = now(narrow)
    said = note("LEAD", lead, manager)
    add_participant(lead.pk, narrow.user_id, actor=manager)
    update_activity(said.pk, {"text": "Seen"}, actor=manager)
    while_visible = read(narrow, start, kinds=["ACTIVITY"])
    remove_participant(lead.pk, narrow.user_id, actor=manager)
    update_activity(said.pk, {"text": "Unseen"}, actor=manager)

    # The note was written when the colleague did not see the lead: it comes with the lead.
    assert [event["activity"]["text"] for event in while_visible["events"]] == ["Seen"]
    assert read(narrow, start, kinds=["ACTIVITY"])["events"] == []
    # The lead is told as removed, and takes its activities along.
    assert ("LEAD", "updated", str(lead.pk), str(lead.pk)) in briefly(read(narrow, start))
    assert len(read(manager, start, kinds=["ACTIVITY"])["events"]) == 3


def test_another_company_receives_nothing(actors, other_actors):
    start = now(actors.agent)
    create_person({"firstname": "Foreign"}, actor=other_actors.agent)
    own = create_person({"firstname": "Own"}, actor=actors.agent)

    assert briefly(read(actors.agent, start)) == [("PEOPLE", "created", str(own.pk), None)]
    assert len(read(other_actors.agent, start)["events"]) == 1


def test_bulk_work_is_one_bulk_event_of_each_kind(actors, monkeypatch):
    monkeypatch.setattr(outbox, "MOST_SINGLE", 1)
    start = now(actors.agent)
    for number in range(3):
        create_person({"firstname": str(number)}, actor=actors.agent)
        create_organization({"name": str(number)}, actor=actors.agent)

    assert briefly(read(actors.agent, start)) == [
        ("PEOPLE", "bulk", None, None),
        ("ORGANIZATION", "bulk", None, None),
    ]


def make_all(actor, number):
    for index in range(number):
        person = create_person({"firstname": str(index), "tags": [{"name": f"T{index}"}]}, actor=actor)
        lead = create_lead({"title": str(index), "people_id": str(person.pk)}, actor=actor)
        create_organization({"name": str(index)}, actor=actor)
        note("LEAD", lead, actor)
        update_pipeline(Pipeline.objects.get().pk, {"description": f"{number} {index}"}, actor=actor)
        update_stage(Stage.objects.get(name="New").pk, {"description": f"{number} {index}"}, actor=actor)


def test_statements_do_not_depend_on_the_events(actors, django_assert_num_queries):
    start = now(actors.manager)
    make_all(actors.manager, 1)
    read(actors.manager, start, first=100)
    with django_assert_num_queries(STATEMENTS):
        assert len(read(actors.manager, start, first=100)["events"]) >= 6

    make_all(actors.manager, 4)
    sequence()
    with django_assert_num_queries(STATEMENTS):
        assert len(read(actors.manager, start, first=100)["events"]) >= 30


#: The events, the counter, whether there is something to number, and each kind with what is nested.
STATEMENTS = 11


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"after": "7"}, "This is not an event cursor."),
        ({"kinds": []}, "Name at least one of kinds, or leave it out for all."),
        ({"first": -1}, None),
        ({"kinds": ["CAT"]}, None),
    ],
)
def test_bad_input_is_refused(actors, variables, message):
    refused = refusal(EVENTS, actor=actors.agent, variables=variables)

    assert refused["extensions"]["code"] in ("BAD_USER_INPUT", "VALIDATION")
    assert message is None or refused["message"] == message


def test_an_expired_cursor_is_refused_with_the_oldest_valid_one(actors):
    start = now(actors.agent)
    create_person({"firstname": "A"}, actor=actors.agent)
    after_first = now(actors.agent)
    Event.objects.update(created_at="2020-01-01T00:00:00Z")
    retention.prune()

    refused = refusal(EVENTS, actor=actors.agent, variables={"after": start})

    assert refused["extensions"] == {"code": "CURSOR_EXPIRED", "oldest": after_first}


def admitted(query, actor, **variables):
    credential = Credential(actor=actor, token_id=None, user_id=actor.user_id, expires_at=None)
    return admit(schema.graphql_schema, Operation(query=query, variables=variables), credential)


def last_event():
    sequence()
    end = journal.end()
    return journal.read_after(replace(end, seq=end.seq - 1), limit=1)[0]


def answer_to(subscription, event, actor, *, shared=True):
    answer = subscription._resolve(event, actor, shared)
    return answer, answer.text and orjson.loads(answer.text)


def test_an_update_is_sent_with_its_record(actors):
    person = create_person({"firstname": "Ann"}, actor=actors.agent)
    update_person(person.pk, {"lastname": "Doe"}, actor=actors.agent)
    event = last_event()
    subscription = admitted(f"subscription {{ recordUpdate {{ {FIELDS} }} }}", actors.agent)

    answer, content = answer_to(subscription, event, actors.agent)

    assert subscription.is_about(event)
    assert not answer.is_personal
    assert content["data"]["recordUpdate"] == {
        "cursor": str(event.cursor),
        "kind": "updated",
        "record_kind": "PEOPLE",
        "id": str(person.pk),
        "version": 2,
        "removed": None,
        "winner_id": None,
        "changed": ["lastname"],
        "changes": None,
        "people": {"id": str(person.pk), "name": "Ann Doe", "tags": []},
        **dict.fromkeys(("lead", "organization", "activity", "pipeline", "stage")),
    }
    assert content["extensions"] == {"kind": "updated", "cursor": str(event.cursor)}


def test_a_message_without_a_record_has_the_selected_fields(actors):
    winner, loser = (create_person({"firstname": name}, actor=actors.agent) for name in "AB")
    merge(Person, winner.pk, [loser.pk], actor=actors.agent)
    event = last_event()
    query = """subscription ($not: Boolean!) { it: recordUpdate { __typename what: kind ...Rest
        version @include(if: $not) } }
        fragment Rest on RecordEvent { record_kind removed winner_id people { id } }"""
    subscription = admitted(query, actors.agent, **{"not": False})

    content = orjson.loads(subscription.notice(event, Visibility.REMOVED))

    assert event.kind == "merged"
    assert content == {
        "data": {
            "it": {
                "__typename": "RecordEvent",
                "what": "merged",
                "record_kind": "PEOPLE",
                "removed": str(loser.pk),
                "winner_id": str(winner.pk),
                "people": None,
            }
        },
        "extensions": {"kind": "merged", "cursor": str(event.cursor), "removed": str(loser.pk)},
    }


def test_kinds_and_lead_update_cover_their_own_events_only(actors):
    create_person({"firstname": "Ann"}, actor=actors.agent)
    of_person = last_event()
    create_lead({"title": "A"}, actor=actors.agent)
    of_lead = last_event()

    covered = {
        query: [
            admitted(f"subscription {{ {query} {{ id }} }}", actors.agent).is_about(event)
            for event in (of_person, of_lead)
        ]
        for query in (
            "recordUpdate",
            "recordUpdate(kinds: [PEOPLE, STAGE])",
            "recordUpdate(where: {lead: {}})",
            "leadUpdate",
        )
    }

    assert list(covered.values()) == [[True, True], [True, False], [False, True], [False, True]]


@pytest.mark.parametrize(("name", "is_sent"), [("Ann", True), ("Bob", False)])
def test_where_narrows_one_kind(actors, name, is_sent):
    create_person({"firstname": name}, actor=actors.agent)
    query = 'subscription { recordUpdate(where: {people: {column: NAME, value: "Ann"}}) { people { name } } }'
    subscription = admitted(query, actors.agent)

    answer, content = answer_to(subscription, last_event(), actors.agent)

    assert subscription.has_filter
    assert (answer.text is not None) is is_sent
    assert not is_sent or content["data"]["recordUpdate"]["people"] == {"name": name}
    assert subscription._matching(actors.agent, 10).keys == ({Person.objects.get().pk} if is_sent else set())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("kinds: []", "Name at least one of kinds, or leave it out for all."),
        ("where: {}", "Give conditions of exactly one kind in where."),
        ("where: {lead: null}", "Give conditions of exactly one kind in where."),
        ("where: {lead: {}, people: {}}", "Give conditions of exactly one kind in where."),
        (
            "kinds: [STAGE], where: {lead: {}}",
            "With where, kinds is the kind that it filters alone, or left out.",
        ),
        ("where: {lead: {column: STATUS_ID, operator: BETWEEN, value: 1}}", None),
        ('after: "7"', "This is not an event cursor."),
    ],
)
def test_bad_arguments_are_refused_before_the_first_event(actors, arguments, message):
    with pytest.raises(Refused) as refused:
        admitted(f"subscription {{ recordUpdate({arguments}) {{ id }} }}", actors.agent)

    (error,) = refused.value.errors
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert message is None or error["message"] == message


def test_readers_are_those_of_the_record(actors, tenant):
    narrow = replace(actors.colleague, company_sees_all_leads=False)
    agent = tenant.users["agent"].pk
    lead = create_lead({"title": "A", "leads_owner_id": str(agent)}, actor=actors.manager)
    of_lead = last_event()
    note("LEAD", lead, actors.manager)
    # After the note's event comes one of its lead.
    of_note = next(event for event in _all() if event.entity == "activity")
    person = create_person({"firstname": "Ann"}, actor=actors.manager)
    of_person = last_event()
    note("PEOPLE", person, actors.manager)
    of_other_note = last_event()
    subscription = admitted("subscription { recordUpdate { id } }", narrow)

    readers = [
        subscription._resolve(event, narrow, True).readers
        for event in (of_lead, of_note, of_person, of_other_note)
    ]

    assert readers == [{agent}, {agent}, None, None]


def _all():
    sequence()
    return journal.read_after(replace(journal.end(), seq=journal.counter().floor), limit=1_000)


def test_a_record_that_is_gone_is_not_sent(actors):
    lead = create_lead({"title": "A"}, actor=actors.manager)
    event = last_event()
    delete_lead(lead.pk, actor=actors.manager)
    subscription = admitted("subscription { recordUpdate { lead { id } } }", actors.agent)

    assert answer_to(subscription, event, actors.agent)[0].text is None


def test_a_record_of_another_company_is_not_sent(actors, other_actors):
    create_person({"firstname": "A"}, actor=actors.manager)
    subscription = admitted("subscription { recordUpdate { people { id } } }", other_actors.manager)

    assert answer_to(subscription, last_event(), other_actors.manager)[0].text is None


def test_nobody_else_reads_the_log(actors):
    assert ask(EVENTS, actor=None)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
