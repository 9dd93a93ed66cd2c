"""Pipelines: create, change, delete, restore."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, TypedDict

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from crm.actors import Action, Actor
from crm.errors import Conflict, ConflictReason
from crm.services import locking, nesting, saving
from crm.services.locking import lock_company
from crm.services.replacing import find_replacement, reorder
from crm.services.slugs import free_slug
from pipelines.models import LONGEST_SLUG, Pipeline, Stage
from pipelines.services.stages import StageValues, check_pipeline, refuse_with_leads, write_stage
from pipelines.signals import stage_replaced

TEXTS: tuple[Literal["name", "slug", "description"], ...] = ("name", "slug", "description")


class PipelineValues(TypedDict, total=False):
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
    """Make a pipeline, with its stages in the order given; the first of a company is its default."""
    pipeline = Pipeline(company_id=actor.company_id)
    _assign_pipeline(pipeline, values)
    return save_pipeline(pipeline, actor=actor, stages=values.get("stages") or [])


@saving.retried
@transaction.atomic
def update_pipeline(key: object, values: PipelineValues, *, actor: Actor) -> Pipeline:
    """Change the fields that are given; stages with an id are changed, others added, none removed."""
    actor.require(Action.CHANGE_PIPELINES)
    saving.refuse_null(values, ["weight", "is_default"])
    if values.get("is_default"):
        # Before the row: a new lead may hold the company and wait for the row.
        lock_company(actor.company_id)
    pipeline = locking.lock(Pipeline, actor, key)
    before = locking.column_values(pipeline)
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
    """Validate and store a pipeline; a company always has exactly one default."""
    actor.require(Action.CHANGE_PIPELINES)
    adding = pipeline._state.adding
    if adding or (before is None and pipeline.is_default):
        # Slugs and the default are chosen one after the other.
        lock_company(actor.company_id)
    if not adding and before is None:
        before = locking.stored_values(pipeline, actor)
    others = Pipeline.objects.visible_to(actor).exclude(pk=pipeline.pk)
    if before and before["is_default"] and not pipeline.is_default:
        raise ValidationError({"is_default": ["Make another pipeline the default instead."]})
    pipeline.is_default = pipeline.is_default or not others.filter(is_default=True).exists()
    if pipeline.is_default and not (before and before["is_default"]):
        lock_company(actor.company_id)
        for other in others.filter(is_default=True).select_for_update(of=("self",)):
            stored = locking.column_values(other)
            other.is_default = False
            saving.store(other, actor=actor, before=stored)
    if adding and not pipeline.weight:
        pipeline.weight = (others.aggregate(last=Max("weight"))["last"] or 0) + 1
    pipeline.clean()
    taken = set(others.values_list("slug", flat=True))
    pipeline.slug = free_slug(pipeline.slug, taken, longest=LONGEST_SLUG)
    if adding:
        saving.store(pipeline, actor=actor)
    written = [name for name in _write_stages(pipeline, stages, actor) if name is not None]
    if not adding:
        # A pipeline whose stages change is another version of it.
        relations = {"stages": [None, written]} if written else None
        saving.store(
            pipeline, actor=actor, before=before, expected_version=expected_version, relations=relations
        )
    return pipeline


def _write_stages(pipeline: Pipeline, stages: Sequence[StageValues], actor: Actor) -> Iterator[str | None]:
    """Store the stages that are given; give the name of each that is new or another one than before."""
    for index, values in enumerate(stages):
        with nesting.within(f"stages.{index}"):
            check_pipeline(values, pipeline, actor)
            if values.get("id") is not None:
                stage = locking.lock_among(pipeline.stages.all(), actor, values["id"])
                before = locking.column_values(stage)
                write_stage(stage, values, actor, before=before)
                yield None if stage.version == before["version"] else stage.name
            else:
                yield write_stage(Stage(company_id=actor.company_id, pipeline=pipeline), values, actor).name


@transaction.atomic
def delete_pipeline(key: object, *, actor: Actor, replacement_key: object = None) -> None:
    """Delete a pipeline softly, but not the last; if it was the default, the next by weight becomes it.

    :param replacement_key: the pipeline whose first stage its leads move to.
    """
    actor.require(Action.CHANGE_PIPELINES)
    pipeline = locking.lock(Pipeline, actor, key)
    replacement = find_replacement(pipeline, replacement_key, actor=actor)
    if replacement is not None:
        _move_leads(pipeline, replacement, actor)
    others = Pipeline.objects.visible_to(actor).exclude(pk=pipeline.pk)
    refuse_with_leads(pipeline)
    successor = others.order_by("weight", "pk").first()
    if successor is None:
        raise Conflict(ConflictReason.IN_USE, "A company keeps at least one pipeline.")
    was_default, pipeline.is_default = pipeline.is_default, False
    saving.store(pipeline, actor=actor)
    saving.soft_delete(pipeline, actor=actor)
    if was_default:
        successor.is_default = True
        saving.store(successor, actor=actor)


def _move_leads(pipeline: Pipeline, replacement: Pipeline, actor: Actor) -> None:
    entry = Stage.objects.entry_of(replacement.pk)
    if entry is None:
        raise ValidationError({"replacement_id": ["This pipeline has no stages."]})
    for stage in Stage.objects.filter(pipeline=pipeline).order_by("pk"):
        stage_replaced.send(sender=Stage, stage=stage, replacement=entry, actor=actor)


@transaction.atomic
def reorder_pipelines(keys: Sequence[object], *, actor: Actor) -> list[Pipeline]:
    actor.require(Action.CHANGE_PIPELINES)
    lock_company(actor.company_id)
    return reorder(Pipeline.objects.visible_to(actor), keys, actor=actor, argument="ids")


@transaction.atomic
def restore_pipeline(key: object, *, actor: Actor) -> None:
    """Restore a deleted pipeline, never as the default; do nothing if it is live."""
    actor.require(Action.CHANGE_PIPELINES)
    pipeline = locking.lock_deleted(Pipeline.objects.all(), actor, key)
    if pipeline.deleted_at is not None:
        taken = set(Pipeline.objects.visible_to(actor).values_list("slug", flat=True))
        pipeline.slug = free_slug(pipeline.slug, taken, longest=LONGEST_SLUG)
        saving.undelete(pipeline, actor=actor)
