"""Runs a file through the services, each row in its own transaction."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction

from crm.actors import Action, Actor
from crm.errors import CrmError
from crm.importing.mapping import map_header
from crm.importing.reading import Row, read_header, read_rows
from crm.importing.report import RowError, Summary, row_errors
from crm.records.row_import import Columns, RowImport


class DatabaseLost(CrmError):
    pass


def run_import(
    file: BinaryIO,
    rows: RowImport,
    *,
    actor: Actor,
    delimiter: str = ",",
    dry_run: bool = False,
    on_error: Callable[[RowError], None],
    is_stopped: Callable[[], bool] = lambda: False,
) -> Summary:
    """Store the rows of a CSV file; a refused row stores nothing, and the next one follows.

    The file is read to its end before the first row is stored, so that a broken file changes nothing.

    :param file: can be read twice.
    :param dry_run: run everything in one transaction that is rolled back; nothing is announced.
    :param is_stopped: asked before each row; true ends the import there.
    :raises FileRefused: if the file or its header cannot be understood.
    :raises DatabaseLost: if the database stops answering; the rows before are stored.
    """
    actor.require(Action.IMPORT)
    fields = _check(file, rows.columns, delimiter)
    file.seek(0)
    summary = Summary(dry_run=dry_run)
    with transaction.atomic() if dry_run else nullcontext():
        records = read_rows(file, delimiter=delimiter)
        next(records)
        for row in records:
            if is_stopped():
                summary.stopped = True
                break
            errors = _run_row(row, fields, rows, summary)
            summary.total += 1
            summary.created += not errors
            summary.failed += bool(errors)
            for error in errors:
                on_error(error)
        if dry_run:
            transaction.set_rollback(True)
    return summary


def _check(file: BinaryIO, columns: Columns, delimiter: str) -> list[str]:
    records = read_rows(file, delimiter=delimiter)
    fields = map_header(read_header(records), columns)
    for _ in records:
        pass
    return fields


def _run_row(row: Row, fields: list[str], rows: RowImport, summary: Summary) -> list[RowError]:
    wrong = too_few_or_many(row, len(fields))
    if wrong:
        return [RowError(line=row.line, column=None, message=wrong)]
    cells = {field: cell for field, cell in zip(fields, row.cells, strict=True) if cell.strip()}
    try:
        with transaction.atomic():
            rows.store(cells)
    except (ValidationError, CrmError) as refusal:
        return row_errors(refusal, line=row.line, column_of=partial(rows.column_of, cells=cells))
    except OperationalError as error:
        stored = "nothing is stored" if summary.dry_run else f"rows created before it stay: {summary.created}"
        raise DatabaseLost(f"The database failed at line {row.line}; {stored}.") from error
    return []


def too_few_or_many(row: Row, columns: int) -> str | None:
    """Return an error if a row has more or fewer cells than there are columns."""
    return None if len(row.cells) == columns else f"{len(row.cells)} cells, but {columns} columns."
