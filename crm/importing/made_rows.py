"""Removes what an import made beside its own records: organizations and tags that nothing else uses."""

from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import models, transaction

from crm.actors import Actor
from crm.errors import NotFound
from crm.events import outbox
from crm.importing import job_records, undo_records
from crm.models.activities import Activity
from crm.models.history import HistoryEntry
from crm.models.imports import ImportJob, ImportRow
from crm.models.records import Record, link_columns, record_models
from crm.models.tags import Tag
from crm.records.registry import import_kind, record_kind
from crm.services.imported import remove_note
from crm.services.locking import holding_company
from crm.services.tags import delete_tag

BATCH = 100
NOTES = Activity._meta.label


def remove_notes(row: ImportRow, *, actor: Actor) -> None:
    """Delete the note that a row wrote about a known record. Those of new records go with the records."""
    for key in row.made.get(NOTES, ()):
        remove_note(key, actor=actor)


def remove_made_rows(job: ImportJob, *, actor: Actor) -> None:
    """Delete the other rows that the rows of a job made, where nobody has changed or used them since.

    It may be run again at any time: what is deleted, or is still in use, stays as it is.
    """
    # Links first: what they tie is in use as long as they are there.
    for are_links in (True, False):
        last = 0
        rows = ImportRow.objects.filter(job=job).exclude(made={}).exclude(undo="").order_by("pk")
        while batch := list(rows.filter(pk__gt=last)[:BATCH]):
            last = batch[-1].pk
            made = [
                (model, keys)
                for row in batch
                for label, keys in row.made.items()
                if label != NOTES and bool((model := apps.get_model(label))._meta.auto_created) == are_links
            ]
            with transaction.atomic():
                job_records.hold(job)
                with holding_company(job.company_id), outbox.holding_back() as kinds:
                    for model, keys in made:
                        if are_links:
                            _unlink(keys, job, actor)
                        else:
                            _remove(model, keys, job, actor)
                undo_records.note_undone(job, (), silent_kinds=kinds)


def _unlink(keys: list[dict[str, int]], job: ImportJob, actor: Actor) -> None:
    importer = import_kind(job.model).row_import(actor)
    for link in keys:
        importer.unlink(link)


def _remove(model: Any, keys: list[int], job: ImportJob, actor: Actor) -> None:
    is_needed: Callable[[Any], bool] = _is_tag_needed
    if issubclass(model, Record):
        importer = record_kind(model.entity_kind).row_import(actor)

        def delete(row: Any) -> None:
            importer.remove(row.pk, expected_version=None)

        def is_needed(row: Any) -> bool:
            return _is_record_needed(row, job, actor)
    else:

        def delete(row: Any) -> None:
            delete_tag(row.pk, actor=actor)

    for row in model.objects.visible_to(actor).filter(pk__in=keys).order_by("pk"):
        if not is_needed(row):
            try:
                delete(row)
            except NotFound:
                continue


def _is_tag_needed(tag: Tag) -> bool:
    return any(
        model._base_manager.filter(tags=tag, deleted_at__isnull=True).exists() for model in record_models()
    )


def _is_record_needed(record: Record, job: ImportJob, actor: Actor) -> bool:
    """Return whether somebody else has changed a record, or something live refers to it."""
    others = HistoryEntry.objects.filter(**link_columns(record)).exclude(via=f"import {job.uuid}")
    if others.exclude(via=actor.via).exists() or record.activities.exists() or record.file_links.exists():
        return True
    return any(_live_rows(relation, record).exists() for relation in relations_to(type(record)))


def relations_to(model: type[Record]) -> list[Any]:
    """Return the relations by which other records refer to those of a model."""
    relations: Any = model._meta.related_objects
    return [each for each in relations if issubclass(each.related_model, Record)]


def _live_rows(relation: Any, record: Record) -> models.QuerySet[Any]:
    rows: models.QuerySet[Any] = relation.related_model._base_manager.filter(deleted_at__isnull=True)
    return rows.filter(**{relation.field.name: record})
