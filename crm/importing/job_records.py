"""The rows of import jobs: opened once per input, claimed by one runner, counted batch by batch."""

import hashlib
import json
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from crm.actors import Action, Actor
from crm.database.advisory_locks import take_turn
from crm.models.imports import DuplicatePolicy, ImportJob, ImportRowError, ImportStatus

#: A runner that has not been heard of for so long is dead, and another goes on from its last batch.
SILENCE = timedelta(minutes=2)
COUNTS = ("processed", "created", "updated", "skipped", "failed")
UNFINISHED = (ImportStatus.QUEUED, ImportStatus.RUNNING)


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


def waiting_jobs() -> list[ImportJob]:
    """Return the jobs of all companies that no runner works on, the oldest first."""
    silent = Q(heartbeat_at=None) | Q(heartbeat_at__lt=timezone.now() - SILENCE)
    return list(ImportJob.objects.filter(silent, status__in=UNFINISHED).order_by("pk"))


@transaction.atomic
def claim(job: ImportJob) -> bool:
    """Claim a job for this runner; return whether no other runner has it."""
    locked = ImportJob.objects.select_for_update().get(pk=job.pk)
    alive = locked.heartbeat_at is not None and locked.heartbeat_at > timezone.now() - SILENCE
    if locked.status not in UNFINISHED or alive:
        return False
    job.status = ImportStatus.RUNNING
    job.processed = locked.processed
    job.heartbeat_at = timezone.now()
    job.save(update_fields=["status", "heartbeat_at", "updated_at"])
    return True


def release(job: ImportJob) -> None:
    """Release a job, so that another runner can continue it at once."""
    job.heartbeat_at = None
    job.save(update_fields=["heartbeat_at", "updated_at"])


def note_batch(job: ImportJob, errors: Iterable[ImportRowError] = ()) -> None:
    """Store the progress and the refusals of a job, in the transaction of the rows themselves."""
    job.heartbeat_at = timezone.now()
    job.save(update_fields=[*COUNTS, "heartbeat_at", "updated_at"])
    ImportRowError.objects.bulk_create(errors)


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
    job.save(update_fields=["status", "error", "payload", "total", "finished_at", "updated_at"])
