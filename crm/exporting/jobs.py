"""Exports that the API asks for: a job first, then its file, at once where it is short."""

import logging
import tempfile
import threading
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.module_loading import import_string

from crm.actors import Action, Actor, Door
from crm.authentication import actor_for
from crm.errors import CrmError, Forbidden, NotFound
from crm.exporting.formats import ExportFormat
from crm.exporting.registry import Exported, exported_named
from crm.exporting.running import ExportSummary, export_rows
from crm.models import ExportJob
from crm.models.base import visible_rows
from crm.services import export_jobs

#: An export of so many rows is made before the mutation answers.
AT_ONCE = 2_000
#: A job is given up that was begun so often.
MOST_STARTS = 3
#: By its path, since commands without the API load no GraphQL.
FILTERED = "crm.graphql.lists.where_json.filtered"
logger = logging.getLogger(__name__)


def start_export(
    model: str,
    *,
    actor: Actor,
    where: object = None,
    columns: Sequence[str] = (),
    file_format: ExportFormat = ExportFormat.CSV,
) -> ExportJob:
    """Store a job for an export, and make its file at once if it is short.

    :raises ValidationError: keyed ``where`` or ``columns``, if one of them cannot be understood.
    """
    actor.require(Action.EXPORT)
    exported = exported_named(model)
    rows = rows_of(exported, where, actor)
    # Refused now, and not by a job that nobody looks at.
    exported.source(actor).headings(rows.none(), columns)
    job = export_jobs.open_export(
        model, actor=actor, where=where, columns=columns, file_format=file_format.value
    )
    if rows.order_by()[: AT_ONCE + 1].count() <= AT_ONCE:
        _run(job, actor)
    return job


def run_next_export(stopped: threading.Event) -> ExportJob | None:
    """Make the file of the export that waits for the longest time; return its job, None if none waits."""
    job = None if stopped.is_set() else export_jobs.claim_next()
    if job is None:
        return None
    if job.starts > MOST_STARTS:
        export_jobs.finish(
            job, error=f"The export was begun {MOST_STARTS} times and never ended: ask for fewer rows."
        )
        return job
    try:
        if job.user is None:
            raise NotFound
        actor = actor_for(job.user, job.company, door=Door(job.door))
        actor.require(Action.EXPORT)
    except (NotFound, Forbidden):
        export_jobs.finish(job, error="The user who started the export may no longer export.")
        return job
    _run(job, actor)
    return job


def rows_of(exported: Exported, where: object, actor: Actor) -> QuerySet[Any]:
    """Return the rows that an actor sees and a ``where`` in plain JSON means.

    :raises ValidationError: keyed ``where``, with what is wrong.
    """
    rows: QuerySet[Any] = import_string(FILTERED)(
        visible_rows(exported.source.model, actor), where, exported.graphql_list, actor=actor
    )
    return rows


def _run(job: ExportJob, actor: Actor) -> None:
    try:
        with tempfile.TemporaryFile() as file:
            summary = _write(job, actor, file)
            export_jobs.store_content(job, file)
    except (ValidationError, CrmError) as refused:
        said = " ".join(refused.messages) if isinstance(refused, ValidationError) else refused.message
        export_jobs.finish(job, error=said)
        return
    job.rows, job.notes = summary.rows, summary.notes
    export_jobs.finish(job)


def _write(job: ExportJob, actor: Actor, file: Any) -> ExportSummary:
    exported = exported_named(job.model)

    def note(rows: int) -> None:
        # Not in the database: its transaction reads one moment only.
        logger.debug("Export %s: %s rows.", job.uuid, rows)

    return export_rows(
        exported.source(actor),
        rows_of(exported, job.where, actor),
        file,
        file_format=ExportFormat(job.format),
        columns=job.columns,
        described=job.where,
        on_batch=note,
    )
