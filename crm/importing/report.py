"""The result of an import: counts, and errors by line."""

from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.errors import Conflict, ConflictReason, CrmError, NotFound

#: The code of a row that may mean another record than the one found.
MATCH = ConflictReason.MATCH.value
#: The code of a row whose record is no longer as the plan found it.
CHANGED_SINCE_PLAN = "CHANGED_SINCE_PLAN"
#: Codes of rows that are in conflict with what is stored, rather than wrong.
CONFLICTS = frozenset({MATCH, CHANGED_SINCE_PLAN})
VALIDATION = "VALIDATION"
#: The code of a row that is no record, such as one of totals; it is not refused, and not stored.
LEFT_OUT = "LEFT_OUT"


@dataclass(frozen=True, kw_only=True)
class RowError:
    """Why a row was refused; ``column`` is None if the row as a whole is meant.

    ``code`` is one of the API's codes, ``MATCH`` or ``CHANGED_SINCE_PLAN``.
    """

    line: int
    column: str | None
    code: str
    message: str

    def __str__(self) -> str:
        parts = [f"line {self.line}", self.code if self.code in CONFLICTS else self.column, self.message]
        return ": ".join(part for part in parts if part)


@dataclass(frozen=True, kw_only=True)
class Summary:
    """The numbers of rows by what became of them; in a dry run, of what would become of them.

    ``failed`` rows were refused, ``conflicts`` among them because they may mean another record. Rows that are
    ``left_out`` are no records, and not in the total.
    """

    job: str
    dry_run: bool
    total: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    failed: int
    conflicts: int
    left_out: int
    stopped: bool = False
    seconds: float = 0.0

    def counts(self) -> dict[str, bool | int | float | str]:
        """Return the numbers by name."""
        return asdict(self)

    def __str__(self) -> str:
        if_any = [
            f"{count} {word}, "
            for word, count in (
                ("updated", self.updated),
                ("unchanged", self.unchanged),
                ("skipped", self.skipped),
            )
            if count
        ]
        counts = f"{self.created} created, {''.join(if_any)}{self.failed} failed"
        counts += f" ({self.conflicts} in conflict)" if self.conflicts else ""
        counts += f", {self.total} in all"
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
