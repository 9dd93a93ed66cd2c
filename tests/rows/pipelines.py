"""Rows of pipelines."""

from django.db.models import Model

from pipelines.models import Pipeline, Stage
from tests.factories import pipelines
from tests.rows.sets import Recipe, named, named_once

RECIPES: dict[type[Model], Recipe] = {
    Pipeline: Recipe("pipeline", named_once, pipelines.PipelineFactory),
    Stage: Recipe("stage", lambda rows: {**named(rows), "pipeline": rows[Pipeline]}, pipelines.StageFactory),
}
