"""Runs a file through the services, each row in its own transaction."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction

from crm.actors import Action, Actor
from crm.errors import CrmError
from crm.importing.files.options import Limits
from crm.importing.options import ImportOptions
from crm.importing.report import LEFT_OUT, RowError, Summary, row_errors
from crm.importing.sources import Record, Source, open_source
from crm.records.row_import import RowImport
from crm.services.locking import without_company_lock


class DatabaseLost(CrmError):
    pass


def run_import(
    file: Any,
    rows: RowImport,
    *,
    actor: Actor,
    options: ImportOptions | None = None,
    limits: Limits | None = None,
    dry_run: bool = False,
    may_update: bool = False,
    on_error: Callable[[RowError], None],
    on_opened: Callable[[Source], None] = lambda _: None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> Summary:
    """Store the rows of a file; a refused row stores nothing, and the next one follows.

    The file is read to its end before the first row is stored, so that a broken file changes nothing.

    :param file: anything with ``read``.
    :param on_error: told of each row that is refused or left out.
    :param on_opened: told once what was recognised of the file, before anything is stored.
    :param dry_run: run everything in one transaction that is rolled back; nothing is announced.
    :param may_update: whether a row may mean a record that exists; only then those are counted.
    :param is_stopped: asked before each row; true ends the import there.
    :raises FileRefused: if the file or its header cannot be understood.
    :raises DatabaseLost: if the database stops answering; the rows before are stored.
    """
    actor.require(Action.IMPORT)
    known = 0 if may_update else None
    summary = Summary(dry_run=dry_run, updated=known, skipped=known)
    with open_source(file, rows, actor=actor, options=options or ImportOptions(), limits=limits) as source:
        on_opened(source)
        source.check()
        with _rolled_back() if dry_run else nullcontext():
            for record in source.records(rows):
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


def _store(record: Record, summary: Summary) -> Sequence[RowError]:
    if record.left_out is not None:
        summary.note_left_out()
        return [RowError(line=record.number, column=None, code=LEFT_OUT, message=record.left_out)]
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
