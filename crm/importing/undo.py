"""Undoes an import: deletes what it made, and restores what it changed, where nobody changed it since.

Rows are undone from the last to the first, in batches, each with its entries of the ledger: an undo that is
stopped or killed goes on where it stood.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import transaction

from crm.actors import Action, Actor, Door
from crm.errors import Conflict, ConflictReason, CrmError, NotFound
from crm.events import outbox
from crm.importing import job_records, undo_records
from crm.importing.made_rows import remove_made_rows, remove_notes
from crm.importing.plans import WRITTEN
from crm.importing.runners import is_dead
from crm.models.base import visible_rows
from crm.models.history import HistoryEntry
from crm.models.imports import UNFINISHED, ImportJob, ImportRow, ImportStatus, RowAction, UndoState
from crm.records.registry import ImportedKind, RecordKind, import_kind
from crm.records.row_import import RowImport
from crm.services.locking import holding_company

#: Few rows, as in an import: other requests may wait for the end of a batch.
BATCH = 50
#: Imports of more rows are undone by ``manage.py work``, so that no request waits for them.
MOST_ROWS_AT_ONCE = 200
GONE = "The record was deleted already."


@dataclass(frozen=True, kw_only=True)
class Undone:
    """The numbers of rows that are undone, and of those whose record somebody changed since."""

    undone: int
    kept: int
    is_done: bool = True


def undone_rows(job: ImportJob, *, is_done: bool = True) -> Undone:
    """Return what became of the rows of a job so far."""
    rows = ImportRow.objects.filter(job=job)
    return Undone(
        undone=rows.filter(undo=UndoState.UNDONE).count(),
        kept=rows.filter(undo=UndoState.KEPT).count(),
        is_done=is_done,
    )


def check_undoable(job: ImportJob, *, actor: Actor) -> None:
    """Check that a job may be undone by the actor now.

    :raises Conflict: if it is still at work. A command that was stopped or killed is not.
    """
    actor.require(Action.IMPORT)
    if job.dry_run:
        raise ValidationError({"id": ["This was a dry run: it stored nothing."]})
    is_left = job.is_attended and (job.status == ImportStatus.STOPPED or is_dead(job.runner))
    if job.status in UNFINISHED and not is_left:
        raise Conflict(ConflictReason.IN_USE, "The import has not ended: wait for its end.")


def start_undo(job: ImportJob, *, actor: Actor) -> ImportJob:
    """Have a job undone: now if it is short, else by the next worker. One that waits goes on waiting."""
    check_undoable(job, actor=actor)
    undo_records.begin_undo(job, user_id=actor.user_id)
    if job.processed <= MOST_ROWS_AT_ONCE:
        claimed = undo_records.claim_undo(job)
        if claimed is not None:
            run_undo(claimed, actor=actor)
    job.refresh_from_db()
    return job


def plan_undo(job: ImportJob, *, actor: Actor) -> Iterator[tuple[ImportRow, str]]:
    """Yield the rows that would be undone, and why one would be kept; empty for those that would not.

    In constant memory, and with as many statements for some rows as for one.
    """
    kind = import_kind(job.model)
    for batch in _batches(job):
        keys = {row.object_id for row in batch if row.object_id is not None}
        now = dict(visible_rows(kind.model, actor).filter(pk__in=keys).values_list("pk", "version"))
        chains = _undoable(job, keys, now)
        for row in batch:
            is_gone = row.object_id not in now
            yield row, "" if is_gone or row.pk in chains else "The record was changed since."


def _undoable(job: ImportJob, keys: Iterable[int], now: Mapping[int, int]) -> set[int]:
    """Return the rows after which nobody but the import itself changed the record."""
    rows = ImportRow.objects.filter(job=job, object_id__in=keys, action__in=WRITTEN).order_by("-number")
    expected, undoable = dict(now), set[int]()
    for key, pk, version, before in rows.values_list("object_id", "pk", "version", "version_before"):
        if key is not None and version == expected.get(key):
            undoable.add(pk)
            if before is not None:
                expected[key] = before
    return undoable


def run_undo(
    job: ImportJob,
    *,
    actor: Actor,
    is_stopped: Callable[[], bool] = lambda: False,
    on_batch: Callable[[Sequence[ImportRow]], None] = lambda _: None,
) -> Undone:
    """Undo a claimed job; return what became of its rows.

    :param is_stopped: asked before each batch; if true, the job is released for the next process.
    :raises LeaseLost: if another process has taken the job over.
    """
    actor.require(Action.IMPORT)
    kind = import_kind(job.model)
    undoing = actor.through(Door.IMPORT, via=f"undo of import {job.uuid}")
    rows = kind.row_import(undoing)
    for batch in _batches(job):
        if is_stopped():
            job_records.release(job)
            return undone_rows(job, is_done=False)
        with transaction.atomic():
            job_records.hold(job)
            with holding_company(job.company_id), outbox.holding_back() as kinds:
                for row in batch:
                    _undo(row, rows, kind, undoing, batch)
            undo_records.note_undone(job, batch, silent_kinds=kinds)
        on_batch(batch)
    remove_made_rows(job, actor=undoing)
    undo_records.finish_undo(job)
    return undone_rows(job)


def _batches(job: ImportJob) -> Iterator[list[ImportRow]]:
    """Yield the rows that are to be undone, from the last to the first."""
    rows = ImportRow.objects.filter(job=job, action__in=WRITTEN, undo="").order_by("-number")
    last: int | None = None
    while batch := list((rows if last is None else rows.filter(number__lt=last))[:BATCH]):
        last = batch[-1].number
        yield batch


def _undo(
    row: ImportRow, rows: RowImport, kind: RecordKind | ImportedKind, actor: Actor, batch: Sequence[ImportRow]
) -> None:
    """Undo a row and note what became of it."""
    key, version = row.object_id, row.version
    if key is None:
        return
    try:
        with transaction.atomic():
            if row.action == RowAction.CREATE:
                rows.remove(key, expected_version=version)
            else:
                before = row.before or {"columns": {}, "lists": {}}
                new = rows.restore(key, before["columns"], before["lists"], expected_version=version)
                undo_records.follow_version(row, new, batch)
                remove_notes(row, actor=actor)
    except NotFound:
        row.undo, row.undo_message = UndoState.UNDONE, GONE
    except Conflict as changed:
        is_version = changed.reason == ConflictReason.VERSION
        row.undo = UndoState.KEPT
        row.undo_message = _who_changed(row, key, kind, actor) if is_version else changed.message
    except CrmError as refused:
        row.undo, row.undo_message = UndoState.KEPT, refused.message
    except ValidationError as refused:
        row.undo, row.undo_message = UndoState.KEPT, " ".join(refused.messages)
    else:
        row.undo = UndoState.UNDONE


def _who_changed(row: ImportRow, key: int, kind: RecordKind | ImportedKind, actor: Actor) -> str:
    content_type = ContentType.objects.get_for_model(kind.model)
    entries = HistoryEntry.objects.filter(content_type=content_type, object_id=key)
    entries = entries.exclude(via=f"import {row.job.uuid}")
    entry = entries.exclude(via=actor.via).select_related("user").order_by("-pk").first()
    if entry is None:
        return "The record was changed since."
    by = entry.user.username if entry.user is not None else entry.via or "the system"
    return f"The record was changed by {by} at {entry.created_at:%Y-%m-%d %H:%M} UTC."
