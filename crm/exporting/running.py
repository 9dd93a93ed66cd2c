"""Writes an export into a file, from one snapshot of the database."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

from django.db import connection, transaction
from django.db.models import QuerySet

from crm.actors import Action
from crm.exporting.formats import WRITERS, ExportFormat
from crm.exporting.sources import ExportSource
from crm.models import AuditEvent, AuditOutcome, User
from crm.services import audit


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
        with _snapshot():
            summary.columns = source.headings(rows, columns)
            writer = WRITERS[file_format](file, list(summary.columns))
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


@contextmanager
def _snapshot() -> Iterator[None]:
    """Read all rows as they are at one moment."""
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield
