"""Runs an import job in batches: rows, counts and refusals of a batch are committed together.

A job that is stopped between two batches, or killed within one, goes on at the batch it stood before; no
row is stored twice.
"""

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice, takewhile
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.db import transaction

from crm.actors import Actor, Door
from crm.errors import CrmError
from crm.importing import job_records
from crm.importing.options import ImportOptions
from crm.importing.report import LEFT_OUT, row_errors
from crm.importing.sources import Record, open_source
from crm.models.imports import DuplicatePolicy, ImportJob, ImportRowError
from crm.records.registry import record_kind
from crm.records.row_import import Outcome, RowImport
from crm.services.locking import lock_company_patiently, without_company_lock

#: Few rows: other requests that create what is shared wait for the end of a batch.
BATCH = 20
#: Jobs of more rows are left to ``manage.py work``, so that no request waits for them.
MOST_ROWS_AT_ONCE = 200


def start_job(
    model: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    actor: Actor,
    on_duplicate: DuplicatePolicy,
    dry_run: bool,
    split_phones: bool = False,
) -> ImportJob:
    """Store a job for rows given as inputs of the API, and run it at once if it is short."""
    job, is_new = job_records.open_job(
        model,
        {"rows": rows, **({"split_phones": True} if split_phones else {})},
        actor=actor,
        total=len(rows),
        on_duplicate=on_duplicate,
        dry_run=dry_run,
    )
    return run_if_short(job, actor=actor) if is_new else job


def run_if_short(job: ImportJob, *, actor: Actor) -> ImportJob:
    """Run a new job now, unless it is long enough to leave it to the worker."""
    return run_job(job, actor=actor) if job.total <= MOST_ROWS_AT_ONCE else job


def run_job(job: ImportJob, *, actor: Actor, is_stopped: Callable[[], bool] = lambda: False) -> ImportJob:
    """Run a job to its end, unless another runner works on it; return it as it is then."""
    claimed = job_records.claim(job)
    if claimed is not None:
        try:
            run_claimed(claimed, actor=actor, is_stopped=is_stopped)
        except job_records.LeaseLost:
            # It stood still for so long that another took it over, which is as well.
            claimed = None
    if claimed is None:
        job.refresh_from_db()
    return claimed or job


def run_claimed(
    job: ImportJob,
    *,
    actor: Actor,
    is_stopped: Callable[[], bool] = lambda: False,
    seconds: float = math.inf,
) -> bool:
    """Run a claimed job to its end; return false if it was released before.

    :param is_stopped: asked before each batch; if true, the job is released for the next runner.
    :param seconds: after so long it is released as well, so that other jobs have their turn.
    :raises LeaseLost: if another runner has taken the job over.
    """
    ends = time.monotonic() + seconds
    payload: Any = job.payload
    importer = actor.through(Door.IMPORT, via=f"import {job.uuid}")
    rows = record_kind(job.model).row_import(
        importer, DuplicatePolicy(job.on_duplicate), split_phones=bool(payload.get("split_phones"))
    )
    records = _records_of_file(payload, rows, actor) if "file" in payload else _records(payload, rows)
    if job.dry_run:
        if _try_all(job, records, is_stopped):
            return True
        job_records.release(job)
        return False
    # Rows of committed batches are skipped, not stored twice.
    unseen = islice(records, job.processed, None)
    while batch := list(islice(unseen, BATCH)):
        if is_stopped() or time.monotonic() > ends:
            job_records.release(job)
            return False
        with transaction.atomic():
            job_records.hold(job)
            # Before any row: two imports at once take turns by batches, and never wait for each other.
            lock_company_patiently(actor.company_id)
            job_records.note_batch(job, _store(job, batch))
    job_records.finish(job)
    return True


def _records(payload: Mapping[str, Any], rows: RowImport) -> Iterator[Record]:
    for number, values in enumerate(payload["rows"], 1):
        yield Record(number=number, store=partial(rows.store_values, values), column_of=str)


def _records_of_file(payload: Mapping[str, Any], rows: RowImport, actor: Actor) -> Iterator[Record]:
    options = ImportOptions.from_json(payload["options"])
    with (
        default_storage.open(payload["file"]) as file,
        open_source(file, rows, actor=actor, options=options) as source,
    ):
        yield from source.records(rows)


def _try_all(job: ImportJob, records: Iterable[Record], is_stopped: Callable[[], bool]) -> bool:
    """Try the rows, undo them, and end the job; return false if that was stopped, and nothing is noted."""
    # The outer transaction holds the job for as long as it takes; the inner one is undone. All rows are in
    # one, so that later rows meet earlier ones as they would in earnest.
    with transaction.atomic():
        job_records.hold(job)
        with transaction.atomic(), without_company_lock():
            errors = _store(job, takewhile(lambda _: not is_stopped(), records))
            transaction.set_rollback(True)
        if is_stopped():
            return False
        # In one transaction: a runner that dies between the two would have the rows counted twice.
        job_records.note_batch(job, errors)
        job_records.finish(job)
    return True


def _store(job: ImportJob, records: Iterable[Record]) -> list[ImportRowError]:
    errors: list[ImportRowError] = []
    for record in records:
        refused, outcome = _store_one(job, record)
        errors += refused
        job.processed += 1
        job.created += outcome == "created"
        job.updated += outcome == "updated"
        job.skipped += outcome == "skipped"
        job.failed += outcome is None
    return errors


def _store_one(job: ImportJob, record: Record) -> tuple[list[ImportRowError], Outcome | None]:
    if record.left_out is not None:
        left_out = ImportRowError(job=job, row=record.number, code=LEFT_OUT, message=record.left_out)
        return [left_out], "skipped"
    try:
        with transaction.atomic():
            return [], record.store()
    except (ValidationError, CrmError) as refusal:
        return [
            ImportRowError(
                job=job, row=record.number, field=error.column, code=error.code, message=error.message
            )
            for error in row_errors(refusal, line=record.number, column_of=record.column_of)
        ], None
