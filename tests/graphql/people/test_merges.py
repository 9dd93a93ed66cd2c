"""Merges: moved rows, filled fields, refusals, list and undo."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models.activities import Activity
from crm.models.history import HistoryEntry
from leads.models import Lead, LeadPerson
from leads.signals import lead_changed
from people.models import ContactType, Employment, Merge, Organization, Person, PersonFile
from people.services.people import create_person, delete_person, update_person
from tests.clients import data, refusal
from tests.factories.crm import FilesystemFactory
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.stored import read_all

pytestmark = pytest.mark.django_db

MERGE = """
mutation ($id: ID!, $others: [ID!]!, $version: Int, $dry: Boolean! = false) {
  mergePeople(id: $id, duplicates_id: $others, expected_version: $version, dry_run: $dry) {
    id name email dob version contacts { value } address { city is_default } tags { name }
    organizations { name } custom_fields { name value }
  }
}
"""
MERGE_ORGANIZATIONS = """
mutation ($id: ID!, $others: [ID!]!) {
  mergeOrganizations(id: $id, duplicates_id: $others) { id name email tags { name } version }
}
"""
UNDO = "mutation ($id: ID!) { undoMerge(id: $id) { id undone_at undone_by { id } } }"
PREVIEW = """
query ($id: ID!, $others: [ID!]!) {
  previewMergePeople(id: $id, duplicates_id: $others) {
    fields { field winner duplicates outcome } moves { relation moved dropped }
  }
}
"""


def person(actor, **values: Any) -> Person:
    given: Any = values
    return create_person(given, actor=actor)


def phone(*values: str) -> list[Any]:
    kind = ContactType.objects.get(company=None, kind="PHONE").pk
    return [{"contacts_types_id": kind, "value": value} for value in values]


def merged(actor, winner, *others, **variables) -> dict[str, Any]:
    variables |= {"id": str(winner.pk), "others": [str(other.pk) for other in others]}
    winner_read: dict[str, Any] = data(MERGE, actor=actor, variables=variables)["mergePeople"]
    return winner_read


def refused(actor, winner, *others, document=MERGE, **variables) -> dict[str, Any]:
    variables = {"id": str(winner), "others": [str(other) for other in others], **variables}
    before = read_all()
    extensions: dict[str, Any] = refusal(document, actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


@pytest.fixture
def pair(actors, company) -> tuple[Person, Person]:
    """Create two equal people; the second has the values that the first lacks."""
    acme, globex = (OrganizationFactory(company=company, name=name) for name in ("Acme", "Globex"))
    winner = person(
        actors.agent,
        firstname="Jane",
        contacts=phone("+12125550100"),
        address=[{"city": "New York"}],
        organizations_id=[acme.pk],
        tags=[{"name": "VIP"}],
        custom_fields=[{"name": "size", "value": 1}],
    )
    loser = person(
        actors.agent,
        firstname="J.",
        lastname="Doe",
        email="jane@example.com",
        dob=date(1990, 1, 31),
        contacts=phone("+1 (212) 555-0100", "+12125550199"),
        address=[{"city": "new york"}, {"city": "Boston"}],
        organizations_id=[acme.pk, globex.pk],
        tags=[{"name": "VIP"}, {"name": "New"}],
        custom_fields=[{"name": "size", "value": 2}, {"name": "segment", "value": "A"}],
    )
    return winner, loser


def test_the_winner_gets_what_it_lacks(actors, pair):
    winner, loser = pair

    answer = merged(actors.agent, winner, loser)

    assert answer == {
        "id": str(winner.pk),
        "name": "Jane Doe",
        "email": "jane@example.com",
        "dob": "1990-01-31",
        "version": 2,
        "contacts": [
            {"value": "+12125550100"},
            {"value": "jane@example.com"},
            {"value": "+12125550199"},
        ],
        "address": [{"city": "New York", "is_default": True}, {"city": "Boston", "is_default": False}],
        "tags": [{"name": "New"}, {"name": "VIP"}],
        "organizations": [{"name": "Acme"}, {"name": "Globex"}],
        "custom_fields": [{"name": "segment", "value": "A"}, {"name": "size", "value": 1}],
    }
    found = data('{ peoples(search: "5550199") { data { id } } }', actor=actors.viewer)["peoples"]["data"]
    assert found == [{"id": str(winner.pk)}]


def test_everything_else_moves(actors, company, pair):
    winner, loser = pair
    both, own = LeadFactory(company=company), LeadFactory(company=company, person=loser)
    for record in pair:
        LeadPerson.objects.create(lead=both, person=record)
    LeadPerson.objects.create(lead=own, person=loser)
    Employment.objects.create(company=company, person=loser, position="CEO")
    Activity.objects.create(company=company, entity=loser, text="Called")
    file = FilesystemFactory(company=company)
    for record in pair:
        PersonFile.objects.create(company=company, person=record, file=file)

    merged(actors.agent, winner, loser)

    assert list(Lead.objects.filter(person=winner)) == [own]
    assert set(LeadPerson.objects.values_list("lead", "person")) == {
        (both.pk, winner.pk),
        (own.pk, winner.pk),
    }
    assert Employment.objects.get().person == winner
    assert Activity.objects.get().entity == winner
    assert PersonFile.objects.get().person == winner
    own_history = HistoryEntry.objects.filter(object_id=loser.pk, content_type__model="person")
    assert [entry.kind for entry in own_history] == ["MERGED"]
    kinds = [entry.kind for entry in winner.history.order_by("pk")]
    assert kinds == ["CREATED", "CREATED", "MERGED"]


def test_each_moved_lead_causes_one_event(actors, company, tenant, pair, django_capture_on_commit_callbacks):
    winner, loser = pair
    agent = tenant.users["agent"]
    lead = LeadFactory(company=company, person=loser, owner=agent)
    LeadFactory(company=company, person=loser, deleted_at="2026-01-01T00:00:00Z")
    LeadFactory(company=company, person=winner)
    events = []

    def hear(event, **_signal):
        events.append((event.object_id, event.kind, event.before, event.after))

    lead_changed.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            merged(actors.agent, winner, loser)
    finally:
        lead_changed.disconnect(hear)

    assert events == [(lead.pk, "updated", frozenset({agent.pk}), frozenset({agent.pk}))]
    lead.refresh_from_db()
    assert lead.version == 2
    assert lead.history.get().changes == {
        "person": [{"id": str(loser.pk), "name": "J. Doe"}, {"id": str(winner.pk), "name": "Jane Doe"}]
    }


def test_a_dry_run_returns_the_outcome_and_changes_nothing(
    actors, company, pair, django_capture_on_commit_callbacks
):
    winner, loser = pair
    LeadFactory(company=company, person=loser)
    before = read_all()

    with django_capture_on_commit_callbacks() as callbacks:
        answer = merged(actors.agent, winner, loser, dry=True)

    assert read_all() == before
    assert callbacks == []
    assert answer == merged(actors.agent, winner, loser)


def test_a_preview_lists_each_field(actors, pair):
    winner, loser = pair
    before = read_all()

    shown = data(PREVIEW, actor=actors.viewer, variables={"id": winner.pk, "others": [loser.pk]})

    assert read_all() == before
    preview = shown["previewMergePeople"]
    fields = {row["field"]: (row["winner"], row["duplicates"], row["outcome"]) for row in preview["fields"]}
    assert fields == {
        "firstname": ("Jane", ["J."], "Jane"),
        "middlename": (None, [None], None),
        "lastname": (None, ["Doe"], "Doe"),
        "email": (None, ["jane@example.com"], "jane@example.com"),
        "dob": (None, ["1990-01-31"], "1990-01-31"),
        "do_not_contact": (False, [False], False),
        "external_id": (None, [None], None),
        "external_source": (None, [None], None),
        "custom_fields.segment": (None, ["A"], "A"),
        "custom_fields.size": (1, [2], 1),
    }
    assert {row["relation"]: (row["moved"], row["dropped"]) for row in preview["moves"]} == {
        "addresses": (1, 1),
        "contacts": (2, 1),
        "history": (1, 0),
        "organizations": (1, 1),
        "tags": (1, 1),
    }


def test_merged_ids_find_the_winner(actors, pair):
    winner, loser = pair
    last = person(actors.agent, firstname="Last")
    merged(actors.agent, winner, loser)
    merged(actors.agent, last, winner)
    ask_for = "query ($id: ID!) { people(id: $id) { id } }"

    for key in (loser.pk, loser.uuid, winner.pk):
        answer = data(ask_for, actor=actors.viewer, variables={"id": str(key)})
        assert answer["people"]["id"] == str(last.pk)
    delete_person(last.pk, actor=actors.agent)
    assert refusal(ask_for, actor=actors.viewer, variables={"id": str(loser.pk)})["extensions"] == {
        "code": "NOT_FOUND",
        "argument": "id",
    }


def test_a_merged_record_is_not_restored_or_merged_again(actors, pair):
    winner, loser = pair
    other = person(actors.agent, firstname="Other")
    merged(actors.agent, winner, loser)

    restore = "mutation ($id: ID!) { restorePeople(id: $id) }"
    assert (
        refusal(restore, actor=actors.agent, variables={"id": loser.pk})["extensions"]["code"] == "CONFLICT"
    )
    assert refused(actors.agent, other.pk, loser.pk) == {"code": "NOT_FOUND", "argument": "duplicates_id.0"}


def test_refusals(actors, other_actors, pair):
    winner, loser = pair
    foreign = person(other_actors.agent, firstname="Foreign")
    deleted = person(actors.agent, firstname="Gone")
    delete_person(deleted.pk, actor=actors.agent)

    def code(*keys, **variables):
        return refused(actors.agent, *keys, **variables)

    assert code(winner.pk, foreign.pk) == {"code": "NOT_FOUND", "argument": "duplicates_id.0"}
    assert code(winner.pk, loser.pk, deleted.pk) == {"code": "NOT_FOUND", "argument": "duplicates_id.1"}
    assert code(foreign.pk, winner.pk) == {"code": "NOT_FOUND", "argument": "id"}
    for keys in (
        [winner.pk, winner.pk],
        [winner.pk, winner.uuid],
        [winner.pk, loser.pk, loser.pk],
        [winner.pk],
    ):
        assert list(code(*keys)["validation"]) == ["duplicates_id"]
    assert list(code(winner.pk, *range(1, 27))["validation"]) == ["duplicates_id"]
    assert code(winner.pk, loser.pk, version=7) == {
        "code": "CONFLICT",
        "reason": "VERSION",
        "current_version": 1,
    }
    assert refused(actors.viewer, winner.pk, loser.pk) == {"code": "FORBIDDEN"}


def test_statements_do_not_depend_on_the_rows(actors, company):
    taken = []
    for number in (1, 10):
        winner, loser = (PersonFactory(company=company) for _ in range(2))
        for _ in range(number):
            LeadFactory(company=company, person=loser)
            Activity.objects.create(company=company, entity=loser, text="Called")
        with CaptureQueriesContext(connection) as captured:
            merged(actors.agent, winner, loser)
        taken.append(len(captured))

    assert taken[0] == taken[1]


def test_merges_are_listed(actors, tenant, pair):
    winner, loser = pair
    merged(actors.agent, winner, loser)

    (row,) = data(
        f"{{ merges(where: {{column: WINNER_ID, value: {winner.pk}}})"
        " { data { id uuid model winner_id losers_id user { id } undone_at undone_by { id } } } }",
        actor=actors.viewer,
    )["merges"]["data"]

    stored = Merge.objects.get()
    assert row == {
        "id": str(stored.pk),
        "uuid": str(stored.uuid),
        "model": "PEOPLE",
        "winner_id": str(winner.pk),
        "losers_id": [str(loser.pk)],
        "user": {"id": str(tenant.users["agent"].pk)},
        "undone_at": None,
        "undone_by": None,
    }


def undo(actor, key=None) -> dict[str, Any]:
    key = key or Merge.objects.latest("pk").uuid
    undone: dict[str, Any] = data(UNDO, actor=actor, variables={"id": str(key)})["undoMerge"]
    return undone


def undo_refused(actor, key=None) -> dict[str, Any]:
    before = read_all()
    error = refusal(UNDO, actor=actor, variables={"id": str(key or Merge.objects.latest("pk").pk)})
    assert read_all() == before
    return error


def test_undoing_a_merge_emits_events(actors, tenant, pair):
    winner, loser = pair
    merged(actors.agent, winner, loser)

    answer = undo(actors.manager)

    assert answer["undone_by"] == {"id": str(tenant.users["manager"].pk)}
    loser.refresh_from_db()
    assert (loser.merged_into, loser.deleted_at, loser.version) == (None, None, 3)
    assert loser.history.latest("pk").kind == winner.history.latest("pk").kind == "UNMERGED"
    assert undo_refused(actors.manager)["extensions"]["code"] == "CONFLICT"


def test_only_managers_undo_merges_of_their_company(actors, other_actors, pair):
    merged(actors.agent, *pair)

    assert undo_refused(actors.agent)["extensions"]["code"] == "FORBIDDEN"
    assert undo_refused(other_actors.manager)["extensions"] == {"code": "NOT_FOUND", "argument": "id"}


def test_the_latest_merge_is_undone_first(actors, pair):
    winner, loser = pair
    third, fourth = (person(actors.agent, firstname=name) for name in ("Third", "Fourth"))
    merged(actors.agent, winner, loser)
    first = Merge.objects.get()
    merged(actors.agent, winner, third)
    second = Merge.objects.latest("pk")
    merged(actors.agent, fourth, winner)
    third_merge = Merge.objects.latest("pk")

    assert undo_refused(actors.manager, first.pk)["extensions"]["ids"] == [str(third_merge.pk)]
    undo(actors.manager, third_merge.pk)
    assert undo_refused(actors.manager, first.pk)["extensions"]["ids"] == [str(second.pk)]
    undo(actors.manager, second.pk)
    undo(actors.manager, first.pk)

    assert Person.objects.filter(deleted_at=None).count() == 4


def test_a_value_changed_since_the_merge_is_named(actors, company, pair):
    winner, loser = pair
    lead = LeadFactory(company=company, person=loser)
    merged(actors.agent, winner, loser)
    update_person(
        winner.pk,
        {"lastname": "Roe", "custom_fields": [{"name": "segment", "value": "B"}]},
        actor=actors.agent,
    )
    Lead.objects.filter(pk=lead.pk).update(person=person(actors.agent, firstname="New"))

    message = undo_refused(actors.manager)["message"]

    assert message == (
        f"Changed since the merge: lead {lead.pk}, lastname, custom_fields.segment. Nothing was undone."
    )


def test_undoing_keeps_values_that_the_merge_did_not_set(actors, pair):
    winner, loser = pair
    merged(actors.agent, winner, loser)
    moved = winner.contacts.get(value="+12125550199")
    mail = winner.contacts.get(value="jane@example.com")
    winner.addresses.get(city="Boston").delete()
    winner.tags.get(name="New").delete()
    update_person(
        winner.pk,
        {
            "firstname": "Janet",
            "contacts": [{"id": mail.pk}, {"id": moved.pk, "value": "+12125550198"}, *phone("+12125550111")],
        },
        actor=actors.agent,
    )

    undo(actors.manager)

    winner.refresh_from_db()
    assert (winner.firstname, winner.lastname, winner.email) == ("Janet", None, None)
    assert [row.value for row in winner.contacts.order_by("pk")] == ["+12125550111"]
    assert moved.value != loser.contacts.get(pk=moved.pk).value == "+12125550198"
    assert [row.city for row in loser.addresses.order_by("pk")] == ["new york"]
    assert [tag.name for tag in loser.tags.all()] == ["VIP"]


def test_rules_of_the_winner_hold_after_undoing(actors, company):
    winner = person(actors.agent, firstname="Jane")
    loser = person(actors.agent, firstname="J", email="j@example.com", address=[{"city": "Boston"}])
    merged(actors.agent, winner, loser)
    kind = ContactType.objects.get(company=None, kind="EMAIL").pk
    kept: Any = [{"id": row.pk} for row in winner.contacts.all()]
    places: Any = [{"id": row.pk} for row in winner.addresses.all()]
    update_person(
        winner.pk,
        {
            "contacts": [*kept, {"contacts_types_id": kind, "value": "jane@example.com"}],
            "address": [*places, {"city": "New York"}],
        },
        actor=actors.agent,
    )

    undo(actors.manager)

    winner.refresh_from_db()
    assert winner.email == "jane@example.com"
    assert [(row.city, row.is_default) for row in winner.addresses.all()] == [("New York", True)]


def test_organizations_merge_alike(actors, company):
    winner, loser = (OrganizationFactory(company=company, name=name) for name in ("Acme", "Acme Corp"))
    Organization.objects.filter(pk=loser.pk).update(email="info@acme.example")
    jane = PersonFactory(company=company)
    jane.organizations.add(winner, loser)
    lead = LeadFactory(company=company, organization=loser)
    Employment.objects.create(company=company, person=jane, organization=loser, position="CEO")
    before = read_all()

    preview = data(
        f"{{ previewMergeOrganizations(id: {winner.pk}, duplicates_id: [{loser.pk}])"
        " { fields { field outcome } moves { relation moved dropped } } }",
        actor=actors.viewer,
    )["previewMergeOrganizations"]
    assert preview["fields"][:2] == [
        {"field": "name", "outcome": "Acme"},
        {"field": "email", "outcome": "info@acme.example"},
    ]
    assert preview["moves"] == [
        {"relation": "leads", "moved": 1, "dropped": 0},
        {"relation": "employment history", "moved": 1, "dropped": 0},
        {"relation": "people", "moved": 0, "dropped": 1},
    ]
    answer = data(MERGE_ORGANIZATIONS, actor=actors.agent, variables={"id": winner.pk, "others": [loser.pk]})

    assert answer["mergeOrganizations"] == {
        "id": str(winner.pk),
        "name": "Acme",
        "email": "info@acme.example",
        "tags": [],
        "version": 2,
    }
    assert list(jane.organizations.all()) == [winner]
    assert Employment.objects.get().organization == winner
    lead.refresh_from_db()
    assert lead.organization == winner
    found = f"{{ organization(id: {loser.pk}) {{ id }} }}"
    assert data(found, actor=actors.viewer)["organization"] == {"id": str(winner.pk)}
    undo(actors.manager)
    after = read_all()
    assert after["people_person_organizations"] == before["people_person_organizations"]
    lead.refresh_from_db()
    assert lead.organization == loser
