"""deleteLead and restoreLead."""

import pytest

from leads.models import Lead
from pipelines.models import Pipeline
from pipelines.services.pipelines import create_pipeline, delete_pipeline
from pipelines.services.stages import delete_stage
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory
from tests.graphql.leads.operations import create, not_found

pytestmark = pytest.mark.django_db

DELETE = "mutation($id: ID!, $version: Int) { deleteLead(id: $id, expected_version: $version) }"
RESTORE = "mutation($id: ID!) { restoreLead(id: $id) }"
READ = "query($id: ID!) { lead(id: $id) { id stage { name } pipeline { name } channels { name } version } }"


@pytest.fixture
def lead(actors):
    return create(actors.agent)["id"]


def test_deleted_lead_is_gone_from_every_read_until_it_is_restored(lead, actors):
    assert data(DELETE, actor=actors.agent, variables={"id": lead}) == {"deleteLead": True}

    counts = "{ leads { data { id } paginatorInfo { total } } pipelines { data { lead_count } } }"
    assert refusal(READ, actor=actors.agent, variables={"id": lead})["extensions"] == not_found("id")
    assert data(counts, actor=actors.agent) == {
        "leads": {"data": [], "paginatorInfo": {"total": 0}},
        "pipelines": {"data": [{"lead_count": 0}]},
    }

    assert data(RESTORE, actor=actors.agent, variables={"id": lead}) == {"restoreLead": True}
    answer = data(READ, actor=actors.agent, variables={"id": lead})["lead"]
    assert answer["channels"] == [{"name": "Default Channel"}]
    assert (answer["stage"], answer["version"]) == ({"name": "New"}, 3)


def test_refusals(lead, actors, other_actors):
    version = {"id": lead, "version": 2}

    assert refusal(DELETE, actor=actors.viewer, variables={"id": lead})["extensions"] == {"code": "FORBIDDEN"}
    assert refusal(DELETE, actor=other_actors.admin, variables={"id": lead})["extensions"] == not_found("id")
    assert refusal(DELETE, actor=actors.agent, variables=version)["extensions"] == {
        "code": "CONFLICT",
        "reason": "VERSION",
        "current_version": 1,
    }
    assert Lead.objects.get().deleted_at is None
    data(DELETE, actor=actors.agent, variables={"id": lead, "version": 1})
    assert refusal(DELETE, actor=actors.agent, variables={"id": lead})["extensions"] == not_found("id")
    assert refusal(RESTORE, actor=other_actors.admin, variables={"id": lead})["extensions"] == not_found("id")
    assert refusal(RESTORE, actor=actors.agent, variables={"id": "999999"})["extensions"] == not_found("id")


def test_restoring_a_live_record_changes_nothing(lead, actors):
    assert data(RESTORE, actor=actors.agent, variables={"id": lead}) == {"restoreLead": True}

    assert Lead.objects.get().version == 1


def test_lead_of_a_deleted_stage_comes_back_in_the_default_pipeline(tenant, actors):
    pipeline = create_pipeline(
        {"name": "Second", "stages": [{"name": "One"}, {"name": "Two"}]}, actor=actors.manager
    )
    one, two = pipeline.stages.order_by("weight")
    by_stage, by_pipeline = (LeadFactory(company=tenant.company, stage=stage) for stage in (one, two))
    for lead in (by_stage, by_pipeline):
        data(DELETE, actor=actors.agent, variables={"id": lead.pk})
    delete_stage(one.pk, actor=actors.manager)
    data(RESTORE, actor=actors.agent, variables={"id": by_stage.pk})
    delete_pipeline(pipeline.pk, actor=actors.manager)
    data(RESTORE, actor=actors.agent, variables={"id": by_pipeline.pk})

    places = [
        data(READ, actor=actors.agent, variables={"id": lead.pk})["lead"] for lead in (by_stage, by_pipeline)
    ]

    default = {"stage": {"name": "New"}, "pipeline": {"name": "Default pipeline"}}
    assert [{name: place[name] for name in default} for place in places] == [default, default]
    assert Pipeline.objects.get(is_default=True).leads.count() == 2
