"""The state of the undoing of an import, on its job and on the entries of its ledger."""

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models.functions import Now

from crm.importing import claims, job_records, runners
from crm.models.imports import ImportJob, ImportRow, ImportStatus, JobUndo

#: The error of a job that was undone before its end.
STOPPED = "The import was stopped before its end, and undone."


def begin_undo(job: ImportJob, *, user_id: int | None) -> None:
    """Note that a job is to be undone, by whichever process claims it; one that is noted stays as it is."""
    if job.leased_by and runners.is_dead(job.runner):
        # Under the token of the dead: a third process may have taken the job over meanwhile.
        ImportJob.objects.under(job.leased_by).update(leased_until=Now())
    # A command that was stopped is not to go on with it.
    left = ImportJob.objects.unfinished().filter(pk=job.pk)
    left.update(status=ImportStatus.FAILED, error=STOPPED, finished_at=Now(), payload=None)
    others = ImportJob.objects.filter(pk=job.pk).exclude(undo=JobUndo.WAITING)
    others.update(undo=JobUndo.WAITING, undo_user=user_id, starts=0)


def claim_undo(job: ImportJob) -> ImportJob | None:
    """Claim a job to undo it; return None if another process does."""
    token, keys = ImportJob.objects.filter(pk=job.pk, undo=JobUndo.WAITING).take()
    return claims.begin(token, job.pk) if keys else None


def note_undone(job: ImportJob, rows: Sequence[ImportRow], *, silent_kinds: Iterable[str]) -> None:
    """Store what became of rows that are undone, in the transaction of the undoing itself.

    :param silent_kinds: the kinds of records whose events were held back.
    """
    kinds = sorted({*job.silent_kinds, *silent_kinds})
    job_records.write(job, starts=0, silent_kinds=kinds)
    # Once it is committed: a transaction that is undone is followed by its end.
    job.silent_kinds = kinds
    ImportRow._base_manager.bulk_update(rows, ["undo", "undo_message"], batch_size=500)


def follow_version(row: ImportRow, version: int, batch: Sequence[ImportRow]) -> None:
    """Let the entry before, of the same record, have the version that undoing this one made.

    :param batch: entries that were read before.
    """
    before = ImportRow.objects.filter(job=row.job_id, object_id=row.object_id, number__lt=row.number, undo="")
    before.filter(version=row.version_before).update(version=version)
    for other in batch:
        is_before = other.object_id == row.object_id and other.number < row.number
        if is_before and other.version == row.version_before:
            other.version = version


@transaction.atomic
def finish_undo(job: ImportJob, *, state: JobUndo = JobUndo.DONE) -> None:
    """Note that a job is undone as far as it can be, or that it failed."""
    job_records.emit_held_back(job, actor_id=job.undo_user_id)
    job_records.write(job, undo=state, leased_by="", leased_until=None, starts=0, runner="")
