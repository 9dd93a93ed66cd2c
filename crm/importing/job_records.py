"""The rows of import jobs: opened once per input, claimed by one runner, counted batch by batch."""

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from crm.actors import Action, Actor, Door
from crm.database.advisory_locks import take_turn
from crm.database.batches import Batch, delete_in_batches
from crm.events import outbox
from crm.events.audience import IMPORT
from crm.models.imports import UNFINISHED, DuplicatePolicy, ImportJob, ImportRowError, ImportStatus
from crm.services.orphans import names_in, written_before

COUNTS = ("processed", "created", "updated", "skipped", "failed")
#: The directory of the storage for files that wait to be imported.
STORED_BELOW = "imports"


class LeaseLost(Exception):
    """Another runner has taken the job over; nothing more may be written for it."""


def open_job(
    model: str,
    payload: dict[str, Any],
    *,
    actor: Actor,
    total: int,
    on_duplicate: DuplicatePolicy,
    dry_run: bool,
    filename: str | None = None,
    identity: Any = None,
) -> tuple[ImportJob, bool]:
    """Store a job before it runs; return the job at work instead if it has the same input.

    :param identity: identifies the input, if the payload does not.
    :returns: the job, and whether it is new.
    """
    actor.require(Action.IMPORT)
    fingerprint = _fingerprint(model, identity or payload, actor.user_id, on_duplicate, dry_run)
    job = ImportJob(
        company_id=actor.company_id,
        user_id=actor.user_id,
        model=model,
        payload=payload,
        total=total,
        on_duplicate=on_duplicate,
        dry_run=dry_run,
        filename=filename,
        door=actor.door.value,
        fingerprint=fingerprint,
    )
    running = ImportJob.objects.visible_to(actor).filter(fingerprint=fingerprint, status__in=UNFINISHED)
    found = running.first()
    if found is not None:
        return found, False
    try:
        with transaction.atomic():
            _check_open(actor)
            job.save(force_insert=True)
    # A concurrent request stored the same job between the look and the save.
    except IntegrityError:
        return running.get(), False
    return job, True


def open_jobs(company_id: int) -> int:
    """Return the number of imports of a company that have not ended."""
    return ImportJob.objects.filter(company_id=company_id, status__in=UNFINISHED).count()


def _check_open(actor: Actor) -> None:
    most: int = settings.OPEN_IMPORTS_PER_COMPANY
    if not most:
        return
    # Not the lock of the company: a running import holds that one for a batch of rows.
    take_turn(f"open imports:{actor.company_id}")
    found = open_jobs(actor.company_id)
    if found >= most:
        raise ValidationError(
            f"Your company may have {most} imports open at once and has {found}: wait until one has ended, or"
            " have the operator raise OPEN_IMPORTS_PER_COMPANY."
        )


def _fingerprint(model: str, identity: Any, user_id: int | None, *options: Any) -> str:
    text = json.dumps([model, identity, user_id, *map(str, options)], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def claim_next() -> ImportJob | None:
    """Claim the job that waits for the longest time and that no runner has; return None if there is none."""
    waiting = ImportJob.objects.unfinished().order_by(F("leased_until").asc(nulls_first=True), "pk")
    # Most looks find nothing; this query takes no lock.
    if not waiting.unleased().exists():
        return None
    token, keys = waiting.take()
    if not keys:
        return None
    job = _begin(token, keys[0])
    job.is_in_background = True
    return job


def claim(job: ImportJob) -> ImportJob | None:
    """Claim a job; return it as it is stored now, None if another runner has it or it is done."""
    token, keys = ImportJob.objects.unfinished().filter(pk=job.pk).take()
    return _begin(token, job.pk) if keys else None


def _begin(token: str, key: int) -> ImportJob:
    ImportJob.objects.under(token).update(status=ImportStatus.RUNNING, starts=F("starts") + 1)
    return ImportJob.objects.select_related("user", "company").get(pk=key)


def hold(job: ImportJob) -> None:
    """Renew the lease and lock the job until the end of the transaction, before anything is written for it.

    The row of a job comes before the company in the order of locks: only its runner waits for it.

    :raises LeaseLost: if another runner has taken the job over.
    """
    if not ImportJob.objects.renew(job.leased_by):
        raise LeaseLost


def release(job: ImportJob) -> None:
    """Release a job, so that any runner can continue it at once."""
    _write(job, leased_by="", leased_until=Now(), starts=0)


def postpone(job: ImportJob, *, delay: timedelta) -> None:
    """Release a job that failed for a reason that may pass; no runner takes it before the delay is over."""
    _write(job, leased_by="", leased_until=Now() + delay)


def note_batch(job: ImportJob, errors: Iterable[ImportRowError] = ()) -> None:
    """Store the progress and the refusals of a job, in the transaction of the rows themselves."""
    _write(job, starts=0, **{name: getattr(job, name) for name in COUNTS})
    ImportRowError.objects.bulk_create(errors)


@transaction.atomic
def finish(job: ImportJob, *, error: str | None = None) -> None:
    """End a job and delete its input."""
    given: Any = job.payload or {}
    if "file" in given:
        # After commit: a job that is rolled back still has its file.
        transaction.on_commit(partial(default_storage.delete, given["file"]), robust=True)
    job.status = ImportStatus.COMPLETED if error is None else ImportStatus.FAILED
    job.error = error
    job.payload = None
    job.finished_at = timezone.now()
    ended = {name: getattr(job, name) for name in ("status", "error", "payload", "total", "finished_at")}
    _write(job, leased_by="", leased_until=None, **ended)
    if job.is_in_background and job.user_id is not None:
        outbox.emit_internal(IMPORT, job, door=Door.IMPORT, readers=frozenset({job.user_id}))


def _write(job: ImportJob, **columns: Any) -> None:
    """Write columns of a job under its lease.

    :raises LeaseLost: if another runner has taken the job over.
    """
    if not ImportJob.objects.under(job.leased_by).update(updated_at=timezone.now(), **columns):
        raise LeaseLost


def prune(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove the jobs that ended before a moment, with the reports of their rows; return how many."""
    ended = ImportJob.objects.exclude(status__in=UNFINISHED).filter(finished_at__lt=before)
    reports = ImportRowError.objects.filter(job__in=ended.values("pk"))
    # First, since a job may have refused as many rows as its file has.
    delete_in_batches(reports, batch=batch)
    return delete_in_batches(ended, batch=batch)


def remove_orphaned_files(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove stored files of imports that no job waits with, written before a moment; return their number."""
    removed = 0
    for company in names_in(STORED_BELOW, directories=True):
        directory = f"{STORED_BELOW}/{company}"
        names = [f"{directory}/{name}" for name in names_in(directory)]
        # Read after the names: a job that is stored meanwhile has a file that is too young.
        waiting = ImportJob.objects.unfinished().filter(company=int(company))
        needed = set(waiting.values_list("payload__file", flat=True))
        for name in sorted(set(names) - needed):
            # A file is written before its job is committed.
            if written_before(name, before):
                with batch():
                    default_storage.delete(name)
                removed += 1
    return removed
