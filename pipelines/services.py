"""Pipelines and stages: create, change, delete, restore."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.models.lifecycle import LIVE
from crm.services import nesting, saving
from pipelines.models import Pipeline, Stage

PIPELINE_KEYS: tuple[Literal["pipelines_id", "pipeline_id"], ...] = ("pipelines_id", "pipeline_id")
TEXTS: tuple[Literal["name", "slug", "description"], ...] = ("name", "slug", "description")


class StageValues(TypedDict, total=False):
    """What a client may say of a stage; an absent key is left as it is."""

    id: object
    pipelines_id: object
    pipeline_id: object
    name: str | None
    description: str | None
    rotting_days: int | None
    weight: int | None


class PipelineValues(TypedDict, total=False):
    """What a client may say of a pipeline; an absent key is left as it is."""

    name: str | None
    slug: str | None
    description: str | None
    weight: int | None
    is_default: bool | None
    stages: list[StageValues] | None


def _assign_pipeline(pipeline: Pipeline, values: PipelineValues) -> None:
    for name in TEXTS:
        if name in values:
            value = values[name]
            setattr(pipeline, name, value if name == "description" else value or "")
    if values.get("weight") is not None:
        pipeline.weight = values["weight"] or 0
    if "is_default" in values:
        pipeline.is_default = bool(values["is_default"])


def create_pipeline(values: PipelineValues, *, actor: Actor) -> Pipeline:
    """Make a pipeline, with its stages in the order given; the first of a company is its default.

    :raises ValidationError: if a rule is broken; ``name`` is required.
    """
    pipeline = Pipeline(company_id=actor.company_id)
    _assign_pipeline(pipeline, values)
    return save_pipeline(pipeline, actor=actor, stages=values.get("stages") or [])


@transaction.atomic
def update_pipeline(key: object, values: PipelineValues, *, actor: Actor) -> Pipeline:
    """Change the fields that are given; stages with an id are changed, others added, none removed.

    :raises NotFound: if the pipeline or a stage does not exist for the actor.
    :raises ValidationError: if a rule is broken.
    """
    actor.require(Action.CHANGE_PIPELINES)
    saving.refuse_null(values, ["weight", "is_default"])
    pipeline = saving.lock(Pipeline.objects.all(), actor, key)
    before = saving.column_values(pipeline)
    _assign_pipeline(pipeline, values)
    return save_pipeline(pipeline, actor=actor, stages=values.get("stages") or [], before=before)


@transaction.atomic
def save_pipeline(
    pipeline: Pipeline,
    *,
    actor: Actor,
    stages: Sequence[StageValues] = (),
    before: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> Pipeline:
    """Validate and store a pipeline; a company always has exactly one default.

    :raises ValidationError: if a rule is broken, or the default pipeline is to be none.
    """
    actor.require(Action.CHANGE_PIPELINES)
    adding = pipeline._state.adding
    if not adding and before is None:
        before = saving.stored_values(pipeline, actor)
    others = Pipeline.objects.visible_to(actor).exclude(pk=pipeline.pk)
    if before and before["is_default"] and not pipeline.is_default:
        raise ValidationError({"is_default": ["Make another pipeline the default instead."]})
    pipeline.is_default = pipeline.is_default or not others.filter(is_default=True).exists()
    if pipeline.is_default and not (before and before["is_default"]):
        others.filter(is_default=True).update(is_default=False)
    if adding and not pipeline.weight:
        pipeline.weight = (others.aggregate(last=Max("weight"))["last"] or 0) + 1
    pipeline.clean()
    pipeline.slug = _free_slug(pipeline.slug, set(others.values_list("slug", flat=True)))
    saving.store(pipeline, actor=actor, before=before, expected_version=expected_version)
    for index, values in enumerate(stages):
        with nesting.within(f"stages.{index}"):
            _check_pipeline(values, pipeline, actor)
            if values.get("id") is not None:
                stage = saving.lock(pipeline.stages.all(), actor, values["id"])
                _write_stage(stage, values, actor, before=saving.column_values(stage))
            else:
                _write_stage(Stage(company_id=actor.company_id, pipeline=pipeline), values, actor)
    return pipeline


def _free_slug(slug: str, taken: set[str]) -> str:
    free, number = slug, 1
    while free in taken:
        number += 1
        free = f"{slug}-{number}"
    return free


@transaction.atomic
def delete_pipeline(key: object, *, actor: Actor) -> None:
    """Delete a pipeline softly; if it was the default, the next by weight becomes it.

    :raises Conflict: if live leads are in it, or it is the company's last.
    """
    actor.require(Action.CHANGE_PIPELINES)
    pipeline = saving.lock(Pipeline.objects.all(), actor, key)
    others = Pipeline.objects.visible_to(actor).exclude(pk=pipeline.pk)
    _refuse_with_leads(pipeline)
    successor = others.order_by("weight", "pk").first()
    if successor is None:
        raise Conflict("A company keeps at least one pipeline.")
    was_default, pipeline.is_default = pipeline.is_default, False
    saving.store(pipeline, actor=actor)
    saving.soft_delete(pipeline, actor=actor)
    if was_default:
        successor.is_default = True
        saving.store(successor, actor=actor)


def _refuse_with_leads(row: Any) -> None:
    count = row.leads.filter(LIVE).count()
    if count:
        raise Conflict(f"{count} leads are still in it: move them first.")


@transaction.atomic
def restore_pipeline(key: object, *, actor: Actor) -> None:
    """Bring a deleted pipeline back, not as the default; one that is not deleted is left as it is."""
    actor.require(Action.CHANGE_PIPELINES)
    pipeline = saving.lock_deleted(Pipeline.objects.all(), actor, key)
    if pipeline.deleted_at is not None:
        taken = set(Pipeline.objects.visible_to(actor).values_list("slug", flat=True))
        pipeline.slug = _free_slug(pipeline.slug, taken)
        saving.undelete(pipeline)


def _pipeline_key(values: StageValues) -> tuple[str, object]:
    keys = {name: str(values[name]) for name in PIPELINE_KEYS if not saving.is_none_given(values.get(name))}
    if len(set(keys.values())) > 1:
        raise ValidationError({"pipeline_id": ["pipelines_id and pipeline_id name different pipelines."]})
    return next(iter(keys.items()), ("pipelines_id", None))


def _check_pipeline(values: StageValues, pipeline: Pipeline, actor: Actor) -> None:
    argument, key = _pipeline_key(values)
    if key is not None and Pipeline.objects.find(actor, key, argument=argument) != pipeline:
        raise ValidationError({argument: ["A stage cannot change its pipeline."]})


@transaction.atomic
def create_stage(values: StageValues, *, actor: Actor) -> Stage:
    """Make a stage at the end of a pipeline, or at the weight that is given.

    :raises NotFound: if the pipeline does not exist for the actor.
    :raises ValidationError: if a rule is broken; pipeline and ``name`` are required.
    """
    actor.require(Action.CHANGE_PIPELINES)
    if values.get("id") is not None:
        raise ValidationError({"id": ["A new stage has no id yet."]})
    argument, key = _pipeline_key(values)
    if key is None:
        raise ValidationError({argument: ["Say in which pipeline the stage is."]})
    pipeline = saving.lock(Pipeline.objects.all(), actor, key, argument=argument)
    return _write_stage(Stage(company_id=actor.company_id, pipeline=pipeline), values, actor)


@transaction.atomic
def update_stage(key: object, values: StageValues, *, actor: Actor) -> Stage:
    """Change the fields that are given; a stage never changes its pipeline.

    :raises NotFound: if the stage does not exist for the actor.
    :raises ValidationError: if a rule is broken.
    """
    actor.require(Action.CHANGE_PIPELINES)
    stage = saving.lock(Stage.objects.all(), actor, key)
    saving.refuse_null(values, ["rotting_days", "weight"])
    _check_pipeline(values, stage.pipeline, actor)
    return _write_stage(stage, values, actor, before=saving.column_values(stage))


def _write_stage(
    stage: Stage, values: StageValues, actor: Actor, *, before: Mapping[str, Any] | None = None
) -> Stage:
    if "name" in values:
        stage.name = values["name"] or ""
    if "description" in values:
        stage.description = values["description"]
    if values.get("rotting_days") is not None:
        stage.rotting_days = values["rotting_days"] or 0
    if values.get("weight") is not None:
        stage.weight = values["weight"] or 0
    return save_stage(stage, actor=actor, before=before)


@transaction.atomic
def save_stage(
    stage: Stage,
    *,
    actor: Actor,
    before: Mapping[str, Any] | None = None,
    expected_version: int | None = None,
) -> Stage:
    """Validate and store a stage; without a weight it comes last.

    :raises ValidationError: if a rule is broken.
    """
    actor.require(Action.CHANGE_PIPELINES)
    if not stage.weight:
        siblings = Stage.objects.visible_to(actor).filter(pipeline=stage.pipeline).exclude(pk=stage.pk)
        stage.weight = (siblings.aggregate(last=Max("weight"))["last"] or 0) + 1
    saving.store(stage, actor=actor, before=before, expected_version=expected_version)
    return stage


@transaction.atomic
def delete_stage(key: object, *, actor: Actor) -> None:
    """Delete a stage softly.

    :raises Conflict: if live leads are in it, or it is the last live stage of its pipeline.
    """
    actor.require(Action.CHANGE_PIPELINES)
    stage = saving.lock(Stage.objects.all(), actor, key)
    _refuse_with_leads(stage)
    if not stage.pipeline.stages.filter(LIVE).exclude(pk=stage.pk).exists():
        raise Conflict("A pipeline keeps at least one stage.")
    saving.soft_delete(stage, actor=actor)


@transaction.atomic
def restore_stage(key: object, *, actor: Actor) -> None:
    """Bring a deleted stage back; one that is not deleted is left as it is.

    :raises Conflict: if its pipeline is deleted.
    """
    actor.require(Action.CHANGE_PIPELINES)
    stage = saving.lock_deleted(Stage.objects.all(), actor, key)
    if stage.pipeline.deleted_at is not None:
        raise Conflict("Restore the pipeline first.")
    if stage.deleted_at is not None:
        saving.undelete(stage)
