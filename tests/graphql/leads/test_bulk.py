"""updateLeads, deleteLeads, restoreLeads, deletePeoples and restorePeoples."""

import pytest

from crm.errors import BadUserInput
from crm.models.history import HistoryEntry
from leads.models import Lead, StageVisit
from leads.services.bulk import delete_leads, restore_leads
from leads.services.leads import create_lead
from people.models import Person
from people.services.people import delete_people, restore_people
from pipelines.models import Stage
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db

RESULT = "{ done unchanged refused_count refused { id code message field } }"
UPDATE = f"""mutation($ids: [ID!], $where: QueryLeadsWhereWhereConditions, $changes: LeadUpdateInput!,
  $count: Int) {{ result: updateLeads(ids: $ids, where: $where, changes: $changes, expected_count: $count)
  {RESULT} }}"""


def named(operation):
    return f"mutation($ids: [ID!]!) {{ result: {operation}(ids: $ids) {RESULT} }}"


def result(document, actor, **variables):
    return data(document, actor=actor, variables=variables)["result"]


def refused(document, actor, **variables):
    return refusal(document, actor=actor, variables=variables)["extensions"]


def done(changed, unchanged=0):
    return {"done": changed, "unchanged": unchanged, "refused_count": 0, "refused": []}


@pytest.fixture
def leads(actors):
    return [create_lead({"title": title}, actor=actors.agent) for title in ("one", "two", "three")]


def test_each_row_is_changed_or_refused_alone(leads, actors, other_tenant):
    foreign = LeadFactory(company=other_tenant.company)
    ids = [leads[0].pk, str(leads[1].uuid), foreign.pk, leads[0].pk]
    stage = Stage.objects.filter(pipeline=leads[0].pipeline).order_by("-weight")[0]

    found = result(UPDATE, actors.agent, ids=ids, changes={"pipeline_stage_id": stage.pk})

    refusals = [{"id": str(foreign.pk), "code": "NOT_FOUND", "message": "Not found.", "field": "id"}]
    assert found == {"done": 2, "unchanged": 0, "refused_count": 1, "refused": refusals}
    assert Lead.objects.filter(stage=stage).count() == 2
    # Each move is in the history and among the stays, as a single one is.
    assert HistoryEntry.objects.filter(changes__has_key="stage").count() == 2
    assert StageVisit.objects.filter(stage=stage, left_at=None).count() == 2
    again = result(UPDATE, actors.agent, ids=ids[:2], changes={"pipeline_stage_id": stage.pk})
    assert again == done(0, unchanged=2)


def test_a_refused_value_is_named_by_its_path(leads, actors):
    found = result(UPDATE, actors.agent, ids=[leads[0].pk], changes={"title": "", "description": "new"})

    assert [(row["id"], row["code"], row["field"]) for row in found["refused"]] == [
        (str(leads[0].pk), "VALIDATION", "changes.title")
    ]
    assert Lead.objects.get(pk=leads[0].pk).description is None


def test_a_condition_selects_all_matching_leads(leads, actors, other_tenant):
    LeadFactory(company=other_tenant.company, title="one")
    where = {"column": "TITLE", "operator": "IN", "value": ["one", "two"]}

    wrong = refused(UPDATE, actors.agent, where=where, changes={"description": "x"}, count=3)
    assert (wrong["code"], wrong["count"]) == ("CONFLICT", 2)
    assert Lead.objects.filter(description="x").count() == 0
    found = result(UPDATE, actors.agent, where=where, changes={"description": "x"}, count=2)
    assert found == done(2)
    assert set(Lead.objects.filter(description="x").values_list("title", flat=True)) == {"one", "two"}


@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({}, "ids"),
        ({"ids": [], "where": {"column": "ID", "value": 1}}, "ids"),
        ({"where": {}}, "where"),
        ({"where": {"AND": []}}, "where"),
    ],
    ids=["neither", "both", "empty", "empty group"],
)
def test_bulk_changes_name_their_leads(leads, actors, variables, place):
    found = refused(UPDATE, actors.agent, **variables, changes={"description": "x"})

    assert (found["code"], list(found["validation"])) == ("VALIDATION", [place])
    assert Lead.objects.filter(description="x").count() == 0


@pytest.mark.parametrize("change", [delete_leads, restore_leads, delete_people, restore_people])
def test_at_most_a_thousand(actors, change):
    with pytest.raises(BadUserInput, match="at most 1000 ids"):
        change([str(number) for number in range(1001)], actor=actors.agent)


def _people(company):
    return [PersonFactory(company=company) for _number in range(2)]


def _leads(company):
    return [LeadFactory(company=company) for _number in range(2)]


@pytest.mark.parametrize(
    ("delete", "restore", "model", "make"),
    [("deleteLeads", "restoreLeads", Lead, _leads), ("deletePeoples", "restorePeoples", Person, _people)],
    ids=["leads", "people"],
)
def test_many_people_are_deleted_and_restored(tenant, actors, other_tenant, delete, restore, model, make):
    rows, foreign = make(tenant.company), make(other_tenant.company)[0]
    ids = [str(row.pk) for row in rows]
    live = model.objects.filter(company=tenant.company, deleted_at=None)

    assert refused(named(delete), actors.viewer, ids=ids) == {"code": "FORBIDDEN"}
    assert live.count() == 2
    found = result(named(delete), actors.agent, ids=[*ids, foreign.pk])
    assert (found["done"], [row["id"] for row in found["refused"]]) == (2, [str(foreign.pk)])
    assert live.count() == 0
    assert refused(named(restore), actors.viewer, ids=ids) == {"code": "FORBIDDEN"}
    assert result(named(restore), actors.agent, ids=ids) == done(2)
    assert result(named(restore), actors.agent, ids=ids) == done(0, unchanged=2)
    assert live.count() == 2
    assert model.objects.get(pk=foreign.pk).deleted_at is None


def test_statements_grow_with_the_rows_alone(tenant, actors, django_assert_max_num_queries):
    def statements(number):
        rows = [create_lead({"title": "x"}, actor=actors.agent) for _row in range(number)]
        with django_assert_max_num_queries(1000) as counted:
            result(UPDATE, actors.agent, ids=[row.pk for row in rows], changes={"description": "y"})
        return len(counted)

    one, two, five = statements(1), statements(2), statements(5)
    assert five - two == 3 * (two - one)
