"""Jobs and the entries of their ledgers as the pages show them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.actors import Actor, Door
from crm.admin.imports.forms import POLICIES
from crm.admin.imports.words import in_words_of_the_page
from crm.admin.labels import label_of
from crm.admin.timeline_words import DOORS, lines_of_changes
from crm.importing.previews import cells_of
from crm.importing.rejects import REFUSED
from crm.models.base import visible_rows
from crm.models.imports import (
    UNFINISHED,
    DuplicatePolicy,
    ImportJob,
    ImportRow,
    ImportStatus,
    JobUndo,
    RowAction,
)
from crm.records.registry import import_kind

PAGE = 50
DONE = {
    RowAction.CREATE: _("Created"),
    RowAction.UPDATE: _("Changed"),
    RowAction.UNCHANGED: _("Nothing new"),
    RowAction.SKIP: _("Skipped"),
    RowAction.REJECT: _("Refused"),
    RowAction.CONFLICT: _("In conflict"),
}
PLANNED = {**DONE, RowAction.CREATE: _("To create"), RowAction.UPDATE: _("To change")}
KEYS = {
    "ID": "id",
    "EMAIL": _("e-mail address"),
    "PHONE": _("phone"),
    "NAME": _("name"),
    "EXTERNAL_ID": _("external id"),
    "CONTENT": _("same words and time"),
    "ROW": _("same row"),
}


@dataclass(frozen=True, kw_only=True)
class ShownJob:
    """A job with the words for it."""

    job: ImportJob

    @property
    def kind(self) -> str:
        return str(import_kind(self.job.model).model._meta.verbose_name_plural)

    @property
    def who(self) -> str:
        name = str(self.job.user) if self.job.user else gettext("Nobody any more")
        way = DOORS.get(Door.COMMAND if self.job.is_attended else self.job.door, "")
        return ", ".join(str(part) for part in (name, way) if part)

    @property
    def name(self) -> str:
        return self.job.filename or gettext("Rows without a file")

    @property
    def policy(self) -> str:
        return str(POLICIES[DuplicatePolicy(self.job.on_duplicate)])

    @property
    def is_open(self) -> bool:
        """Whether something still happens to it without a person."""
        runs = self.job.status in UNFINISHED and self.job.status != ImportStatus.STOPPED
        return runs or self.job.undo == JobUndo.WAITING

    @property
    def is_good(self) -> bool:
        return not self.job.undo and not self.job.dry_run and self.job.status == ImportStatus.COMPLETED

    @property
    def is_bad(self) -> bool:
        return self.job.undo == JobUndo.FAILED or (
            not self.job.undo and self.job.status == ImportStatus.FAILED
        )

    @property
    def state(self) -> str:
        job = self.job
        if job.undo:
            return {
                JobUndo.WAITING: gettext("Being undone"),
                JobUndo.DONE: gettext("Undone"),
                JobUndo.FAILED: gettext("Undo failed"),
            }[JobUndo(job.undo)]
        if job.status == ImportStatus.COMPLETED:
            return gettext("Plan") if job.dry_run else gettext("Done")
        return {
            ImportStatus.QUEUED: gettext("Waiting"),
            ImportStatus.RUNNING: gettext("At work"),
            ImportStatus.STOPPED: gettext("Stopped"),
            ImportStatus.FAILED: gettext("Failed"),
        }[ImportStatus(job.status)]

    @property
    def counts(self) -> list[tuple[RowAction, str, int]]:
        """The numbers of rows by action, of which those without rows are left out."""
        job = self.job
        numbers = {
            RowAction.CREATE: job.created,
            RowAction.UPDATE: job.updated,
            RowAction.UNCHANGED: job.unchanged,
            RowAction.SKIP: job.skipped - job.unchanged,
            RowAction.REJECT: job.failed - job.conflicts,
            RowAction.CONFLICT: job.conflicts,
        }
        words = PLANNED if job.dry_run else DONE
        return [(action, str(words[action]), number) for action, number in numbers.items() if number]


@dataclass(frozen=True, kw_only=True)
class ShownRow:
    """An entry of a ledger: what is done with a row of the file, to which record."""

    row: ImportRow
    label: str
    record: str
    address: str
    key: str
    lines: Sequence[Mapping[str, str]]
    message: str


def rows_page(job: ImportJob, action: str, page: int, actor: Actor) -> tuple[list[ShownRow], int, int]:
    """Return the entries of a page, the number of the page, and that of all pages.

    As many statements for a full page as for one row.

    :param action: an action to narrow to; empty for all.
    """
    numbers = {known: number for known, _, number in ShownJob(job=job).counts}
    is_narrowed = action in RowAction.values
    total = numbers.get(RowAction(action), 0) if is_narrowed else job.processed
    pages = max(1, -(-total // PAGE))
    page = min(max(page, 1), pages)
    # Not a range of numbers: lines of a file have gaps.
    rows = visible_rows(ImportRow, actor).filter(job=job).order_by("number").defer("before", "made")
    if is_narrowed:
        rows = rows.filter(action=action)
    return _shown(job, list(rows[(page - 1) * PAGE : page * PAGE]), actor), page, pages


def _shown(job: ImportJob, rows: Sequence[ImportRow], actor: Actor) -> list[ShownRow]:
    model: Any = import_kind(job.model).model
    keys = {row.object_id for row in rows if row.object_id is not None}
    records = visible_rows(model, actor).in_bulk(keys) if keys else {}
    # They have no values before and after; the file of a plan is there to look them up.
    untold = [row.number for row in rows if row.action in (RowAction.CREATE, *REFUSED)]
    cells = cells_of(job, untold, actor=actor)
    words = PLANNED if job.dry_run else DONE
    page = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    shown = []
    for row in rows:
        record = records.get(row.object_id)
        changed = lines_of_changes(row.changes, model)
        changed += [
            {"label": label_of(model, name), "text": text} for name, text in cells.get(row.number, {}).items()
        ]
        shown.append(
            ShownRow(
                row=row,
                label=str(words[RowAction(row.action)]),
                record=str(record) if record is not None else _unnamed(row),
                address=reverse(page, args=[row.object_id]) if record is not None else "",
                key=str(KEYS.get(row.key, row.key.lower())),
                lines=changed,
                message=in_words_of_the_page(row.undo_message or row.message),
            )
        )
    return shown


def _unnamed(row: ImportRow) -> str:
    if row.of_row is not None:
        return gettext("The record of row %(of_row)s") % {"of_row": row.of_row}
    return gettext("A record that is deleted") if row.object_id is not None else ""
