"""Errors of the database that are nobody's mistake: a statement that was cut off, a database that is away."""

import logging
from errno import errorcode

from django.db import DatabaseError, InterfaceError, OperationalError

from crm.database.deadlines import RequestEnded, current
from crm.errors import StorageUnavailable, TimedOut, Unavailable

logger = logging.getLogger("crm.database")

#: SQLSTATEs of statements and transactions that the server ended: they can be sent again. Class 40: two
#: transactions stood in each other's way, and this one was rolled back.
CUT_OFF = ("57014", "55P03", "25P03", "25P04", "40")
#: SQLSTATE classes for an unavailable database (connection, resources, shutdown), not for a bad statement.
AWAY = ("08", "53", "57P", "58")
CUT_OFF_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_INTERRUPT")
AWAY_SQLITE = ("SQLITE_CANTOPEN", "SQLITE_IOERR", "SQLITE_FULL")

RETRY_AFTER_SECONDS = 5


def refusal_of(error: BaseException) -> TimedOut | Unavailable | None:
    """Return the refusal that stands for an error of the database; None if it is another error."""
    if isinstance(error, TimedOut | Unavailable):
        return error
    if isinstance(error, RequestEnded):
        return TimedOut()
    if not isinstance(error, DatabaseError | InterfaceError):
        return None
    refusal = _refusal_by_state(error)
    deadline = current()
    if refusal is None or deadline is None or deadline.ending is None:
        return refusal
    # The watchdog has cancelled the statement or cut the connection. Only of a COMMIT the outcome is unknown.
    return Unavailable() if deadline.is_committing else TimedOut()


def after_commit(refusal: TimedOut | Unavailable) -> TimedOut | Unavailable:
    """Return the refusal for a change that is stored, and only its answer failed: it must not be repeated."""
    message = "The change is stored, but its answer could not be read. Do not send it again."
    return type(refusal)(message, stored=True)


def _refusal_by_state(error: DatabaseError | InterfaceError) -> TimedOut | Unavailable | None:
    cause = error.__cause__
    sqlite_name = getattr(cause, "sqlite_errorname", None)
    state = getattr(cause, "sqlstate", None)
    if sqlite_name is not None:
        return _first(str(sqlite_name), CUT_OFF_SQLITE, AWAY_SQLITE)
    if state is not None:
        return _first(str(state), CUT_OFF, AWAY)
    # Without a state the server was not reached, or is lost.
    return Unavailable() if isinstance(error, OperationalError | InterfaceError) else None


def _first(state: str, cut_off: tuple[str, ...], away: tuple[str, ...]) -> TimedOut | Unavailable | None:
    if state.startswith(cut_off):
        return TimedOut()
    return Unavailable() if state.startswith(away) else None


def log_failure(error: BaseException, *, place: str) -> None:
    """Write one line about an error with a refusal: a traceback for each request would drown the log."""
    cause = error.__cause__ or error
    if isinstance(error, StorageUnavailable):
        number = cause.errno if isinstance(cause, OSError) else None
        kind = errorcode.get(number, "") if number else ""
        logger.error("The storage failed at %s: %s %s.", place, type(cause).__name__, kind or "no number")
        return
    state = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
    deadline = current()
    if deadline is not None and deadline.ending is not None:
        logger.warning("Ended at %s: %s.", place, deadline.ending.value)
    else:
        logger.warning("The database failed at %s: %s %s.", place, type(cause).__name__, state or "no state")
