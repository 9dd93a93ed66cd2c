"""Mutations of pipelines and stages, and the rules they keep."""

import pytest
from django.db import IntegrityError, transaction

from pipelines.models import Pipeline, Stage
from tests.clients import data, refusal
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db


def create(actors, **values):
    document = """mutation ($input: PipelineInput!) {
      createPipeline(input: $input) { id slug weight is_default stages { id name weight rotting_days } }
    }"""
    return data(document, actor=actors.manager, variables={"input": values})["createPipeline"]


def defaults(company):
    return list(
        Pipeline.objects.filter(company=company, deleted_at=None, is_default=True).values_list(
            "name", flat=True
        )
    )


def test_slugs_are_made_unique(actors):
    slugs = [create(actors, name="Big Deals")["slug"] for _ in range(3)]

    assert slugs == ["big-deals", "big-deals-2", "big-deals-3"]


def test_stages_come_in_the_order_given(actors):
    created = create(actors, name="Sales", stages=[{"name": "B", "rotting_days": 3}, {"name": "A"}])

    assert [(row["name"], row["weight"], row["rotting_days"]) for row in created["stages"]] == [
        ("B", 1, 3),
        ("A", 2, 0),
    ]


def test_exactly_one_pipeline_is_the_default(actors, company):
    created = create(actors, name="New default", is_default=True)
    assert defaults(company) == ["New default"]

    error = refusal(
        f"mutation {{ updatePipeline(id: {created['id']}, input: {{is_default: false}}) {{ id }} }}",
        actor=actors.manager,
    )

    assert list(error["extensions"]["validation"]) == ["input.is_default"]
    assert defaults(company) == ["New default"]


def test_the_next_pipeline_follows_a_deleted_default(actors, company):
    create(actors, name="Second")
    first = Pipeline.objects.get(company=company, is_default=True)

    data(f"mutation {{ deletePipeline(id: {first.pk}) }}", actor=actors.manager)
    assert defaults(company) == ["Second"]
    data(f"mutation {{ restorePipeline(id: {first.pk}) }}", actor=actors.manager)

    assert defaults(company) == ["Second"]
    assert data("{ pipelines { data { name } } }", actor=actors.viewer)["pipelines"]["data"] == [
        {"name": first.name},
        {"name": "Second"},
    ]


def test_the_last_row_and_rows_with_leads_are_kept(actors, company):
    lead = LeadFactory(company=company)
    documents = [
        f"mutation {{ deletePipeline(id: {lead.pipeline_id}) }}",
        f"mutation {{ deletePipelineStage(id: {lead.stage_id}) }}",
    ]
    assert [refusal(d, actor=actors.manager)["extensions"] for d in documents] == [
        {"code": "CONFLICT", "reason": "IN_USE"}
    ] * 2

    lead.delete()
    assert refusal(documents[0], actor=actors.manager)["extensions"] == {
        "code": "CONFLICT",
        "reason": "IN_USE",
    }
    stages = list(Stage.objects.filter(company=company, deleted_at=None).values_list("pk", flat=True))
    for key in stages[:-1]:
        data(f"mutation {{ deletePipelineStage(id: {key}) }}", actor=actors.manager)
    last = refusal(f"mutation {{ deletePipelineStage(id: {stages[-1]}) }}", actor=actors.manager)

    assert last["extensions"] == {"code": "CONFLICT", "reason": "IN_USE"}
    assert data("{ pipelines { data { stage_count } } }", actor=actors.viewer)["pipelines"]["data"] == [
        {"stage_count": 1}
    ]


def test_a_stage_is_restored_only_into_a_live_pipeline(actors):
    created = create(actors, name="Sales", stages=[{"name": "A"}, {"name": "B"}])
    stage = created["stages"][0]["id"]
    restore = f"mutation {{ restorePipelineStage(id: {stage}) }}"
    data(f"mutation {{ deletePipelineStage(id: {stage}) }}", actor=actors.manager)
    data(f"mutation {{ deletePipeline(id: {created['id']}) }}", actor=actors.manager)

    assert refusal(restore, actor=actors.manager)["extensions"] == {"code": "CONFLICT", "reason": "VERSION"}
    data(f"mutation {{ restorePipeline(id: {created['id']}) }}", actor=actors.manager)

    assert data(restore, actor=actors.manager) == {"restorePipelineStage": True}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"name": "A"}, "input.pipelines_id"),
        ({"name": "", "pipeline_id": "OWN"}, "input.name"),
        ({"name": "A", "pipeline_id": "OWN", "rotting_days": 3651}, "input.rotting_days"),
        ({"name": "A", "pipeline_id": "OWN", "rotting_days": -1}, "input.rotting_days"),
        ({"name": "A", "pipeline_id": "OWN", "weight": 100_001}, "input.weight"),
        ({"name": "A", "pipeline_id": "OWN", "pipelines_id": "4711"}, "input.pipeline_id"),
    ],
)
def test_a_stage_that_breaks_a_rule_is_refused(actors, company, values, path):
    own = str(Pipeline.objects.get(company=company).pk)
    values = {name: own if value == "OWN" else value for name, value in values.items()}
    before = Stage.objects.count()
    document = "mutation ($input: PipelineStageInput!) { createPipelineStage(input: $input) { id } }"

    error = refusal(document, actor=actors.manager, variables={"input": values})

    assert list(error["extensions"]["validation"]) == [path]
    assert Stage.objects.count() == before


def test_a_stage_cannot_change_its_pipeline(actors):
    first, second = (create(actors, name=name, stages=[{"name": "A"}]) for name in ("One", "Two"))
    stage = first["stages"][0]["id"]

    error = refusal(
        f"mutation {{ updatePipelineStage(id: {stage}, input: {{pipeline_id: {second['id']}}}) {{ id }} }}",
        actor=actors.manager,
    )

    assert list(error["extensions"]["validation"]) == ["input.pipeline_id"]


def test_an_agent_may_not_change_pipelines(actors):
    error = refusal('mutation { createPipeline(input: {name: "Mine"}) { id } }', actor=actors.agent)

    assert error["extensions"]["code"] == "FORBIDDEN"
    assert not Pipeline.objects.filter(name="Mine").exists()


STAGE = """mutation ($id: ID!, $input: PipelineStageInput!) {
  updatePipelineStage(id: $id, input: $input) { probability } }"""


def test_stages_have_a_probability(actors):
    stages = [{"name": "A", "probability": 0}, {"name": "B", "probability": 60}, {"name": "C"}]

    pipeline = create(actors, name="Sales", stages=stages)

    rows = Stage.objects.filter(pipeline=pipeline["id"]).order_by("weight")
    assert [row.probability for row in rows] == [0, 60, 100]
    variables = {"id": rows[1].pk, "input": {"probability": 0}}
    answer = data(STAGE, actor=actors.manager, variables=variables)
    assert answer["updatePipelineStage"] == {"probability": 0}
    assert data(STAGE, actor=actors.manager, variables={"id": rows[1].pk, "input": {"name": "D"}})[
        "updatePipelineStage"
    ] == {"probability": 0}


@pytest.mark.parametrize(
    ("probability", "message"),
    [
        (101, "Ensure this value is less than or equal to 100."),
        (-1, "Ensure this value is greater than or equal to 0."),
        (None, "This field cannot be null."),
    ],
)
def test_probability_of_a_stage_is_in_percent(actors, company, probability, message):
    stage = Stage.objects.filter(company=company)[0]

    error = refusal(
        STAGE,
        actor=actors.manager,
        variables={"id": stage.pk, "input": {"probability": probability}},
    )

    assert error["extensions"]["validation"] == {"input.probability": [message]}
    stage.refresh_from_db()
    assert stage.probability == 100


def test_the_database_holds_the_percentage_of_a_stage(company):
    with pytest.raises(IntegrityError, match="stage_probability_in_percent"), transaction.atomic():
        Stage.objects.filter(company=company).update(probability=101)
