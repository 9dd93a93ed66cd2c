"""The result of an import: counts, and errors by line."""

from collections.abc import Callable
from dataclasses import dataclass

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError

from crm.errors import CrmError, NotFound


@dataclass(frozen=True, kw_only=True)
class RowError:
    """Why a row was refused; ``column`` is None if the row as a whole is meant."""

    line: int
    column: str | None
    message: str

    def __str__(self) -> str:
        parts = [f"line {self.line}", self.column, self.message]
        return ": ".join(part for part in parts if part)


@dataclass(kw_only=True)
class Summary:
    """The numbers of rows read, stored and refused; in a dry run, of rows that would be stored."""

    dry_run: bool
    total: int = 0
    created: int = 0
    failed: int = 0
    stopped: bool = False

    def __str__(self) -> str:
        counts = f"{self.created} created, {self.failed} failed, {self.total} in all"
        counts += " (stopped before the end)" if self.stopped else ""
        return f"Dry run, nothing is stored: {counts}." if self.dry_run else f"{counts}."


def row_errors(
    refusal: ValidationError | CrmError, *, line: int, column_of: Callable[[str], str]
) -> list[RowError]:
    """Return a service's refusal as errors of a line and its columns."""
    if isinstance(refusal, ValidationError) and hasattr(refusal, "error_dict"):
        return [
            RowError(line=line, column=None if path == NON_FIELD_ERRORS else column_of(path), message=message)
            for path, messages in refusal.message_dict.items()
            for message in messages
        ]
    if isinstance(refusal, ValidationError):
        return [RowError(line=line, column=None, message=message) for message in refusal.messages]
    column = column_of(refusal.details["argument"]) if isinstance(refusal, NotFound) else None
    return [RowError(line=line, column=column, message=refusal.message)]
