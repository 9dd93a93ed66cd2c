"""Domain errors. They know no transport: each door translates them into its own words.

What a person can mend in the data itself is not here: that is Django's ``ValidationError``, keyed by field.
"""

from collections.abc import Sequence
from typing import Any


class CrmError(Exception):
    """A request that the domain refuses.

    ``code`` is one of the closed list of error codes of the API; ``details`` go to the client as they are.
    """

    code = "INTERNAL"
    default_message = "The request was refused."

    def __init__(self, message: str | None = None, **details: Any) -> None:
        self.message = message or self.default_message
        self.details = {key: value for key, value in details.items() if value is not None}
        super().__init__(self.message)


class Unauthenticated(CrmError):
    """No credential, or one that is not (or no longer) good."""

    code = "UNAUTHENTICATED"
    default_message = "Unauthenticated."


class Forbidden(CrmError):
    """The object is visible, but the role or scope does not allow the action."""

    code = "FORBIDDEN"
    default_message = "This action is unauthorized."


class NotFound(CrmError):
    """The object does not exist for this actor: unknown, foreign, hidden and deleted are the same."""

    code = "NOT_FOUND"
    default_message = "Not found."

    def __init__(self, argument: str = "id") -> None:
        super().__init__(argument=argument)


class Conflict(CrmError):
    """The object is in a state that excludes the change: another version, in use, several matches."""

    code = "CONFLICT"
    default_message = "The change conflicts with the present state."

    def __init__(
        self,
        message: str | None = None,
        *,
        current_version: int | None = None,
        ids: Sequence[str] | None = None,
        count: int | None = None,
    ) -> None:
        super().__init__(message, current_version=current_version, ids=ids, count=count)


class BadUserInput(CrmError):
    """A document, variable, page, filter or order that cannot be understood."""

    code = "BAD_USER_INPUT"
    default_message = "The input is not valid."


class CursorExpired(CrmError):
    """The events after a cursor are not all there any more; ``oldest`` is the oldest cursor that serves."""

    code = "CURSOR_EXPIRED"
    default_message = "The events after this cursor are no longer kept: read anew, then listen from now on."

    def __init__(self, oldest: str) -> None:
        super().__init__(oldest=oldest)
