"""Name what undoing an import removes, or removed, beside its own records, such as organizations."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib.contenttypes.models import ContentType

from crm.actors import Actor
from crm.importing.made_rows import NOTES, relations_to
from crm.models.activities import Activity
from crm.models.history import HistoryEntry
from crm.models.imports import ImportJob, ImportRow
from crm.models.records import Record, record_models
from crm.records.registry import import_kind

#: Rows of a long import that are looked through.
MOST_ROWS = 5_000
MOST_NAMED = 20


@dataclass(frozen=True, kw_only=True)
class MadeBeside:
    """Rows of one model: the first of them, and the number of all."""

    model: Any
    rows: list[Any]
    number: int

    @property
    def plural(self) -> str:
        return str(self.model._meta.verbose_name_plural)

    @property
    def left_out(self) -> int:
        return self.number - len(self.rows)


def to_be_removed(job: ImportJob, rows: Collection[ImportRow], *, actor: Actor) -> list[MadeBeside]:
    """Return what would be removed with some rows, as ``remove_made_rows`` decides once they are undone.

    As many statements for some rows as for one.
    """
    made, links = _made_by(rows), _links_of(rows)
    removed = {
        model: set(model.objects.visible_to(actor).filter(pk__in=keys).values_list("pk", flat=True))
        for model, keys in made.items()
    }
    leaving = {import_kind(job.model).model: {row.object_id for row in rows}}
    # What is needed keeps what it refers to itself, such as a person an organization.
    for _ in removed:
        for model, keys in removed.items():
            going = {each: leaving.get(each, set()) | removed.get(each, set()) for each in record_models()}
            keys -= _needed(model, keys, going, links, job)
    return [
        _named(model, model.objects.visible_to(actor).filter(pk__in=keys))
        for model, keys in removed.items()
        if keys
    ]


def removed_with(job: ImportJob, *, actor: Actor) -> list[MadeBeside]:
    """Return the records that undoing a job has removed beside its own; tags are gone with their names."""
    rows = ImportRow.objects.filter(job=job).exclude(made={}).exclude(undo="").order_by("pk")[:MOST_ROWS]
    removed = [
        model.objects.with_deleted_for(actor).filter(pk__in=keys, deleted_at__isnull=False)
        for model, keys in _made_by(rows).items()
        if issubclass(model, Record)
    ]
    return [named for found in removed if (named := _named(found.model, found)).number]


def _made_by(rows: Iterable[ImportRow]) -> dict[Any, set[int]]:
    made: dict[Any, set[int]] = defaultdict(set)
    for row in rows:
        for label, keys in row.made.items():
            model: Any = apps.get_model(label)
            # Notes go with their records, and links are no rows that have a name.
            if label != NOTES and not model._meta.auto_created:
                made[model].update(keys)
    return made


def _links_of(rows: Iterable[ImportRow]) -> list[Mapping[str, int]]:
    """Return the links that rows made between others: the keys of both by the names of their models."""
    return [
        link
        for row in rows
        for label, keys in row.made.items()
        if apps.get_model(label)._meta.auto_created
        for link in keys
    ]


def _named(model: Any, rows: Any) -> MadeBeside:
    found = list(rows.order_by("pk")[: MOST_NAMED + 1])
    number = len(found) if len(found) <= MOST_NAMED else rows.count()
    return MadeBeside(model=model, rows=found[:MOST_NAMED], number=number)


def _needed(
    model: Any,
    keys: set[int],
    going: Mapping[Any, set[Any]],
    links: Sequence[Mapping[str, int]],
    job: ImportJob,
) -> set[int]:
    """Return the keys of rows that others changed, or to which something live refers that stays."""
    if not issubclass(model, Record):
        tagged = (
            each._base_manager.filter(tags__in=keys, deleted_at__isnull=True)
            .exclude(pk__in=going[each])
            .values_list("tags", flat=True)
            for each in record_models()
        )
        return {key for found in tagged for key in found}
    linked = {"content_type": ContentType.objects.get_for_model(model), "object_id__in": keys}
    others = HistoryEntry.objects.filter(**linked).exclude(via=f"import {job.uuid}")
    needed = {
        *others.values_list("object_id", flat=True),
        *Activity.objects.filter(**linked).values_list("object_id", flat=True),
        *model._base_manager.filter(pk__in=keys, file_links__isnull=False).values_list("pk", flat=True),
    }
    for relation in relations_to(model):
        name, referring = relation.field.name, relation.related_model._base_manager
        live = referring.filter(**{f"{name}__in": keys, "deleted_at__isnull": True})
        own, other = model._meta.model_name, relation.related_model._meta.model_name
        undone = {(link[own], link[other]) for link in links if own in link and other in link}
        needed |= {
            key
            for key, pk in live.exclude(pk__in=going[relation.related_model]).values_list(name, "pk")
            if (key, pk) not in undone
        }
    return needed
