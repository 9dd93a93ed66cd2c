"""Runs an import job in batches: the rows of a batch, their ledger and their counts are committed together.

A job that is stopped between two batches, or killed within one, goes on at the batch it stood before; no
row is stored twice.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import islice
from tempfile import TemporaryFile
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import IntegrityError, OperationalError, transaction

from crm.actors import Actor, Door
from crm.database.commits import commit_without_waiting
from crm.database.statistics import GrowingTables
from crm.database.write_behind import ChangedMeanwhile, WriteFailed
from crm.events import outbox
from crm.importing import claims, job_records
from crm.importing.dry_runs import try_all
from crm.importing.options import ImportOptions
from crm.importing.plans import Plan
from crm.importing.processing import Processed, Processor
from crm.importing.rejects import refused_rows, write_input_rejects, write_rejects
from crm.importing.sources import Record, Source, open_source
from crm.models.imports import STORED_BELOW, DuplicatePolicy, ImportJob
from crm.records.registry import import_kind, record_kind
from crm.records.row_import import RowImport
from crm.services import locking
from crm.services.contents import remove_content, write_content
from crm.services.locking import holding_company, is_deadlock, is_lock_timeout

#: Rows that are stored together: other requests that create what is shared wait for the end of a batch.
BATCH = 50
#: The same of an import without an event of each record, whose batches are written together as well.
LARGE_BATCH = 500
SECONDS_OF_BATCH = 0.5
#: The same while others wait for the end of batches.
SECONDS_WAITED_FOR = 0.05
SECONDS_BETWEEN = 0.005
#: Ends the key of refused rows that came as JSON.
LINES = ".rejects.jsonl"
#: How often a batch is begun that other writers stop.
MOST_TRIES = 5
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
    claimed = claims.claim(job)
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
    source: Source | None = None,
    plan: Plan | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
    seconds: float = math.inf,
    on_batch: Callable[[Processed], None] = lambda _: None,
) -> bool:
    """Run a claimed job to its end; return false if it was released before.

    :param source: the file of a command, which the job itself does not have.
    :param plan: the plan that it applies.
    :param is_stopped: asked before each batch; if true, the job is released for the next runner.
    :param seconds: after so long it is released as well, so that other jobs have their turn.
    :param on_batch: called with what became of each batch of rows.
    :raises LeaseLost: if another runner has taken the job over.
    """
    ends = time.monotonic() + seconds
    payload: Any = job.payload
    importer = actor.through(Door.IMPORT, via=f"import {job.uuid}")
    rows = import_kind(job.model).row_import(
        importer, DuplicatePolicy(job.on_duplicate), split_phones=bool(payload.get("split_phones"))
    )
    if plan is None and job.plan is not None:
        plan = Plan(job=job.plan)
    salt = "split_phones" if payload.get("split_phones") else ""
    are_cells = "rows" not in payload
    if source is not None:
        records = source.records(rows)
    else:
        records = _records_of_file(payload, rows, actor) if "file" in payload else _records(payload, rows)
    if job.dry_run:
        processor = Processor(job, rows, actor=importer, are_cells=are_cells, salt=salt)
        if try_all(job, records, processor, is_stopped, on_batch, size=LARGE_BATCH):
            return True
        _release(job)
        return False
    # Rows of committed batches are skipped, not stored twice.
    unseen = islice(records, job.processed, None)
    planned = None if plan is None else islice(plan.rows(), job.processed, None)
    begun_at = job.processed
    processor = Processor(job, rows, actor=importer, are_cells=are_cells, salt=salt, plan=planned)
    size, tables = BATCH, GrowingTables()
    while batch := list(islice(unseen, size)):
        begun = time.monotonic()
        if is_stopped() or begun > ends:
            _release(job)
            return False
        processed, is_waited_for = _store(job, batch, processor)
        on_batch(processed)
        tables.note(job.processed - begun_at)
        if _is_silent(job):
            size = _next_size(size, time.monotonic() - begun, is_waited_for=is_waited_for)
        if is_waited_for:
            # A lock that is free goes to whoever asks first, not to who waits: these wake meanwhile.
            time.sleep(SECONDS_BETWEEN)
    if job.failed and ("file" in payload or "rows" in payload):
        job.rejects = store_rejects(job, actor=actor)
    job_records.finish(job)
    return True


def _next_size(size: int, seconds: float, *, is_waited_for: bool) -> int:
    """Return how many rows the next batch has: others that wait for its end must not wait for long."""
    most = SECONDS_WAITED_FOR if is_waited_for else SECONDS_OF_BATCH
    return max(BATCH, min(LARGE_BATCH, 2 * size, int(size * most / max(seconds, 0.001))))


def _release(job: ImportJob) -> None:
    if job.is_attended:
        job_records.stop(job)
    else:
        job_records.release(job)


def _store(job: ImportJob, batch: Sequence[Record], processor: Processor) -> tuple[Processed, bool]:
    """Store a batch of rows with their entries of the ledger, all or none; return whether others waited.

    It begins anew where another writer holds a record for too long, or waits for a record of this one.
    """
    one_by_one = False
    for tries in range(1, MOST_TRIES):
        try:
            return _store_once(job, batch, processor, one_by_one=one_by_one)
        except ChangedMeanwhile:
            # Each record is locked before it is read, if the records of a batch never hold still.
            one_by_one = tries == MOST_TRIES - 1
        except WriteFailed:
            # Then each row of the database by itself: the row of the file that it refuses is reported.
            one_by_one = True
        except OperationalError as error:
            if not (is_lock_timeout(error) or is_deadlock(error)):
                raise
        except IntegrityError:
            # Somebody has just deleted what rows of the batch share, such as a tag: it is made anew.
            continue
    return _store_once(job, batch, processor, one_by_one=one_by_one)


def _is_silent(job: ImportJob) -> bool:
    # A receiver of very many events would rather read all anew.
    return job.total > settings.IMPORT_SINGLE_EVENTS


def _store_once(
    job: ImportJob, batch: Sequence[Record], processor: Processor, *, one_by_one: bool
) -> tuple[Processed, bool]:
    with transaction.atomic():
        job_records.hold(job)
        if _is_silent(job):
            # A batch that is lost is stored anew by the next run; the end of the job makes all of them safe.
            commit_without_waiting()
        # Before any row: two imports at once take turns by batches, and never wait for each other.
        with (
            holding_company(job.company_id),
            outbox.holding_back() if _is_silent(job) else nullcontext(set[str]()) as kinds,
        ):
            processed = processor.process(batch, one_by_one=one_by_one)
        counts = job_records.note_batch(job, *processed, silent_kinds=kinds)
        is_waited_for = _is_silent(job) and locking.is_waited_for()
    job.__dict__.update(counts)
    processor.forget()
    return processed, is_waited_for


def _records(payload: Mapping[str, Any], rows: RowImport) -> Iterator[Record]:
    for number, values in enumerate(payload["rows"], 1):
        store = partial(rows.store_values, values)
        yield Record(number=number, content=values, store=store, column_of=str)


def _records_of_file(payload: Mapping[str, Any], rows: RowImport, actor: Actor) -> Iterator[Record]:
    with _stored_source(payload, rows, actor) as source:
        yield from source.records(rows)


@contextmanager
def _stored_source(
    payload: Mapping[str, Any], rows: RowImport | type[RowImport], actor: Actor
) -> Iterator[Source]:
    options = ImportOptions.from_json(payload["options"])
    with (
        default_storage.open(payload["file"]) as file,
        open_source(file, rows, actor=actor, options=options) as source,
    ):
        yield source


def store_rejects(job: ImportJob, *, actor: Actor) -> str:
    """Store the file of the refused rows of a job that keeps its own file or rows; return its key."""
    payload: Any = job.payload
    with TemporaryFile() as file:
        if "file" in payload:
            name = f"{payload['file']}.rejects"
            with _stored_source(payload, import_kind(job.model).row_import, actor) as source:
                write_rejects(source.table, refused_rows(job), file)
        else:
            name = f"{STORED_BELOW}/{job.company_id}/{job.uuid.hex}{LINES}"
            as_row = partial(record_kind(job.model).row_of_input, actor=actor)
            write_input_rejects(payload["rows"], refused_rows(job), file, as_row)
        file.seek(0)
        # A runner that was killed before the end of the job may have left it.
        remove_content(name)
        return write_content(name, File(file))
