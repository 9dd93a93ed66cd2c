"""Runs the file of a command as a job, with which the same command goes on after a stop or a kill."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import OperationalError

from crm.actors import Action, Actor
from crm.errors import CrmError
from crm.importing import claims, job_records, mappings
from crm.importing.files.options import Limits
from crm.importing.jobs import run_claimed
from crm.importing.mappings import used_options
from crm.importing.options import ImportOptions
from crm.importing.plans import Plan, PlanRefused
from crm.importing.processing import Processed
from crm.importing.report import RowError, Summary
from crm.importing.sources import Source, open_source
from crm.models import Company
from crm.models.import_mappings import ImportMapping
from crm.models.imports import DuplicatePolicy, ImportJob, ImportRowError
from crm.records.row_import import RowImport

#: How much of a file is read at a time, in bytes.
PIECE = 1 << 20


class DatabaseLost(CrmError):
    pass


class FileImport:
    """One file, opened and understood, and what is to be done with it."""

    def __init__(
        self,
        source: Source,
        rows: type[RowImport],
        *,
        actor: Actor,
        digest: str,
        options: ImportOptions,
        policy: DuplicatePolicy = DuplicatePolicy.UPDATE,
        split_phones: bool = False,
        filename: str | None = None,
    ) -> None:
        self.source = source
        self.total = source.check()
        self._rows, self._actor, self._digest = rows, actor, digest
        self._options, self._policy, self._split_phones = options, policy, split_phones
        self._filename = filename

    def facts(self) -> dict[str, Any]:
        """Return what identifies the import, for its plan."""
        company: Any = Company.objects.get(pk=self._actor.company_id)
        return {
            "model": self._rows.kind.value,
            "sha256": self._digest,
            "options": self._options.as_json(),
            "on_match": self._policy.value.lower(),
            "split_phones": self._split_phones,
            "company": str(company.uuid),
        }

    def save_mapping(self, name: str) -> ImportMapping:
        """Save the fields of the columns and the options of this import under a name."""
        used = used_options(self._options, self.source.mapping)
        return mappings.save_mapping(
            name, self._rows.kind, used, split_phones=self._split_phones, actor=self._actor
        )

    def open_job(self, *, dry_run: bool = False, plan: Plan | None = None) -> ImportJob:
        """Return the job of this import that is not finished, else a new one, claimed for this process.

        :raises PlanRefused: if the plan is one of another import.
        :raises AlreadyRuns: if another process runs it.
        """
        settings = {"options": self._options.as_json(), "split_phones": self._split_phones}
        identity = [self._digest, settings]
        if plan is not None:
            dry = job_records.fingerprint_of(
                self._rows.kind,
                identity,
                user_id=plan.user_id,
                on_duplicate=self._policy,
                dry_run=True,
                is_attended=True,
            )
            plan.check(self.facts(), dry)
        job, _ = job_records.open_job(
            self._rows.kind,
            settings,
            actor=self._actor,
            total=self.total,
            on_duplicate=self._policy,
            dry_run=dry_run,
            filename=self._filename,
            digest=self._digest,
            identity=identity,
            is_attended=True,
            plan=None if plan is None else plan.job,
        )
        return claims.claim_for_command(job)

    def run(
        self,
        job: ImportJob,
        *,
        plan: Plan | None = None,
        on_batch: Callable[[Processed], None] = lambda _: None,
        is_stopped: Callable[[], bool] = lambda: False,
    ) -> Summary:
        """Run the job to its end, or until it is stopped.

        :raises DatabaseLost: if the database stops answering; the batches before are stored.
        """
        begun = time.monotonic()
        try:
            is_done = run_claimed(
                job,
                actor=self._actor,
                source=self.source,
                plan=plan,
                is_stopped=is_stopped,
                on_batch=on_batch,
            )
        except OperationalError as error:
            stored = (
                "Nothing is stored"
                if job.dry_run
                else f"{job.processed} of {job.total} rows are done; run the same command again to go on"
            )
            raise DatabaseLost(f"The database failed: {error}. {stored}.") from error
        except PlanRefused as refused:
            job_records.finish(job, error=refused.message)
            raise
        except job_records.LeaseLost as lost:
            raise claims.AlreadyRuns(f"Another process has taken over import {job.uuid}.") from lost
        return summary_of(job, stopped=not is_done, seconds=time.monotonic() - begun)


def summary_of(job: ImportJob, *, stopped: bool = False, seconds: float = 0.0) -> Summary:
    """Return the numbers of a job."""
    left_out = job_records.left_out(job)
    return Summary(
        job=str(job.uuid),
        dry_run=job.dry_run,
        total=job.processed - left_out,
        created=job.created,
        updated=job.updated,
        unchanged=job.unchanged,
        skipped=job.skipped - job.unchanged - left_out,
        failed=job.failed,
        conflicts=job.conflicts,
        left_out=left_out,
        stopped=stopped,
        seconds=round(seconds, 3),
    )


@contextmanager
def opened_import(
    file: Any,
    rows: type[RowImport],
    *,
    actor: Actor,
    options: ImportOptions | None = None,
    limits: Limits | None = None,
    on_opened: Callable[[Source], None] = lambda _: None,
    **given: Any,
) -> Iterator[FileImport]:
    """Yield the import of a file, which is read to its end first: a broken one changes nothing.

    :param file: anything with ``read`` and ``seek``.
    :param on_opened: called with what was recognised of the file.
    :param given: see ``FileImport``.
    :raises FileRefused: if the file or its header cannot be understood.
    """
    actor.require(Action.IMPORT)
    options = options or ImportOptions()
    digest = hashlib.sha256()
    while piece := file.read(PIECE):
        digest.update(piece)
    file.seek(0)
    with open_source(file, rows, actor=actor, options=options, limits=limits) as source:
        on_opened(source)
        yield FileImport(source, rows, actor=actor, digest=digest.hexdigest(), options=options, **given)


def run_import(
    file: Any,
    rows: type[RowImport],
    *,
    actor: Actor,
    on_error: Callable[[RowError], None],
    dry_run: bool = False,
    **given: Any,
) -> Summary:
    """Store the rows of a file in one call: open it, run its job, and report the rows that are refused."""

    def report(processed: Processed) -> None:
        for error in processed[1]:
            on_error(error_of(error))

    with opened_import(file, rows, actor=actor, **given) as work:
        return work.run(work.open_job(dry_run=dry_run), on_batch=report)


def error_of(error: ImportRowError) -> RowError:
    """Return a stored report as commands print it."""
    return RowError(line=error.row, column=error.field, code=error.code, message=error.message)
