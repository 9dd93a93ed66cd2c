"""Domain errors, independent of the transport: each door formats them in its own way.

Invalid data is not among them: for that, services raise Django's ``ValidationError``, keyed by field.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any


class CrmError(Exception):
    """A request that the domain refuses.

    ``code`` is one of the error codes of the API; ``details`` go to the client unchanged.
    """

    code = "INTERNAL"
    default_message = "The request was refused."

    def __init__(self, message: str | None = None, **details: object) -> None:
        self.message = message or self.default_message
        self.details: dict[str, Any] = {key: value for key, value in details.items() if value is not None}
        super().__init__(self.message)


class Unauthenticated(CrmError):
    """No credential, or one that is not valid (any more)."""

    code = "UNAUTHENTICATED"
    default_message = "Unauthenticated."


class Forbidden(CrmError):
    """The object is visible, but the role or scope does not allow the action."""

    code = "FORBIDDEN"
    default_message = "This action is unauthorized."


class SecondFactorMissing(Forbidden):
    """A company of the user requires a second factor, and the user has none."""

    default_message = "A company of yours requires a second factor: sign in to the admin and set it up."


class NotFound(CrmError):
    """The object does not exist for this actor.

    Unknown, foreign, hidden and deleted objects look the same, so that nobody can find out which ids exist.
    """

    code = "NOT_FOUND"
    default_message = "Not found."

    def __init__(self, argument: str = "id") -> None:
        super().__init__(argument=argument)


class ConflictReason(StrEnum):
    """Why a change conflicts with what is stored: the closed list of ``extensions.reason`` of CONFLICT.

    crm/graphql/types.py describes them to clients.
    """

    VERSION = "VERSION"
    KEY_REUSED = "KEY_REUSED"
    KEY_RUNNING = "KEY_RUNNING"
    EXISTS = "EXISTS"
    IN_USE = "IN_USE"
    MATCH = "MATCH"


class Conflict(CrmError):
    """The state of the object prevents the change: it has another version, is in use, or several match."""

    code = "CONFLICT"
    default_message = "The change conflicts with the present state."

    def __init__(
        self,
        reason: ConflictReason,
        message: str | None = None,
        *,
        current_version: int | None = None,
        ids: Sequence[str] | None = None,
        keys: Sequence[str] | None = None,
        count: int | None = None,
    ) -> None:
        self.reason = reason
        super().__init__(
            message, reason=reason.value, current_version=current_version, ids=ids, keys=keys, count=count
        )


class BadUserInput(CrmError):
    """A document, variable, page, filter or order that is not valid."""

    code = "BAD_USER_INPUT"
    default_message = "The input is not valid."


class TimedOut(CrmError):
    """The database cut off a statement, or the request reached its deadline. Its transaction was undone."""

    code = "TIMEOUT"
    default_message = "The request took too long and was ended. Send it again in a few seconds."


class Unavailable(CrmError):
    """The database is lost or cannot be reached. A change that was being stored may have been stored."""

    code = "UNAVAILABLE"
    default_message = "The database does not answer. Send the request again in a few seconds."


class StorageUnavailable(Unavailable):
    """A file could not be written, since the disk or the storage is full or away. Nothing was stored."""

    default_message = (
        "The file could not be stored: the storage is full or does not answer. Nothing was changed."
        " Send the request again later."
    )


class CursorExpired(CrmError):
    """Some events after a cursor were deleted; ``oldest`` is the oldest cursor that still works."""

    code = "CURSOR_EXPIRED"
    default_message = (
        "The events after this cursor are no longer stored: load the data again, then subscribe without it."
    )

    def __init__(self, oldest: str) -> None:
        super().__init__(oldest=oldest)
