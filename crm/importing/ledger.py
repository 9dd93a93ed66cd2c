"""The entries of the ledger of an import: what became of each row, and rows that are known from before."""

import hashlib
import json
from array import array
from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Max, Model, Q

from crm.actors import Actor
from crm.importing.report import CONFLICTS, RowError
from crm.models.activities import Activity
from crm.models.activity_kinds import ActivityKind
from crm.models.base import visible_rows
from crm.models.imports import ImportJob, ImportRow, ImportRowError, RowAction
from crm.models.lifecycle import LiveModel
from crm.models.records import Record
from crm.models.tags import Tag
from crm.records.row_import import Imported
from crm.services.history import plain
from crm.services.stored_rows import StoredRow

#: How changes call what an input calls otherwise.
_CHANGE_OF = {"organizations_id": "organizations", "peopleEmploymentHistory": "employment_history"}
#: Earlier imports of the same source in which a row is looked for.
MOST_SOURCES = 100


def hash_of(content: Mapping[str, Any], salt: str = "") -> str:
    """Return the hash of a row's fields and texts."""
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256((salt + text).encode(errors="surrogatepass")).hexdigest()[:32]


def sources_of(job: ImportJob) -> list[int]:
    """Return the earlier imports of the file of this job, or of files of its name."""
    same = Q(digest=job.digest) if job.digest else Q(pk__in=[])
    if job.filename:
        same |= Q(filename=job.filename)
    jobs = ImportJob.objects.filter(same, company=job.company_id, model=job.model, dry_run=False)
    return list(jobs.exclude(pk=job.pk).order_by("-pk").values_list("pk", flat=True)[:MOST_SOURCES])


@dataclass(frozen=True, kw_only=True)
class KnownRow:
    """An equal row of an earlier import of the same source: its record, whose version is that of now.

    ``is_applied`` says that the record has all of the row, and that nobody changed it since that import.
    """

    object_id: int
    version: int
    is_applied: bool


def known_rows(
    job: ImportJob, sources: Sequence[int], hashes: Collection[str], *, model: type[LiveModel], actor: Actor
) -> dict[str, KnownRow]:
    """Return what equal rows of earlier imports have made or meant, by the hash of the row.

    Three statements, whatever the number of rows; those whose record is gone are left out.
    """
    if not sources:
        return {}
    rows = ImportRow.objects.filter(
        hash__in=hashes,
        job__in=sources,
        object_id__isnull=False,
        action__in=[RowAction.CREATE, RowAction.UPDATE, RowAction.UNCHANGED],
        undo="",
    )
    columns = ("hash", "object_id", "job_id", "action", "job__on_duplicate")
    found = {row[0]: row for row in rows.order_by("pk").values_list(*columns)}
    keys = {row[1] for row in found.values() if row[1] is not None}
    if not keys:
        return {}
    versions = dict(visible_rows(model, actor).filter(pk__in=keys).values_list("pk", "version"))
    # An import may change a record by several rows: what counts is the version that it left.
    left = ImportRow.objects.filter(job__in={row[2] for row in found.values()}, object_id__in=keys)
    latest = {
        (job_id, key): version
        for job_id, key, version in left.values_list("job_id", "object_id").annotate(Max("version"))
    }
    return {
        hash_: KnownRow(
            object_id=key,
            version=versions[key],
            is_applied=versions[key] == latest.get((job_id, key))
            and (policy == job.on_duplicate or action == RowAction.CREATE),
        )
        for hash_, key, job_id, action, policy in found.values()
        if key is not None and key in versions
    }


def note_result(row: ImportRow, imported: Imported, stored: Sequence[StoredRow]) -> None:
    """Set what a row did on its entry.

    :param stored: what the services stored for it.
    """
    record: Any = imported.record
    row.action, row.key = imported.action, imported.key
    row.object_id, row.version = record.pk, record.version
    row.version_before = imported.version_before
    own = [each for each in stored if type(each.row) is type(record) and each.row.pk == record.pk]
    if imported.action == RowAction.UPDATE:
        row.changes = {name: list(change) for each in own for name, change in each.changes.items()}
        columns = {name: plain(value) for each in reversed(own) for name, value in each.before.items()}
        lists = {
            name: value for name, value in imported.lists.items() if _CHANGE_OF.get(name, name) in row.changes
        }
        row.before = {"columns": columns, "lists": lists}
    for each in stored:
        if each.created and each not in own and isinstance(each.row, Record | Tag):
            _note_made(row, each.row, each.row.pk)
        elif (
            each.created
            and each not in own
            and isinstance(each.row, Activity)
            and each.row.kind == ActivityKind.NOTE
        ):
            _note_made(row, each.row, each.row.pk)
            if imported.action == RowAction.UPDATE:
                row.changes = {**row.changes, "note": [None, each.row.text]}
        elif each.created and each.row._meta.auto_created:
            _note_made(row, each.row, links_of(each.row))


def _note_made(row: ImportRow, made: Model, key: object) -> None:
    label = made._meta.label
    row.made = {**row.made, label: [*row.made.get(label, ()), key]}


def links_of(row: Model) -> dict[str, int]:
    """Return the keys of the records that a link ties, by the names of its relations."""
    return {
        field.name: row.__dict__[field.attname] for field in row._meta.concrete_fields if field.is_relation
    }


def note_refusal(row: ImportRow, errors: Sequence[RowError]) -> list[ImportRowError]:
    """Set why a row was refused on its entry; return its reports."""
    row.action = RowAction.CONFLICT if errors[0].code in CONFLICTS else RowAction.REJECT
    row.code = errors[0].code
    row.message = " ".join(
        f"{error.column}: {error.message}" if error.column else error.message for error in errors
    )
    return [
        ImportRowError(
            job=row.job, row=row.number, field=error.column, code=error.code, message=error.message
        )
        for error in errors
    ]


class PlannedRecords:
    """The records that a dry run makes, by the rows that make them: 12 bytes for each."""

    def __init__(self) -> None:
        self._keys, self._rows = array("q"), array("L")

    def replace_keys(self, rows: Iterable[ImportRow]) -> None:
        """Name the records of a dry run by their rows: their keys are gone when it is undone."""
        for row in rows:
            row.made = {}
            if row.action == RowAction.CREATE and row.object_id is not None:
                self._keys.append(row.object_id)
                self._rows.append(row.number)
                row.object_id = None
            elif row.object_id is not None and (of_row := self._row_of(row.object_id)) is not None:
                row.object_id, row.of_row = None, of_row

    def _row_of(self, key: int) -> int | None:
        # Keys rise.
        place = bisect_left(self._keys, key)
        if place < len(self._keys) and self._keys[place] == key:
            return self._rows[place]
        return None
