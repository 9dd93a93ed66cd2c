"""Bulk changes: each row goes through the service of one row, and is changed or refused alone."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from crm.errors import BadUserInput, CrmError

MOST_KEYS = 1000
#: Refusals that an answer lists; all of them are counted.
MOST_LISTED = 1000


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why one row was refused: its key as given, the error code and message, and the field."""

    id: str
    code: str
    message: str
    field: str | None = None


@dataclass(kw_only=True)
class BulkResult:
    """The numbers of changed, unchanged and refused rows, and why rows were refused.

    ``followed`` counts what changed with them, such as the open tasks of leads that got another owner.
    """

    done: int = 0
    unchanged: int = 0
    refused_count: int = 0
    followed: int = 0
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, refusal: Refusal) -> None:
        self.refused_count += 1
        if len(self.refused) < MOST_LISTED:
            self.refused.append(refusal)


def check_keys(keys: Sequence[object]) -> list[object]:
    """Return the keys without duplicates.

    :raises BadUserInput: if there are more than ``MOST_KEYS``.
    """
    if len(keys) > MOST_KEYS:
        raise BadUserInput(f"Give at most {MOST_KEYS} ids.")
    # A key that is given twice must not be counted twice.
    return list(dict.fromkeys(keys))


def for_each(keys: Iterable[object], change: Callable[[object], bool]) -> BulkResult:
    """Change each row in a transaction or savepoint of its own; ``change`` returns whether it changed it."""
    result = BulkResult()
    for key in keys:
        try:
            with transaction.atomic():
                changed = change(key)
        except (CrmError, ValidationError) as refused:
            result.refuse(_refusal(str(key), refused))
        else:
            result.done += changed
            result.unchanged += not changed
    return result


def _refusal(key: str, refused: CrmError | ValidationError) -> Refusal:
    if isinstance(refused, CrmError):
        argument = refused.details.get("argument")
        return Refusal(id=key, code=str(refused.code), message=str(refused.message), field=argument)
    if not hasattr(refused, "error_dict"):
        return Refusal(id=key, code="VALIDATION", message=" ".join(refused.messages))
    name, messages = next(iter(refused.message_dict.items()))
    return Refusal(
        id=key,
        code="VALIDATION",
        message=" ".join(messages),
        field=None if name == NON_FIELD_ERRORS else name,
    )
