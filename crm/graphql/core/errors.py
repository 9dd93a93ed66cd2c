"""Format errors for clients: a code of the closed list, and no internals (ADR: masked errors)."""

import logging
import secrets
from enum import StrEnum
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from graphql import GraphQLError

from crm.database.failures import after_commit, log_failure, refusal_of
from crm.errors import CrmError, TimedOut, Unavailable
from crm.services.rates import Allowance

logger = logging.getLogger("crm.graphql")

#: An error as it stands in a response: message, locations, path and extensions.
FormattedError = dict[str, Any]

LONGEST_MESSAGE = 500


class Code(StrEnum):
    """The closed list of ``extensions.code``."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    VALIDATION = "VALIDATION"
    CONFLICT = "CONFLICT"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    CURSOR_EXPIRED = "CURSOR_EXPIRED"
    RATE_LIMITED = "RATE_LIMITED"
    TIMEOUT = "TIMEOUT"
    UNAVAILABLE = "UNAVAILABLE"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    PERSISTED_QUERY_NOT_SUPPORTED = "PERSISTED_QUERY_NOT_SUPPORTED"
    INTERNAL = "INTERNAL"


class TooComplex(CrmError):
    """A document or its variables exceed a limit."""

    code = Code.QUERY_TOO_COMPLEX

    def __init__(self, limit: str, most: int) -> None:
        super().__init__(f"The document exceeds the limit of {most} for {limit}.", limit=limit, max=most)


class OverBudget(TooComplex):
    """An answer would hold more than it may; nothing of its root field is answered."""

    def __init__(self, limit: str, most: int) -> None:
        super().__init__(limit, most)
        self.message = (
            f"The answer would hold more than {most} {limit}. Ask for smaller lists or fewer fields."
        )

    def after_mutation(self) -> "OverBudget":
        """Return the error of a mutation, which is carried out before its answer is made."""
        self.message = f"The mutation was carried out. {self.message}"
        return self


class RateLimited(CrmError):
    """An account has used up its points of this minute; its ``allowance`` says until when."""

    code = Code.RATE_LIMITED
    default_message = "Too many requests."

    def __init__(self, allowance: Allowance) -> None:
        super().__init__()
        self.allowance = allowance


def domain_error(error: CrmError) -> FormattedError:
    return {"message": str(error.message), "extensions": {"code": str(error.code), **error.details}}


def bad_document(error: GraphQLError) -> FormattedError:
    """Format an error of a document or its variables that was found before execution."""
    cause = _cause(error)
    known = isinstance(cause, GraphQLError | CrmError | ValueError)
    # graphql-core puts the text of any exception of a scalar into the message: it may show internals.
    message = error.message if known else "A value of the request cannot be read as its type."
    return _located(error, _shortened(message), {"code": Code.BAD_USER_INPUT})


def validation_error(field: str, messages: dict[str, list[str]]) -> FormattedError:
    """Format the messages of invalid input by the path of each input."""
    return {
        "message": f"Validation failed for the field [{field}].",
        "extensions": {"code": Code.VALIDATION, "validation": messages},
    }


def internal_error(error: BaseException, *, place: str) -> FormattedError:
    """Log an unexpected error, and format a reference to the log entry for the client."""
    reference = secrets.token_hex(8)
    logger.error("GraphQL failed at %s, reference %s", place, reference, exc_info=error)
    return {"message": "Internal server error.", "extensions": {"code": Code.INTERNAL, "ref": reference}}


def unexpected_error(error: BaseException, *, place: str) -> FormattedError:
    """Log an error that no field reports, and format it: TIMEOUT, UNAVAILABLE, or else INTERNAL."""
    refusal = refusal_of(error)
    if refusal is None:
        return internal_error(error, place=place)
    log_failure(error, place=place)
    return domain_error(refusal)


def field_error(error: GraphQLError, *, in_mutation: bool = False) -> FormattedError:
    """Format an error that a field raised during execution."""
    refusal = database_refusal(error)
    if refusal is not None and in_mutation and len(error.path or ()) > 1:
        # Below the mutation's own field, which has returned what it stored.
        refusal = after_commit(refusal)
    cause = refusal or _cause(error)
    if isinstance(cause, ValidationError):
        formatted = validation_error(_root_field(error), _messages(cause))
    elif isinstance(cause, CrmError) and cause.code in list(Code) and cause.code != Code.INTERNAL:
        formatted = domain_error(cause)
    elif isinstance(cause, GraphQLError) and (cause.extensions or {}).get("code") in list(Code):
        formatted = {"message": cause.message, "extensions": cause.extensions}
    # graphql-core sets nodes only where it coerces arguments; its errors about a wrong result have none.
    elif isinstance(cause, GraphQLError) and cause.nodes:
        formatted = {"message": _shortened(cause.message), "extensions": {"code": Code.BAD_USER_INPUT}}
    else:
        formatted = internal_error(cause, place=_field_name(error))
    return _located(error, formatted["message"], formatted["extensions"])


def database_refusal(error: BaseException) -> TimedOut | Unavailable | None:
    """Return the refusal behind an error: the database cut a statement off, or is away."""
    return refusal_of(_cause(error))


def log_refusals(errors: list[GraphQLError]) -> None:
    """Write one line about the first of the errors that is the database's, if there is one."""
    for error in errors:
        if database_refusal(error) is not None:
            log_failure(_cause(error), place=_field_name(error))
            return


def _cause(error: BaseException) -> BaseException:
    while isinstance(error, GraphQLError) and error.original_error is not None:
        error = error.original_error
    return error


def _shortened(message: str) -> str:
    # The messages of the parser and of coercion repeat the client's text, which may be large.
    short = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
    # Half a surrogate pair, which a variable can hold, cannot be part of an answer.
    return short if short.isascii() else short.encode(errors="backslashreplace").decode()


def _located(error: GraphQLError, message: str, extensions: dict[str, Any]) -> FormattedError:
    formatted: FormattedError = {"message": message}
    if error.locations:
        formatted["locations"] = [location.formatted for location in error.locations]
    if error.path is not None:
        formatted["path"] = error.path
    return formatted | {"extensions": extensions}


def _field_name(error: GraphQLError) -> str:
    # The name in the schema, not the alias: an alias is the client's own text and would end up in the log.
    node = error.nodes[0] if error.nodes else None
    return str(getattr(getattr(node, "name", None), "value", "unknown field"))


def _root_field(error: GraphQLError) -> str:
    nested = error.path is not None and len(error.path) > 1
    return str(error.path[0]) if nested and error.path else _field_name(error)


def _messages(error: ValidationError) -> dict[str, list[str]]:
    if not hasattr(error, "error_dict"):
        return {"input": [str(message) for message in error.messages]}
    return {
        "input" if key == NON_FIELD_ERRORS else key: [str(message) for message in messages]
        for key, messages in error.message_dict.items()
    }
