"""Stores rows of an import and writes what became of each into its ledger."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.functional import cached_property

from crm.actors import Actor
from crm.database.new_keys import Needs
from crm.database.new_rows import new_row, relate
from crm.database.read_once import reading_once
from crm.database.write_behind import write_behind, writes_so_far
from crm.errors import CrmError
from crm.importing import ledger
from crm.importing.plans import WRITTEN, ChangedSincePlan, PlannedRow, PlanRefused
from crm.importing.report import CHANGED_SINCE_PLAN, LEFT_OUT, RowError, row_errors
from crm.importing.sources import Record
from crm.models.imports import DuplicatePolicy, ImportJob, ImportRow, ImportRowError, RowAction
from crm.records.registry import import_kind
from crm.records.row_import import RowImport
from crm.services import stored_rows
from crm.services.importing import SAME_ROW

#: Policies under which a known record gets what a row says.
APPLYING = frozenset({DuplicatePolicy.UPDATE, DuplicatePolicy.FILL})
#: How many rows are read ahead together after one that was refused when it had written already.
FEWEST = 25
Processed = tuple[list[ImportRow], list[ImportRowError]]


class _Given(NamedTuple):
    """A row of a batch, and what is known of it before it is stored."""

    record: Record
    hash: str
    plan: PlannedRow | None
    known: ledger.KnownRow | None


class Processor:
    """Stores the rows of one job, each in a savepoint of its own.

    :param are_cells: whether the rows are cells of a file, not inputs of the API.
    :param plan: what each row may do, from the first that is processed; None for whatever it does.
    """

    def __init__(
        self,
        job: ImportJob,
        rows: RowImport,
        *,
        actor: Actor,
        are_cells: bool,
        salt: str = "",
        plan: Iterator[PlannedRow] | None = None,
    ) -> None:
        self._job = job
        self._rows = rows
        self._actor = actor
        self._are_cells = are_cells
        #: Options that give equal rows another meaning.
        self._salt = salt
        self._plan = plan
        #: What the plan says of the rows at work: they may be stored a second time.
        self._read: dict[int, PlannedRow] = {}
        self._planned = ledger.PlannedRecords() if job.dry_run else None
        #: How many keys a batch needs.
        self._needs: Needs = {}

    def process(self, records: Sequence[Record], *, one_by_one: bool = False) -> Processed:
        """Store some rows in the caller's transaction; return their entries and reports, which it stores.

        :param one_by_one: whether to write each row of the database by itself.
        :raises WriteFailed: if the database refuses what was to be written together.
        """
        hashes = [ledger.hash_of(record.content, self._salt) for record in records]
        known = self._known(hashes)
        given = [
            _Given(record, hash_, self._planned_row(record), known.get(hash_))
            for record, hash_ in zip(records, hashes, strict=True)
        ]
        rows: list[ImportRow] = []
        errors: list[ImportRowError] = []
        size = len(given)
        while len(rows) < len(given):
            is_whole = self._process_some(
                given[len(rows) : len(rows) + size], rows, errors, one_by_one=one_by_one
            )
            size = 2 * size if is_whole else FEWEST
        if self._planned is not None:
            self._planned.replace_keys(rows)
        return rows, errors

    def _process_some(
        self,
        given: Sequence[_Given],
        rows: list[ImportRow],
        errors: list[ImportRowError],
        *,
        one_by_one: bool,
    ) -> bool:
        """Store rows with what is read for all of them; add their entries and reports to the lists.

        :return: false if it ended at a row that was refused after it had written: what was read ahead, and
            earlier rows had found, may be gone with it.
        """
        kept = nullcontext() if one_by_one else write_behind(self._needs)
        contents = [each.record.content for each in given if self._is_stored(each)]
        with reading_once(), self._rows.batch(contents, are_cells=self._are_cells), kept:
            for each in given:
                row = self._entry(each.record.number, each.hash)
                before = writes_so_far()
                refused = self._process(each, row, rows)
                errors += refused
                rows.append(row)
                if refused and (before is None or writes_so_far() != before):
                    return False
        return True

    def forget(self) -> None:
        """Let go of what is kept of rows that are stored for good."""
        self._read.clear()

    def _process(self, given: _Given, row: ImportRow, before: Sequence[ImportRow]) -> list[ImportRowError]:
        record, plan, known = given.record, given.plan, given.known
        if record.left_out is not None:
            row.action, row.code, row.message = RowAction.SKIP, LEFT_OUT, record.left_out
            return [ImportRowError(job=self._job, row=row.number, code=LEFT_OUT, message=record.left_out)]
        if plan is not None and plan.action not in WRITTEN:
            return self._repeat(plan, row, before)
        if known is not None and not self._is_stored(given):
            row.action, row.key, row.object_id = RowAction.UNCHANGED, SAME_ROW, known.object_id
            row.version = row.version_before = known.version
            return []
        try:
            with transaction.atomic(), stored_rows.observed() as stored:
                imported = record.store(known=None if known is None else known.object_id)
                ledger.note_result(row, imported, stored)
                if plan is not None:
                    plan.check(row, self._target(plan, before))
        except (ValidationError, CrmError) as refusal:
            errors = row_errors(refusal, line=row.number, column_of=record.column_of)
        except ChangedSincePlan as changed:
            errors = [RowError(line=row.number, column=None, code=CHANGED_SINCE_PLAN, message=str(changed))]
        else:
            return []
        blank = self._entry(row.number, row.hash)
        row.__dict__.update({name: value for name, value in blank.__dict__.items() if name != "_state"})
        return ledger.note_refusal(row, errors)

    def _is_stored(self, given: _Given) -> bool:
        """Return whether a row is given to the services; of others it is known what became of them."""
        if given.record.left_out is not None:
            return False
        if given.plan is not None:
            return given.plan.action in WRITTEN
        return given.known is None or not given.known.is_applied or self._job.on_duplicate not in APPLYING

    def _entry(self, number: int, hash_: str) -> ImportRow:
        entry = new_row(ImportRow, job_id=self._job.pk, number=number, hash=hash_)
        relate(entry, "job", self._job)
        return entry

    def _repeat(self, plan: PlannedRow, row: ImportRow, before: Sequence[ImportRow]) -> list[ImportRowError]:
        """Write down what the plan says of a row that writes nothing."""
        row.action, row.key, row.code, row.message = plan.action, plan.key, plan.code, plan.message
        row.object_id, row.version_before = self._target(plan, before), plan.version
        row.version = plan.version
        if plan.action not in (RowAction.REJECT, RowAction.CONFLICT):
            return []
        return [ImportRowError(job=self._job, row=row.number, code=plan.code, message=plan.message)]

    def _target(self, plan: PlannedRow, before: Sequence[ImportRow]) -> int | None:
        """Return the record that the plan means for a row."""
        if plan.of_row is None:
            return plan.object_id
        for row in before:
            if row.number == plan.of_row:
                return row.object_id
        rows = ImportRow.objects.filter(job=self._job, number=plan.of_row)
        return rows.values_list("object_id", flat=True).first()

    def _planned_row(self, record: Record) -> PlannedRow | None:
        if self._plan is None:
            return None
        if record.number not in self._read:
            planned = next(self._plan, None)
            if planned is None or planned.number != record.number:
                raise PlanRefused(f"The plan says nothing of line {record.number}: make a new one.")
            self._read[record.number] = planned
        return self._read[record.number]

    @cached_property
    def _sources(self) -> list[int]:
        return ledger.sources_of(self._job)

    def _known(self, hashes: Collection[str]) -> Mapping[str, ledger.KnownRow]:
        if self._job.on_duplicate == DuplicatePolicy.CREATE:
            return {}
        model = import_kind(self._job.model).model
        return ledger.known_rows(self._job, self._sources, hashes, model=model, actor=self._actor)
