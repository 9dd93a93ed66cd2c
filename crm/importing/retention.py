"""Removes old import jobs with their ledgers, and stored files that no job needs."""

from datetime import datetime
from typing import Any

from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import F

from crm.database.batches import Batch, delete_in_batches
from crm.events import outbox
from crm.models.imports import STORED_BELOW, UNFINISHED, ImportJob, ImportRow, ImportRowError, ImportStatus
from crm.services.orphans import names_in, written_before

#: The error of a job whose command was stopped for so long that it is old.
NOT_RUN_AGAIN = "The command was stopped, and not run again."


def prune(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove the jobs that ended before a moment, with the reports of their rows; return how many."""
    # A command that was stopped and never run again.
    left = ImportJob.objects.unfinished().unleased().filter(is_attended=True, updated_at__lt=before)
    with batch():
        for job in left.exclude(silent_kinds=[]):
            outbox.emit_import(job.silent_kinds, job, import_id=str(job.uuid), actor_id=job.user_id)
        left.update(
            status=ImportStatus.FAILED, error="The command was not run again.", finished_at=F("updated_at")
        )
    ended = ImportJob.objects.exclude(status__in=UNFINISHED).filter(finished_at__lt=before)
    # First, since a job may have as many rows as its file has.
    for model in (ImportRowError, ImportRow):
        rows: Any = model._base_manager.filter(job__in=ended.values("pk"))
        delete_in_batches(rows, batch=batch)
    return delete_in_batches(ended, batch=batch)


def remove_orphaned_files(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove stored files of imports that no job waits with, written before a moment; return their number."""
    removed = 0
    for company in names_in(STORED_BELOW, directories=True):
        directory = f"{STORED_BELOW}/{company}"
        names = [f"{directory}/{name}" for name in names_in(directory)]
        # Read after the names: a job that is stored meanwhile has a file that is too young.
        jobs = ImportJob.objects.filter(company=int(company))
        needed = {*jobs.unfinished().values_list("payload__file", flat=True)}
        needed |= {*jobs.exclude(rejects="").values_list("rejects", flat=True)}
        for name in sorted(set(names) - needed):
            # A file is written before its job is committed.
            if written_before(name, before):
                with batch():
                    default_storage.delete(name)
                removed += 1
    return removed
