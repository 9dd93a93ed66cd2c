"""Reorder pipelines and stages, and delete them with a replacement."""

from typing import Any

import pytest

from crm.models import SocialChannel
from leads.models import Lead
from leads.services.leads import create_lead
from pipelines.models import Pipeline, Stage
from pipelines.services.pipelines import create_pipeline, update_pipeline
from tests.clients import data, refusal
from tests.stored import read_all

pytestmark = pytest.mark.django_db

REORDER = """mutation ($id: ID!, $stages: [ID!]!) { reorderPipelineStages(id: $id, stages_id: $stages) {
  id stages { id weight } } }"""
REORDER_PIPELINES = "mutation ($ids: [ID!]!) { reorderPipelines(ids: $ids) { id weight } }"
DELETE_STAGE = "mutation ($id: ID!, $other: ID) { deletePipelineStage(id: $id, replacement_id: $other) }"
DELETE = "mutation ($id: ID!, $other: ID) { deletePipeline(id: $id, replacement_id: $other) }"


@pytest.fixture
def pipeline(actors) -> Pipeline:
    stages: Any = [{"name": name} for name in ("First", "Second", "Third")]
    return create_pipeline({"name": "Sales", "stages": stages}, actor=actors.manager)


def stages_of(pipeline: Pipeline) -> list[Stage]:
    return list(Stage.objects.filter(pipeline=pipeline, deleted_at=None).order_by("weight", "pk"))


def refused(document: str, actor: Any, **variables: Any) -> dict[str, Any]:
    before = read_all()
    extensions: dict[str, Any] = refusal(document, actor=actor, variables=variables)["extensions"]
    assert read_all() == before
    return extensions


def test_stages_are_reordered_by_one_call(actors, other_actors, pipeline):
    keys = [str(stage.pk) for stage in reversed(stages_of(pipeline))]
    keys[0] = str(Stage.objects.get(pk=keys[0]).uuid)

    answer = data(REORDER, actor=actors.manager, variables={"id": str(pipeline.pk), "stages": keys})

    stages = answer["reorderPipelineStages"]["stages"]
    assert [stage["weight"] for stage in stages] == [1, 2, 3]
    assert [stage.name for stage in stages_of(pipeline)] == ["Third", "Second", "First"]
    identifier = str(pipeline.pk)
    elsewhere = str(Stage.objects.exclude(pipeline=pipeline).order_by("pk")[0].pk)
    for wrong in (keys[1:], [*keys, keys[0]], [*keys[1:], elsewhere], []):
        error = refused(REORDER, actors.manager, id=identifier, stages=wrong)
        assert (error["code"], list(error["validation"])) == ("VALIDATION", ["stages_id"])
    unknown = refused(REORDER, actors.manager, id=identifier, stages=[keys[0], "999999"])
    assert unknown == {"code": "NOT_FOUND", "argument": "stages_id.1"}
    foreign = refused(REORDER, other_actors.admin, id=identifier, stages=keys)
    assert foreign == {"code": "NOT_FOUND", "argument": "id"}
    assert refused(REORDER, actors.agent, id=identifier, stages=keys) == {"code": "FORBIDDEN"}


def test_pipelines_are_reordered_by_one_call(actors, pipeline):
    default = Pipeline.objects.default_of(pipeline.company_id).get()
    keys = [str(pipeline.pk), str(default.pk)]

    rows = data(REORDER_PIPELINES, actor=actors.manager, variables={"ids": keys})["reorderPipelines"]

    assert rows == [{"id": keys[0], "weight": 1}, {"id": keys[1], "weight": 2}]
    assert list(refused(REORDER_PIPELINES, actors.manager, ids=keys[:1])["validation"]) == ["ids"]
    assert refused(REORDER_PIPELINES, actors.agent, ids=keys) == {"code": "FORBIDDEN"}


def test_leads_of_a_deleted_stage_move_to_the_replacement(actors, other_actors, pipeline):
    first, second, _third = stages_of(pipeline)
    lead = create_lead({"title": "Deal", "pipeline_stage_id": first.pk}, actor=actors.agent)
    identifier = str(first.pk)
    foreign = str(Stage.objects.filter(company=other_actors.admin.company_id).order_by("pk")[0].pk)

    assert refused(DELETE_STAGE, actors.manager, id=identifier)["code"] == "CONFLICT"
    itself = refused(DELETE_STAGE, actors.manager, id=identifier, other=identifier)
    assert list(itself["validation"]) == ["replacement_id"]
    unknown = refused(DELETE_STAGE, actors.manager, id=identifier, other=foreign)
    assert unknown == {"code": "NOT_FOUND", "argument": "replacement_id"}
    assert data(DELETE_STAGE, actor=actors.manager, variables={"id": identifier, "other": str(second.pk)})

    lead.refresh_from_db()
    assert (lead.stage, lead.version) == (second, 2)
    channel = SocialChannel.objects.get(slug=str(lead.uuid))
    assert channel.messages.get(is_system=True).message["text"] == "Stage: First -> Second"
    assert [stage.name for stage in stages_of(pipeline)] == ["Second", "Third"]


def test_leads_of_a_deleted_pipeline_enter_the_replacement(actors, pipeline):
    leads = [
        create_lead({"title": "Deal", "pipeline_stage_id": stage.pk}, actor=actors.agent)
        for stage in stages_of(pipeline)
    ]
    default = Pipeline.objects.default_of(pipeline.company_id).get()
    empty = create_pipeline({"name": "Empty"}, actor=actors.manager)
    identifier = str(pipeline.pk)

    assert refused(DELETE, actors.manager, id=identifier)["code"] == "CONFLICT"
    error = refused(DELETE, actors.manager, id=identifier, other=str(empty.pk))
    assert list(error["validation"]) == ["replacement_id"]
    assert data(DELETE, actor=actors.manager, variables={"id": identifier, "other": str(default.pk)})

    entry = Stage.objects.entry_of(default.pk)
    assert entry is not None
    assert set(Lead.objects.filter(pk__in=[lead.pk for lead in leads]).values_list("stage", "pipeline")) == {
        (entry.pk, default.pk)
    }


def test_a_pipeline_whose_stages_change_is_another_version(actors, pipeline):
    stage = stages_of(pipeline)[0]
    changes: Any = [{"stages": [{"id": stage.pk, "name": "Start"}]}, {"stages": [{"name": "Fourth"}]}]

    versions = [update_pipeline(pipeline.pk, values, actor=actors.manager).version for values in changes]
    same: Any = {"stages": [{"id": stage.pk, "name": "Start"}]}
    versions.append(update_pipeline(pipeline.pk, same, actor=actors.manager).version)

    assert versions == [2, 3, 3]
