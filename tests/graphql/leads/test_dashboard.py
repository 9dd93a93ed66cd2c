"""leadsDashboard, leadCount and leadsByStage."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from crm.models import Company
from crm.models.companies import LeadVisibility
from leads.models import Lead
from leads.services.closing import close_lead
from leads.services.leads import create_lead, delete_lead
from pipelines.models import Stage
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.factories.pipelines import PipelineFactory, StageFactory

pytestmark = pytest.mark.django_db

DASHBOARD = """query($where: QueryLeadsDashboardWhereWhereConditions) { leadsDashboard(where: $where) {
  data { total_active_leads total_closed_leads total_won_leads total_lost_leads total_rotting_leads
    total_agents } paginatorInfo { total count } } }"""
BY_STAGE = "query($id: ID) { leadsByStage(pipeline_id: $id) { lead_count rotting_count stage { name } } }"


@pytest.fixture
def leads(tenant, actors, other_tenant):
    """Create five leads: two open (one rotting), one won, one lost, one deleted."""
    Stage.objects.filter(pipeline__company=tenant.company).update(rotting_days=7)
    colleague = tenant.users["colleague"].pk
    owners = [colleague, None, colleague, None, colleague]
    created = [
        create_lead({"title": str(number), "leads_owner_id": owner}, actor=actors.manager)
        for number, owner in enumerate(owners)
    ]
    Lead.objects.filter(pk=created[0].pk).update(last_activity_at=datetime(2020, 1, 1, tzinfo=UTC))
    close_lead(created[2].pk, "won", actor=actors.manager)
    close_lead(created[3].pk, "lost", actor=actors.manager, reason_lost="Price")
    delete_lead(created[4].pk, actor=actors.manager)
    LeadFactory(company=other_tenant.company)
    return created


def numbers(actor, where=None):
    found = data(DASHBOARD, actor=actor, variables={"where": where})["leadsDashboard"]
    assert found["paginatorInfo"] == {"total": 1, "count": 1}
    return [found["data"][0][f"total_{name}"] for name in NAMES]


NAMES = ("active_leads", "closed_leads", "won_leads", "lost_leads", "rotting_leads", "agents")


def test_numbers(tenant, leads, actors):
    where = {"column": "LEADS_OWNER_ID", "value": tenant.users["colleague"].pk}

    assert numbers(actors.viewer) == [2, 2, 1, 1, 1, 1]
    assert numbers(actors.viewer, where) == [1, 1, 1, 0, 1, 1]
    assert data("{ leadCount }", actor=actors.viewer) == {"leadCount": 4}


def test_numbers_are_of_leads_that_one_sees(tenant, leads, actors):
    Company.objects.update(lead_visibility=LeadVisibility.OWN)
    agent = replace(actors.agent, company_sees_all_leads=False)

    assert numbers(agent) == [0, 0, 0, 0, 0, 0]
    assert data("{ leadCount }", actor=agent) == {"leadCount": 0}
    rows = data(BY_STAGE, actor=agent)["leadsByStage"]
    assert {row["lead_count"] for row in rows} == {0}


def test_stages_with_and_without_leads(leads, actors):
    pipeline = leads[0].pipeline
    names = [stage.name for stage in Stage.objects.filter(pipeline=pipeline).order_by("weight", "pk")]

    rows = data(BY_STAGE, actor=actors.viewer, variables={"id": pipeline.pk})["leadsByStage"]

    assert [row["stage"]["name"] for row in rows] == names
    assert [(row["lead_count"], row["rotting_count"]) for row in rows] == [
        (4, 1),
        *[(0, 0)] * (len(rows) - 1),
    ]


def test_a_foreign_pipeline_does_not_exist(actors, other_tenant):
    foreign = PipelineFactory(company=other_tenant.company)

    found = refusal(BY_STAGE, actor=actors.viewer, variables={"id": foreign.pk})

    assert found["extensions"] == {"code": "NOT_FOUND", "argument": "pipeline_id"}


def test_statements_do_not_grow_with_the_stages(leads, actors, django_assert_max_num_queries):
    def statements():
        with django_assert_max_num_queries(100) as counted:
            data(BY_STAGE, actor=actors.viewer)
        return len(counted)

    few = statements()
    for number in range(5):
        StageFactory(company=leads[0].company, pipeline=leads[0].pipeline, name=f"Further {number}")
    assert statements() == few
