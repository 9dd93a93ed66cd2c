"""Claims jobs for this process: from the queue, from a process that is dead, or for a command."""

from datetime import UTC

from django.db.models import F
from django.db.models.functions import Now

from crm.errors import CrmError
from crm.importing import runners
from crm.models.imports import UNFINISHED, ImportJob, ImportJobQuerySet, ImportStatus


class AlreadyRuns(CrmError):
    """Another process runs the same import."""


def claim_next() -> ImportJob | None:
    """Claim the job that waits for the longest time and that no runner has; return None if there is none."""
    free_from_the_dead()
    waiting = ImportJob.objects.for_workers().order_by(F("leased_until").asc(nulls_first=True), "pk")
    # Most looks find nothing; this query takes no lock.
    if not waiting.unleased().exists():
        return None
    token, keys = waiting.take()
    if not keys:
        return None
    job = begin(token, keys[0])
    job.is_in_background = True
    return job


def free_from_the_dead() -> None:
    """End the leases of processes of this machine that are gone; those of others run out by themselves."""
    for token, runner in running_elsewhere().values_list("leased_by", "runner"):
        if runners.is_dead(runner):
            # Under the token of the dead: another process may have taken the job over meanwhile.
            ImportJob.objects.under(token).update(leased_until=Now())


def running_elsewhere() -> ImportJobQuerySet:
    """Return the jobs for workers that one of them has, or had when it ended."""
    return ImportJob.objects.for_workers().filter(leased_until__gt=Now()).exclude(leased_by="")


def claim(job: ImportJob) -> ImportJob | None:
    """Claim a job; return it as it is stored now, None if another runner has it or it is done."""
    token, keys = ImportJob.objects.unfinished().filter(pk=job.pk).take()
    return begin(token, job.pk) if keys else None


def claim_for_command(job: ImportJob) -> ImportJob:
    """Claim a job for this process, from a process that is dead at once.

    :raises AlreadyRuns: if another process may still run it, or has just ended it.
    """
    if job.leased_by and runners.is_dead(job.runner):
        # Under the token of the dead: a third process may have taken the job over meanwhile.
        ImportJob.objects.under(job.leased_by).update(leased_until=Now())
    claimed = claim(job)
    if claimed is None:
        job.refresh_from_db()
        if job.status not in UNFINISHED:
            raise AlreadyRuns(f"Another process has just ended this import: see job {job.uuid}.")
        until = job.leased_until.astimezone(UTC) if job.leased_until else None
        raise AlreadyRuns(
            f"{runners.described(job.runner).capitalize()} runs this import: job {job.uuid},"
            f" {job.processed} of {job.total} rows so far. Wait for its end, or stop that process and run"
            " this command again" + (f", after {until:%H:%M:%S} UTC if it is dead." if until else ".")
        )
    return claimed


def begin(token: str, key: int) -> ImportJob:
    """Note who runs a job that was just leased, and return it."""
    leased = ImportJob.objects.under(token)
    leased.update(starts=F("starts") + 1, runner=runners.this_process())
    # One that has ended is leased to be undone.
    leased.unfinished().update(status=ImportStatus.RUNNING)
    return ImportJob.objects.select_related("user", "company", "undo_user").get(pk=key)
