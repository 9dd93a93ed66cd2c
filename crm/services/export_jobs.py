"""The rows of export jobs: stored before they run, claimed by one worker, ended with a file or an error."""

from collections.abc import Sequence
from datetime import datetime
from typing import IO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from crm.actors import Action, Actor
from crm.database.batches import Batch
from crm.models import ExportJob
from crm.models.exports import UNFINISHED, ExportStatus


def open_export(
    model: str, *, actor: Actor, where: object, columns: Sequence[str], file_format: str
) -> ExportJob:
    """Store a job before it runs."""
    actor.require(Action.EXPORT)
    return ExportJob.objects.create(
        company_id=actor.company_id,
        user_id=actor.user_id,
        model=model,
        format=file_format,
        where=where,
        columns=list(columns),
        door=actor.door.value,
    )


def claim_next() -> ExportJob | None:
    """Claim the job that waits for the longest time and that no worker has; return None if there is none."""
    waiting = ExportJob.objects.unfinished().order_by(F("leased_until").asc(nulls_first=True), "pk")
    # Most looks find nothing; this query takes no lock.
    if not waiting.unleased().exists():
        return None
    token, keys = waiting.take()
    if not keys:
        return None
    ExportJob.objects.under(token).update(status=ExportStatus.RUNNING, starts=F("starts") + 1)
    return ExportJob.objects.select_related("user", "company").get(pk=keys[0])


def store_content(job: ExportJob, file: IO[bytes]) -> None:
    """Store the file of a job, which was written to its end; ``finish`` stores the job itself."""
    job.size = file.tell()
    file.seek(0)
    job.stored.save("export", File(file), save=False)


def finish(job: ExportJob, *, error: str | None = None) -> None:
    """End a job; one that another worker has taken over meanwhile stays that worker's."""
    job.status = ExportStatus.COMPLETED if error is None else ExportStatus.FAILED
    job.error = error
    job.finished_at = timezone.now()
    held, job.leased_by, job.leased_until = job.leased_by, "", None
    if held and not ExportJob.objects.under(held).exists():
        _remove_content(job)
        return
    job.save()


def _remove_content(job: ExportJob) -> None:
    if job.stored and job.stored.name:
        default_storage.delete(job.stored.name)


def prune(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove the exports that ended before a moment, with their files; return how many."""
    removed = 0
    ended = ExportJob.objects.exclude(status__in=UNFINISHED).filter(finished_at__lt=before)
    while found := list(ended.order_by("pk")[:100]):
        with batch():
            ExportJob.objects.filter(pk__in=[job.pk for job in found]).delete()
        for job in found:
            _remove_content(job)
        removed += len(found)
    return removed
