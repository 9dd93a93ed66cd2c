"""The end of a request: at its deadline, or soon after its client has left.

A watchdog thread looks at the requests that run. It cancels the statement of one that has to end; if the
database does not react, it shuts the socket: no timeout of a server fires while the server itself hangs.
"""

import logging
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from enum import Enum
from types import TracebackType
from typing import Protocol

from django.conf import settings
from django.db import DatabaseError, OperationalError

logger = logging.getLogger("crm.deadlines")

#: Seconds between two looks of the watchdog. Requests that are younger are not looked at.
LOOK_SECONDS = 0.25
#: Seconds after the first cancellation until the socket is shut.
CUT_SECONDS = 1.0
#: Seconds that a COMMIT may go on: its outcome would be unknown.
COMMIT_SECONDS = 2.0
#: Seconds to read the answer after a commit, even past the deadline: a change that is stored is no timeout.
ANSWER_SECONDS = 5.0


class Ending(Enum):
    """Why a request has to end early."""

    PASSED = "its deadline has passed"
    LEFT = "its client has left"


class RequestEnded(OperationalError):
    """Raised in place of the next statement of a request that has to end; a transaction is rolled back."""


class Interruptible(Protocol):
    """A database connection whose statement another thread can end."""

    def interruption(self) -> "Interruption | None": ...


class Interruption(Protocol):
    """The two ways to end the statement of the connection that is open at the moment, and of no later one."""

    def cancel(self) -> None: ...
    def cut(self) -> None: ...


class Deadline:
    """The end of one request; as a context manager, it is the one that ``current`` returns.

    ``has_left`` returns whether the client has left; the watchdog calls it.
    """

    # Defaults of the class: one is made for each request, and few of them change.
    ending: Ending | None = None
    connection: Interruptible | None = None
    #: Whether the watchdog has touched the connection, which must then not serve another request.
    interrupted_at: float | None = None
    is_committing = False
    #: Transactions that were committed.
    commits = 0
    is_finished = False
    _outlives_client = False
    _token: "Token[Deadline | None] | None" = None

    def __init__(self, seconds: float | None = None, *, has_left: Callable[[], bool] | None = None) -> None:
        seconds = settings.REQUEST_DEADLINE if seconds is None else seconds
        self.started = time.monotonic()
        #: No transaction commits later. Reading may go on until ``ends_at``.
        self.last_commit = self.ends_at = self.started + seconds if seconds else math.inf
        self.has_left = has_left

    def __enter__(self) -> "Deadline":
        self._token = _current.set(self)
        watch(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()
        if self._token is not None:
            _current.reset(self._token)

    def finish(self) -> None:
        """Note that the request is answered: what its client does now no longer matters."""
        # Before anybody reads ``interrupted_at``. The watchdog writes that first and reads this afterwards:
        # one of the two always sees the other.
        self.is_finished = True
        self.last_commit = self.ends_at = math.inf
        self.has_left = None
        _watched.discard(self)

    def check(self) -> None:
        """Raise if the request has to end."""
        if self.ending is None and time.monotonic() >= self.ends_at:
            self.ending = Ending.PASSED
        if self.ending is not None:
            raise RequestEnded(f"The request was ended: {self.ending.value}.")

    @contextmanager
    def commit(self) -> Iterator[None]:
        """Let a COMMIT finish, and have some time left for the answer to what it stored."""
        if time.monotonic() >= self.last_commit:
            self.ending = self.ending or Ending.PASSED
        self.check()
        self.is_committing = True
        try:
            yield
        except DatabaseError as error:
            # The server's own error says that it was rolled back. Else the connection is lost, and whether
            # COMMIT took effect is unknown, and stays so.
            self.is_committing = getattr(error.__cause__, "sqlstate", "") is None
            raise
        self.is_committing = False
        self.commits += 1
        self.ends_at = max(self.ends_at, time.monotonic() + ANSWER_SECONDS)

    def extend(self, seconds: float) -> None:
        """Leave out some time that was waited for the client."""
        self.ends_at += seconds
        self.last_commit += seconds

    def leave(self) -> None:
        """Note that the client has left: the work ends at its next statement or the watchdog's next look."""
        if not self._outlives_client and not self.is_finished:
            self.ending = self.ending or Ending.LEFT

    def outlive_client(self) -> None:
        """Go on to the end, even if the client leaves."""
        self._outlives_client = True
        self.has_left = None

    def look(self, now: float) -> None:
        """End the request if it has to end. Only for the watchdog."""
        if self.ending is None and not self._must_end(now):
            return
        connection = self.connection
        if connection is None or (self.is_committing and now < self._last_moment()):
            return
        if self.interrupted_at is None:
            self.interrupted_at = now
        interruption = connection.interruption()
        # After the line above: until the request has finished, what it returned belongs to the request.
        if interruption is None or self.is_finished:
            return
        if now - self.interrupted_at >= CUT_SECONDS:
            interruption.cut()
        else:
            # Again with each look, for a statement that began meanwhile. In a thread: a server that hangs may
            # not accept the connection through which it is told.
            threading.Thread(target=_cancel, args=(interruption,), daemon=True).start()

    def _must_end(self, now: float) -> bool:
        has_left = self.has_left
        if now >= self.ends_at:
            self.ending = Ending.PASSED
        elif has_left is not None and now - self.started >= LOOK_SECONDS and has_left():
            self.ending = Ending.LEFT
        return self.ending is not None

    def _last_moment(self) -> float:
        return min(self.ends_at, self.last_commit) + COMMIT_SECONDS


_current: ContextVar[Deadline | None] = ContextVar("deadline of the present request", default=None)
_watched: set[Deadline] = set()
_watchdog: threading.Thread | None = None
_start_lock = threading.Lock()


#: Returns the deadline of the present request, None outside requests. No function: it is asked often.
current: Callable[[], Deadline | None] = _current.get


def check() -> None:
    """Raise if the present request has to end; called before each statement, and while an answer is made."""
    deadline = _current.get()
    if deadline is not None:
        deadline.check()


def outlive_client() -> None:
    """Carry the present request through, even if its client leaves."""
    deadline = _current.get()
    if deadline is not None:
        deadline.outlive_client()


def has_ended() -> bool:
    """Return whether the present request had to end early."""
    deadline = _current.get()
    return deadline is not None and deadline.ending is not None


def watch(deadline: Deadline) -> None:
    _watched.add(deadline)
    if _watchdog is None:
        _start()


def _start() -> None:
    global _watchdog
    with _start_lock:
        if _watchdog is None:
            _watchdog = threading.Thread(target=_look_forever, name="deadlines", daemon=True)
            _watchdog.start()


def _look_forever() -> None:
    # It wakes up without need rather than being woken by each request, which would cost more.
    while True:
        time.sleep(LOOK_SECONDS)
        now = time.monotonic()
        for deadline in tuple(_watched):
            try:
                deadline.look(now)
            except Exception:
                # The others must not lose their watchdog.
                logger.exception("A request could not be looked at.")


def _cancel(interruption: Interruption) -> None:
    try:
        interruption.cancel()
    except Exception as error:
        # The connection may be closed by now. If not, its socket is shut soon.
        logger.debug("A statement could not be cancelled: %s", type(error).__name__)


def _forget() -> None:
    """Start anew in a forked process, which has neither the thread nor the requests."""
    global _watchdog, _start_lock
    _watched.clear()
    _watchdog, _start_lock = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
