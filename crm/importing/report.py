"""The result of an import: counts, and errors by line."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.errors import Conflict, ConflictReason, CrmError, NotFound
from crm.records.row_import import Outcome

#: The code of a row that may mean another record than the one found.
MATCH = ConflictReason.MATCH.value
VALIDATION = "VALIDATION"
#: The code of a row that is no record, such as one of totals; it is not refused, and not stored.
LEFT_OUT = "LEFT_OUT"


@dataclass(frozen=True, kw_only=True)
class RowError:
    """Why a row was refused; ``column`` is None if the row as a whole is meant.

    ``code`` is one of the API's codes, or ``MATCH``.
    """

    line: int
    column: str | None
    code: str
    message: str

    def __str__(self) -> str:
        parts = [f"line {self.line}", self.code if self.code == MATCH else self.column, self.message]
        return ": ".join(part for part in parts if part)


@dataclass(kw_only=True)
class Summary:
    """The numbers of rows read, stored and refused; in a dry run, of rows that would be stored."""

    dry_run: bool
    total: int = 0
    created: int = 0
    #: None where every row makes a new record.
    updated: int | None = None
    skipped: int | None = None
    failed: int = 0
    #: Rows that are no records; None if there are none.
    left_out: int | None = None
    stopped: bool = False

    def note(self, outcome: Outcome | None) -> None:
        """Count a row; None is one that was refused."""
        self.total += 1
        self.created += outcome == "created"
        self.failed += outcome is None
        if outcome == "updated":
            self.updated = (self.updated or 0) + 1
        if outcome == "skipped":
            self.skipped = (self.skipped or 0) + 1

    def note_left_out(self) -> None:
        """Count a row that is no record."""
        self.left_out = (self.left_out or 0) + 1

    def counts(self) -> dict[str, bool | int]:
        """Return the numbers by name, without those that do not apply."""
        return {name: count for name, count in asdict(self).items() if count is not None}

    def __str__(self) -> str:
        known = "" if self.updated is None else f"{self.updated} updated, {self.skipped} skipped, "
        counts = f"{self.created} created, {known}{self.failed} failed, {self.total} in all"
        counts += f" ({self.left_out} more left out)" if self.left_out else ""
        counts += " (stopped before the end)" if self.stopped else ""
        return f"Dry run, nothing is stored: {counts}." if self.dry_run else f"{counts}."


def row_errors(
    refusal: ValidationError | CrmError, *, line: int, column_of: Callable[[str], str]
) -> list[RowError]:
    """Return a service's refusal as errors of a line and its columns."""
    if isinstance(refusal, ValidationError) and hasattr(refusal, "error_dict"):
        return [
            RowError(
                line=line,
                column=None if path == NON_FIELD_ERRORS else column_of(path),
                code=VALIDATION,
                message=message,
            )
            for path, messages in refusal.message_dict.items()
            for message in messages
        ]
    if isinstance(refusal, ValidationError):
        return [
            RowError(line=line, column=None, code=VALIDATION, message=message) for message in refusal.messages
        ]
    is_match = isinstance(refusal, Conflict) and refusal.reason == ConflictReason.MATCH
    column = column_of(refusal.details["argument"]) if isinstance(refusal, NotFound) else None
    code = MATCH if is_match else str(refusal.code)
    return [RowError(line=line, column=column, code=code, message=refusal.message)]
