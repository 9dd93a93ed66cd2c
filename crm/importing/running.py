"""Runs a file through the services, each row in its own transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import OperationalError, transaction

from crm.actors import Action, Actor
from crm.errors import CrmError
from crm.importing.mapping import map_header
from crm.importing.reading import read_header, read_rows
from crm.importing.report import RowError, Summary, row_errors
from crm.records.row_import import Columns, Outcome, RowImport
from crm.services.locking import without_company_lock


class DatabaseLost(CrmError):
    pass


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row of a job: its position in the input, how to store it, and its column names."""

    number: int
    store: Callable[[], Outcome]
    column_of: Callable[[str], str]


def file_records(
    file: BinaryIO | File[bytes], fields: Sequence[str | None], rows: RowImport, *, delimiter: str
) -> Iterator[Record]:
    """Yield the rows of a CSV file below its header; a column without a field is left out."""
    lines = read_rows(file, delimiter=delimiter)
    next(lines)
    for row in lines:
        named = zip(fields, row.cells, strict=False)
        cells = {field: cell for field, cell in named if field is not None and cell.strip()}
        wrong = f"{len(row.cells)} cells, but {len(fields)} columns."
        yield Record(
            number=row.line,
            store=partial(rows.store, cells) if len(row.cells) == len(fields) else partial(_refuse, wrong),
            column_of=partial(rows.column_of, cells=cells),
        )


def _refuse(message: str) -> Outcome:
    raise ValidationError(message)


def run_import(
    file: BinaryIO,
    rows: RowImport,
    *,
    actor: Actor,
    delimiter: str = ",",
    dry_run: bool = False,
    may_update: bool = False,
    on_error: Callable[[RowError], None],
    is_stopped: Callable[[], bool] = lambda: False,
) -> Summary:
    """Store the rows of a CSV file; a refused row stores nothing, and the next one follows.

    The file is read to its end before the first row is stored, so that a broken file changes nothing.

    :param dry_run: run everything in one transaction that is rolled back; nothing is announced.
    :param may_update: whether a row may mean a record that exists; only then those are counted.
    :param is_stopped: asked before each row; true ends the import there.
    :raises FileRefused: if the file or its header cannot be understood.
    :raises DatabaseLost: if the database stops answering; the rows before are stored.
    """
    actor.require(Action.IMPORT)
    fields = _check(file, rows.columns, delimiter)
    file.seek(0)
    known = 0 if may_update else None
    summary = Summary(dry_run=dry_run, updated=known, skipped=known)
    with _rolled_back() if dry_run else nullcontext():
        for record in file_records(file, fields, rows, delimiter=delimiter):
            if is_stopped():
                summary.stopped = True
                break
            for error in _store(record, summary):
                on_error(error)
    return summary


@contextmanager
def _rolled_back() -> Iterator[None]:
    with transaction.atomic(), without_company_lock():
        yield
        transaction.set_rollback(True)


def _check(file: BinaryIO, columns: Columns, delimiter: str) -> list[str]:
    records = read_rows(file, delimiter=delimiter)
    fields = map_header(read_header(records), columns)
    for _ in records:
        pass
    return fields


def _store(record: Record, summary: Summary) -> list[RowError]:
    try:
        with transaction.atomic():
            outcome = record.store()
    except (ValidationError, CrmError) as refusal:
        summary.note(None)
        return row_errors(refusal, line=record.number, column_of=record.column_of)
    except OperationalError as error:
        stored = "nothing is stored" if summary.dry_run else f"rows created before it stay: {summary.created}"
        raise DatabaseLost(f"The database failed at line {record.number}; {stored}.") from error
    summary.note(outcome)
    return []
