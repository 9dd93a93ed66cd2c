"""The rows of import jobs: opened once per input, claimed by one runner, counted batch by batch."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils import timezone

from crm.actors import Action, Actor, Door
from crm.database.advisory_locks import take_turn
from crm.database.row_writer import write_new
from crm.events import outbox
from crm.events.audience import IMPORT
from crm.importing.report import LEFT_OUT
from crm.models.imports import (
    UNFINISHED,
    DuplicatePolicy,
    ImportJob,
    ImportRow,
    ImportRowError,
    ImportStatus,
    RowAction,
)

COUNTS = ("processed", "created", "updated", "skipped", "unchanged", "failed", "conflicts")
#: In the payload of a dry run: its file stays, so that the plan can be applied without another upload.
KEPT = "is_kept"


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
    digest: str = "",
    identity: Any = None,
    is_attended: bool = False,
    plan: UUID | None = None,
) -> tuple[ImportJob, bool]:
    """Store a job before it runs; return the unfinished job instead if there is one of the same input.

    :param digest: that of the file, if the input is one.
    :param identity: identifies the input, if the payload does not.
    :param plan: the dry run whose plan it applies.
    :returns: the job, and whether it is new.
    """
    actor.require(Action.IMPORT)
    fingerprint = fingerprint_of(
        model,
        identity or payload,
        user_id=actor.user_id,
        on_duplicate=on_duplicate,
        dry_run=dry_run,
        is_attended=is_attended,
        plan=plan,
    )
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
        digest=digest or _digest(payload),
        is_attended=is_attended,
        plan=plan,
    )
    running = ImportJob.objects.visible_to(actor).filter(fingerprint=fingerprint, status__in=UNFINISHED)
    found = running.first()
    if found is not None:
        return found, False
    try:
        with transaction.atomic():
            if not is_attended:
                _check_open(actor)
            job.save(force_insert=True)
    # A concurrent request stored the same job between the look and the save.
    except IntegrityError:
        return running.get(), False
    return job, True


def open_jobs(company_id: int) -> int:
    """Return the number of imports of a company that have not ended."""
    return ImportJob.objects.for_workers().filter(company_id=company_id).count()


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


def fingerprint_of(
    model: str,
    identity: Any,
    *,
    user_id: int | None,
    on_duplicate: DuplicatePolicy,
    dry_run: bool,
    is_attended: bool = False,
    plan: UUID | None = None,
) -> str:
    """Return what is equal for two jobs of the same input, options and user."""
    options = [str(on_duplicate), dry_run, is_attended, plan]
    return _digest([str(model), identity, user_id, *options])


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def hold(job: ImportJob) -> None:
    """Renew the lease and lock the job until the end of the transaction, before anything is written for it.

    The row of a job comes before the company in the order of locks: only its runner waits for it.

    :raises LeaseLost: if another runner has taken the job over.
    """
    if not ImportJob.objects.renew(job.leased_by):
        raise LeaseLost


def release(job: ImportJob) -> None:
    """Release a job, so that any runner can continue it at once."""
    write(job, leased_by="", leased_until=Now(), starts=0)


@transaction.atomic
def stop(job: ImportJob) -> None:
    """Release the job of a command, which the same command continues."""
    emit_held_back(job, actor_id=job.user_id)
    write(job, leased_by="", leased_until=None, starts=0, runner="", status=ImportStatus.STOPPED)


def postpone(job: ImportJob, *, delay: timedelta) -> None:
    """Release a job that failed for a reason that may pass; no runner takes it before the delay is over."""
    write(job, leased_by="", leased_until=Now() + delay)


def note_batch(
    job: ImportJob,
    rows: Sequence[ImportRow],
    errors: Sequence[ImportRowError] = (),
    *,
    silent_kinds: Iterable[str] = (),
) -> Mapping[str, Any]:
    """Store what became of some rows, in their transaction; return the columns of the job after it.

    :param silent_kinds: the kinds of records whose events were held back.
    """
    did = Counter(row.action for row in rows)
    counts: dict[str, Any] = {
        "processed": job.processed + len(rows),
        "created": job.created + did[RowAction.CREATE],
        "updated": job.updated + did[RowAction.UPDATE],
        "skipped": job.skipped + did[RowAction.SKIP] + did[RowAction.UNCHANGED],
        "unchanged": job.unchanged + did[RowAction.UNCHANGED],
        "failed": job.failed + did[RowAction.REJECT] + did[RowAction.CONFLICT],
        "conflicts": job.conflicts + did[RowAction.CONFLICT],
        "silent_kinds": sorted({*job.silent_kinds, *silent_kinds}),
    }
    write(job, starts=0, **counts)
    write_new(rows)
    write_new(errors)
    return counts


def left_out(job: ImportJob) -> int:
    """Return the number of rows that were no records."""
    return ImportRow.objects.filter(job=job, code=LEFT_OUT).count()


@transaction.atomic
def finish(job: ImportJob, *, error: str | None = None) -> None:
    """End a job and delete its input, which only a plan of the admin keeps to be applied."""
    given: Any = job.payload or {}
    is_kept = job.dry_run and bool(given.get(KEPT))
    if "file" in given and not is_kept:
        # After commit: a job that is rolled back still has its file.
        transaction.on_commit(partial(default_storage.delete, given["file"]), robust=True)
    emit_held_back(job, actor_id=job.user_id)
    job.status = ImportStatus.COMPLETED if error is None else ImportStatus.FAILED
    job.error = error
    job.payload = given if is_kept else None
    job.finished_at = timezone.now()
    names = ("status", "error", "payload", "total", "finished_at", "rejects")
    ended = {name: getattr(job, name) for name in names}
    write(job, leased_by="", leased_until=None, runner="", **ended)
    if job.is_in_background and job.user_id is not None:
        outbox.emit_internal(IMPORT, job, door=Door.IMPORT, readers=frozenset({job.user_id}))


def emit_held_back(job: ImportJob, *, actor_id: int | None) -> None:
    """Write the one event of each kind of records whose events were held back."""
    outbox.emit_import(job.silent_kinds, job, import_id=str(job.uuid), actor_id=actor_id)
    job.silent_kinds = []
    write(job, silent_kinds=[])


def write(job: ImportJob, **columns: Any) -> None:
    """Write columns of a job under its lease.

    :raises LeaseLost: if another runner has taken the job over.
    """
    if not ImportJob.objects.under(job.leased_by).update(updated_at=timezone.now(), **columns):
        raise LeaseLost
