"""Create, change, delete, restore and reorder stages."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction
from django.db.models import Count, Max

from crm.actors import Action, Actor
from crm.caps import STAGES
from crm.errors import Conflict, ConflictReason
from crm.models.lifecycle import LIVE
from crm.services import locking, nesting, saving
from crm.services.replacing import find_replacement, reorder
from pipelines.models import Pipeline, Stage
from pipelines.signals import stage_replaced

PIPELINE_KEYS: tuple[Literal["pipelines_id", "pipeline_id"], ...] = ("pipelines_id", "pipeline_id")


class StageValues(TypedDict, total=False):
    id: object
    pipelines_id: object
    pipeline_id: object
    name: str | None
    description: str | None
    rotting_days: int | None
    probability: int | None
    weight: int | None


def refuse_with_leads(row: Any) -> None:
    """Refuse to delete a pipeline or stage that has live leads."""
    count = row.leads.filter(LIVE).count()
    if count:
        raise Conflict(ConflictReason.IN_USE, f"{count} leads are still in it: move them first.")


def _pipeline_key(values: StageValues) -> tuple[str, object]:
    keys = {name: str(values[name]) for name in PIPELINE_KEYS if not saving.is_none_given(values.get(name))}
    if len(set(keys.values())) > 1:
        raise ValidationError({"pipeline_id": ["pipelines_id and pipeline_id name different pipelines."]})
    return next(iter(keys.items()), ("pipelines_id", None))


def check_pipeline(values: StageValues, pipeline: Pipeline, actor: Actor) -> None:
    """Refuse input that moves a stage to another pipeline."""
    argument, key = _pipeline_key(values)
    if key is not None and Pipeline.objects.find(actor, key, argument=argument) != pipeline:
        raise ValidationError({argument: ["A stage cannot change its pipeline."]})


@transaction.atomic
def create_stage(values: StageValues, *, actor: Actor) -> Stage:
    """Create a stage at the end of a pipeline, or at the given weight."""
    actor.require(Action.CHANGE_PIPELINES)
    if values.get("id") is not None:
        raise ValidationError({"id": ["A new stage has no id yet."]})
    argument, key = _pipeline_key(values)
    if key is None:
        raise ValidationError({argument: ["Choose a pipeline."]})
    pipeline = locking.lock(Pipeline, actor, key, argument=argument)
    stage = Stage(company_id=actor.company_id, pipeline=pipeline)
    with nesting.renamed({NON_FIELD_ERRORS: argument}):
        return write_stage(stage, values, actor)


@transaction.atomic
def update_stage(key: object, values: StageValues, *, actor: Actor) -> Stage:
    """Change the given fields of a stage; it never changes its pipeline."""
    actor.require(Action.CHANGE_PIPELINES)
    stage = locking.lock(Stage, actor, key)
    saving.refuse_null(values, ["rotting_days", "probability", "weight"])
    check_pipeline(values, stage.pipeline, actor)
    return write_stage(stage, values, actor, before=locking.column_values(stage))


def write_stage(
    stage: Stage, values: StageValues, actor: Actor, *, before: Mapping[str, Any] | None = None
) -> Stage:
    if "name" in values:
        stage.name = values["name"] or ""
    if "description" in values:
        stage.description = values["description"]
    if values.get("rotting_days") is not None:
        stage.rotting_days = values["rotting_days"] or 0
    if values.get("probability") is not None:
        stage.probability = values["probability"] or 0
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
    """Validate and store a stage; without a weight it comes last."""
    actor.require(Action.CHANGE_PIPELINES)
    if stage._state.adding or not stage.weight:
        siblings = Stage.objects.visible_to(actor).filter(pipeline=stage.pipeline).exclude(pk=stage.pk)
        found = siblings.aggregate(number=Count("pk"), last=Max("weight"))
        if stage._state.adding:
            STAGES.check(before=found["number"], after=found["number"] + 1, field=NON_FIELD_ERRORS)
        stage.weight = stage.weight or (found["last"] or 0) + 1
    saving.store(stage, actor=actor, before=before, expected_version=expected_version)
    return stage


@transaction.atomic
def delete_stage(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Delete a stage softly, but not the last of its pipeline.

    :param replacement_key: the stage that its leads move to, in any pipeline.
    """
    actor.require(Action.CHANGE_PIPELINES)
    stage = locking.lock(Stage, actor, key)
    lock_pipeline(stage.pipeline_id)
    replacement = find_replacement(stage, replacement_key, actor=actor)
    if replacement is not None:
        stage_replaced.send(sender=Stage, stage=stage, replacement=replacement, actor=actor)
    refuse_with_leads(stage)
    if not stage.pipeline.stages.filter(LIVE).exclude(pk=stage.pk).exists():
        raise Conflict(ConflictReason.IN_USE, "A pipeline keeps at least one stage.")
    saving.soft_delete(stage, actor=actor)


def lock_pipeline(pipeline_id: int) -> None:
    # Changes to the set or order of stages wait for each other. New leads, which only refer to the pipeline,
    # do not wait.
    Pipeline.objects.select_for_update(no_key=True).get(pk=pipeline_id)


@transaction.atomic
def reorder_stages(pipeline_key: object, keys: Sequence[object], *, actor: Actor) -> Pipeline:
    actor.require(Action.CHANGE_PIPELINES)
    pipeline = locking.lock(Pipeline, actor, pipeline_key)
    stages = Stage.objects.visible_to(actor).filter(pipeline=pipeline)
    reorder(stages, keys, actor=actor, argument="stages_id")
    return pipeline


@transaction.atomic
def restore_stage(key: object, *, actor: Actor) -> None:
    """Restore a deleted stage of a live pipeline; do nothing if it is live."""
    actor.require(Action.CHANGE_PIPELINES)
    stage = locking.lock_deleted(Stage.objects.all(), actor, key)
    if stage.pipeline.deleted_at is not None:
        raise Conflict(ConflictReason.VERSION, "Restore the pipeline first.")
    if stage.deleted_at is not None:
        lock_pipeline(stage.pipeline_id)
        number = Stage.objects.visible_to(actor).filter(pipeline=stage.pipeline_id).count()
        STAGES.check(before=number, after=number + 1, field="id")
        saving.undelete(stage, actor=actor)
