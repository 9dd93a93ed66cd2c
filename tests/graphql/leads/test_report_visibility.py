"""The leads of reports: those of ``visible_to``, found by other SQL, and funnels of small pipelines."""

from dataclasses import replace

import pytest

from leads.models import Lead
from tests.factories.leads import LeadFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.graphql.leads.reports_world import fill, viewers
from tests.graphql.leads.test_reports import ask_report

pytestmark = pytest.mark.django_db


def test_reports_are_of_the_visible_leads(tenant, other_tenant):
    fill(tenant, seed=8)
    fill(other_tenant, seed=9)
    actors = list(viewers(tenant).values())
    nobody = replace(actors[-1], user_id=None)

    found = [set(Lead.objects.in_report_for(actor)) for actor in (*actors, nobody)]

    assert found == [set(Lead.objects.visible_to(actor)) for actor in (*actors, nobody)]
    assert len(set(map(len, found))) >= 4


def test_keys_are_found_without_the_leads_of_others(tenant, other_tenant):
    foreign = LeadFactory(company=other_tenant.company)
    # Only rows that were written past the services connect a user with another company.
    foreign.participations.create(user=tenant.users["agent"])
    agent = replace(tenant.actors.agent, company_sees_all_leads=False)
    own = LeadFactory(company=tenant.company, owner=tenant.users["agent"])
    LeadFactory(company=tenant.company, owner=tenant.users["colleague"])

    assert [row["pk"] for row in Lead.objects.keys_involving(agent)] == [own.pk]


def test_nobody_leaves_a_pipeline_with_one_stage_forward(tenant, actors):
    stage = StageFactory(
        company=tenant.company, pipeline=PipelineFactory(company=tenant.company, name="Short")
    )
    lead = LeadFactory(company=tenant.company, stage=stage)
    lead.stage_visits.update(entered_at="2026-05-01T00:00:00Z")

    [found] = ask_report(actors.viewer, "2026-05-01", "2026-05-31", **{"in": stage.pipeline_id})["funnel"]

    assert (found["entered"], found["left_forward"], found["median_days"]) == (
        len(lead.stage_visits.all()),
        0,
        None,
    )


def test_a_pipeline_without_stages_has_an_empty_funnel(tenant, actors):
    pipeline = PipelineFactory(company=tenant.company, name="Empty")

    assert ask_report(actors.viewer, "2026-05-01", "2026-05-31", **{"in": pipeline.pk})["funnel"] == []
