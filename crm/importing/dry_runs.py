"""Tries a job: its rows are stored as in earnest, and undone."""

import pickle
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from tempfile import TemporaryFile

from django.db import transaction

from crm.database.statistics import GrowingTables
from crm.database.write_behind import WriteFailed
from crm.importing import job_records
from crm.importing.processing import Processed, Processor
from crm.importing.sources import Record
from crm.models.imports import ImportJob
from crm.services.locking import without_company_lock


def try_all(
    job: ImportJob,
    records: Iterable[Record],
    processor: Processor,
    is_stopped: Callable[[], bool],
    on_batch: Callable[[Processed], None],
    *,
    size: int,
) -> bool:
    """Try the rows, undo them, and end the job; return false if that was stopped, and nothing is noted.

    :param is_stopped: asked before each batch.
    :param on_batch: called with what would become of each batch of rows.
    :param size: the rows of a batch.
    """
    remaining, tables, tried = iter(records), GrowingTables(), 0
    # The entries outlive what is undone in a file: a long plan must not fill the memory.
    with TemporaryFile() as kept, transaction.atomic():
        # The outer transaction holds the job for as long as it takes; the inner one is undone. All rows are
        # in one, so that later rows meet earlier ones as they would in earnest.
        job_records.hold(job)
        with transaction.atomic(), without_company_lock():
            while not is_stopped() and (batch := list(islice(remaining, size))):
                processed = _try(batch, processor)
                pickle.dump(processed, kept)
                on_batch(processed)
                tried += len(batch)
                tables.note(tried, in_transaction=True)
            transaction.set_rollback(True)
        if is_stopped():
            return False
        kept.seek(0)
        with suppress(EOFError):
            while True:
                # Written above, by this process.
                job.__dict__.update(job_records.note_batch(job, *pickle.load(kept)))  # noqa: S301
        # In one transaction: a runner that dies between the two would have the rows counted twice.
        job_records.finish(job)
    return True


def _try(batch: Sequence[Record], processor: Processor) -> Processed:
    try:
        with transaction.atomic():
            return processor.process(batch)
    except WriteFailed:
        return processor.process(batch, one_by_one=True)
