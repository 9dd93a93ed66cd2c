"""Writes an export into a file, from one snapshot of the database."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from django.db.models import QuerySet

from crm.actors import Action
from crm.database.snapshots import snapshot
from crm.exporting.copying import copy_rows, copy_statement
from crm.exporting.formats import WRITERS, ExportFormat
from crm.exporting.sources import ExportSource
from crm.models import AuditEvent, AuditOutcome, User
from crm.services import audit

#: Statements of an export sort and join whole tables, where others read pages of lists. Parallel workers
#: would each repeat what is joined.
SETTINGS = {"jit": "off", "work_mem": "32MB", "max_parallel_workers_per_gather": "0"}


@dataclass(kw_only=True)
class ExportSummary:
    rows: int = 0
    columns: Sequence[str] = ()
    notes: list[str] = field(default_factory=list)


def export_rows(
    source: ExportSource,
    rows: QuerySet[Any],
    file: IO[bytes],
    *,
    file_format: ExportFormat = ExportFormat.CSV,
    columns: Sequence[str] = (),
    described: object = None,
    on_batch: Callable[[int], None] = lambda _: None,
) -> ExportSummary:
    """Write the rows that an actor sees in the order of their ids, in constant memory, and audit it.

    :param rows: visible to the actor of the source.
    :param described: the filter, for the audit list.
    :param on_batch: told the number of rows that are written.
    """
    source.actor.require(Action.EXPORT)
    summary = ExportSummary()
    outcome = AuditOutcome.FAILED
    try:
        with snapshot(SETTINGS):
            summary.columns = source.headings(rows, columns)
            writer = WRITERS[file_format](file, list(summary.columns))
            statement = copy_statement(source, rows, summary.columns, file_format)
            if statement is not None:
                # The writer has written the headings.
                writer.close()
                summary.rows = copy_rows(statement, file, on_batch)
            else:
                for batch in source.read(rows, summary.columns):
                    writer.write(batch)
                    summary.rows += len(batch)
                    on_batch(summary.rows)
                writer.close()
        outcome = AuditOutcome.DONE
    finally:
        _audit(source, file_format, summary.rows, described, outcome)
    summary.notes = source.notes
    return summary


def _audit(
    source: ExportSource, file_format: ExportFormat, rows: int, described: object, outcome: AuditOutcome
) -> None:
    told = json.dumps(described, ensure_ascii=False, default=str) if described else "all"
    user = User.objects.visible_to(source.actor).filter(pk=source.actor.user_id).first()
    detail = f"{source.name.lower()}, {file_format.lower()}, {rows} rows, where {told}"
    audit.record(
        AuditEvent.EXPORT, outcome=outcome, user=user, company=source.actor.company_id, detail=detail
    )
