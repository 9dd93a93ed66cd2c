"""Stages: create, change, delete, restore."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from crm.actors import Action, Actor
from crm.errors import Conflict
from crm.models.lifecycle import LIVE
from crm.services import locking, saving
from crm.services.replacing import find_replacement, reorder
from pipelines.models import Pipeline, Stage
from pipelines.signals import stage_replaced

PIPELINE_KEYS: tuple[Literal["pipelines_id", "pipeline_id"], ...] = ("pipelines_id", "pipeline_id")


class StageValues(TypedDict, total=False):
    """What a client may say of a stage; an absent key is left as it is."""

    id: object
    pipelines_id: object
    pipeline_id: object
    name: str | None
    description: str | None
    rotting_days: int | None
    weight: int | None


def refuse_with_leads(row: Any) -> None:
    """Refuse to go on with a pipeline or stage that live leads are in.

    :raises Conflict: with their number.
    """
    count = row.leads.filter(LIVE).count()
    if count:
        raise Conflict(f"{count} leads are still in it: move them first.")


def _pipeline_key(values: StageValues) -> tuple[str, object]:
    keys = {name: str(values[name]) for name in PIPELINE_KEYS if not saving.is_none_given(values.get(name))}
    if len(set(keys.values())) > 1:
        raise ValidationError({"pipeline_id": ["pipelines_id and pipeline_id name different pipelines."]})
    return next(iter(keys.items()), ("pipelines_id", None))


def check_pipeline(values: StageValues, pipeline: Pipeline, actor: Actor) -> None:
    """Refuse stage input that names another pipeline than the one the stage is in.

    :raises NotFound: if the pipeline that is named does not exist for the actor.
    :raises ValidationError: if it is another one.
    """
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
    pipeline = locking.lock(Pipeline, actor, key, argument=argument)
    return write_stage(Stage(company_id=actor.company_id, pipeline=pipeline), values, actor)


@transaction.atomic
def update_stage(key: object, values: StageValues, *, actor: Actor) -> Stage:
    """Change the fields that are given; a stage never changes its pipeline.

    :raises NotFound: if the stage does not exist for the actor.
    :raises ValidationError: if a rule is broken.
    """
    actor.require(Action.CHANGE_PIPELINES)
    stage = locking.lock(Stage, actor, key)
    saving.refuse_null(values, ["rotting_days", "weight"])
    check_pipeline(values, stage.pipeline, actor)
    return write_stage(stage, values, actor, before=locking.column_values(stage))


def write_stage(
    stage: Stage, values: StageValues, actor: Actor, *, before: Mapping[str, Any] | None = None
) -> Stage:
    """Set the fields that are given on a stage, and store it.

    :param before: the columns as they are stored and locked, of a stage that is stored already.
    :raises ValidationError: if a rule is broken.
    """
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
def delete_stage(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Delete a stage softly.

    :param replacement_key: the stage that its leads move to, of whatever pipeline.
    :raises NotFound: if the stage, or the one in its place, does not exist for the actor.
    :raises Conflict: if live leads are in it and no stage takes its place, or it is the last live one.
    """
    actor.require(Action.CHANGE_PIPELINES)
    stage = locking.lock(Stage, actor, key)
    lock_pipeline(stage.pipeline_id)
    replacement = find_replacement(stage, replacement_key, actor=actor)
    if replacement is not None:
        stage_replaced.send(sender=Stage, stage=stage, replacement=replacement, actor=actor)
    refuse_with_leads(stage)
    if not stage.pipeline.stages.filter(LIVE).exclude(pk=stage.pk).exists():
        raise Conflict("A pipeline keeps at least one stage.")
    saving.soft_delete(stage, actor=actor)


def lock_pipeline(pipeline_id: int) -> None:
    """Have those who change the set of stages, or their order, wait for each other."""
    Pipeline.objects.select_for_update(no_key=True).get(pk=pipeline_id)


@transaction.atomic
def reorder_stages(pipeline_key: object, keys: Sequence[object], *, actor: Actor) -> Pipeline:
    """Put the stages of a pipeline in an order.

    :param keys: all its live stages, each once.
    :raises NotFound: if the pipeline, or a stage, does not exist for the actor.
    :raises ValidationError: if a stage is missing, named twice, or of another pipeline.
    """
    actor.require(Action.CHANGE_PIPELINES)
    pipeline = locking.lock(Pipeline, actor, pipeline_key)
    stages = Stage.objects.visible_to(actor).filter(pipeline=pipeline)
    reorder(stages, keys, actor=actor, argument="stages_id")
    return pipeline


@transaction.atomic
def restore_stage(key: object, *, actor: Actor) -> None:
    """Bring a deleted stage back; one that is not deleted is left as it is.

    :raises Conflict: if its pipeline is deleted.
    """
    actor.require(Action.CHANGE_PIPELINES)
    stage = locking.lock_deleted(Stage.objects.all(), actor, key)
    if stage.pipeline.deleted_at is not None:
        raise Conflict("Restore the pipeline first.")
    if stage.deleted_at is not None:
        saving.undelete(stage, actor=actor)
