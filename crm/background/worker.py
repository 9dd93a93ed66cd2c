"""The loops of the work, one thread each, until they are stopped."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections, connections

from crm.background import rows
from crm.background.registry import EXPORTS, IMPORTS, MAILS, NOTIFICATIONS, RUNNING, UPKEEP, WEBHOOKS, parts
from crm.background.running import described, run_due
from crm.exporting.jobs import run_next_export
from crm.importing.worker import run_next_job
from crm.models.imports import UNFINISHED
from crm.notifications import worker as notifications
from crm.webhooks import worker as webhooks

logger = logging.getLogger(__name__)

SECONDS_BETWEEN_IMPORTS = 2.0
SECONDS_BETWEEN_UPKEEP = 5.0
#: How often it is noted that a loop runs.
SECONDS_BETWEEN_NOTES = 30.0
#: How long a loop that failed waits: at first, and at most.
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 60.0
#: How long the end of a process is delayed for a batch or a message in hand.
LONGEST_END = 35.0
#: An import of so many rows makes the planner's statistics wrong.
MANY_ROWS = 1_000


class Notes:
    """Notes now and then that a loop runs, and what it has done since."""

    def __init__(self, name: str, unit: str) -> None:
        self._name, self._unit, self._count = name, unit, 0
        self._noted_at: float | None = None

    def add(self, number: int) -> None:
        self._count += number
        now = time.monotonic()
        if self._noted_at is None or now - self._noted_at >= SECONDS_BETWEEN_NOTES:
            rows.note_running(self._name, {self._unit: self._count})
            self._noted_at, self._count = now, 0


def names_of(only: Collection[str]) -> set[str]:
    """Return the parts of the upkeep that a choice of groups and parts means; an empty choice means all."""
    return set(parts()) if not only or UPKEEP in only else set(only) & set(parts())


def run_imports(stopped: threading.Event, *, seconds: float = SECONDS_BETWEEN_IMPORTS) -> None:
    """Run waiting imports until stopped."""
    notes = Notes(IMPORTS, "turns")
    while not stopped.is_set():
        while not stopped.is_set() and run_import(stopped):
            notes.add(1)
        notes.add(0)
        # A lost connection is replaced at the next look.
        close_old_connections()
        stopped.wait(seconds)


def run_exports(stopped: threading.Event, *, seconds: float = SECONDS_BETWEEN_IMPORTS) -> None:
    """Make the files of waiting exports until stopped."""
    notes = Notes(EXPORTS, "files")
    while not stopped.is_set():
        while run_next_export(stopped) is not None:
            notes.add(1)
        notes.add(0)
        close_old_connections()
        stopped.wait(seconds)


def run_import(stopped: threading.Event) -> bool:
    """Run the turn of the next waiting import; return whether there was one."""
    job = run_next_job(stopped)
    if job is not None and job.status not in UNFINISHED and job.total >= MANY_ROWS:
        rows.run_now(["statistics"])
    return job is not None


def send_webhooks(stopped: threading.Event) -> None:
    """Send webhooks until stopped."""
    notes = Notes(WEBHOOKS, "accepted")
    webhooks.Worker(stopped, on_look=notes.add).run()


def make_notifications(stopped: threading.Event) -> None:
    """Make notifications until stopped."""
    notifications.run_maker(stopped, Notes(NOTIFICATIONS, "made").add)


def mail_notifications(stopped: threading.Event) -> None:
    """Send the mails of notifications until stopped."""
    notifications.run_sender(stopped, Notes(MAILS, "sent").add)


def keep_up(stopped: threading.Event, names: Collection[str]) -> None:
    """Run the parts of the upkeep when they are due, until stopped."""
    while not stopped.is_set():
        run_due(names, stopped.is_set)
        close_old_connections()
        stopped.wait(SECONDS_BETWEEN_UPKEEP)


@contextmanager
def working(only: Collection[str] = ()) -> Iterator[None]:
    """Do the chosen work in threads of this process while the block runs; then end what is in hand."""
    stopped = threading.Event()
    threads = [
        threading.Thread(target=_until_stopped, args=(name, loop, stopped), name=name, daemon=True)
        for name, loop in _loops(only).items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopped.set()
        ends = time.monotonic() + LONGEST_END
        for thread in threads:
            thread.join(timeout=max(0.0, ends - time.monotonic()))


def _loops(only: Collection[str]) -> dict[str, Callable[[threading.Event], None]]:
    names = names_of(only)
    running: dict[str, Callable[[threading.Event], None]] = {
        IMPORTS: run_imports,
        EXPORTS: run_exports,
        WEBHOOKS: send_webhooks,
        NOTIFICATIONS: make_notifications,
        MAILS: mail_notifications,
    }
    loops = {name: loop for name, loop in running.items() if not only or name in only}
    if names:
        loops[UPKEEP] = lambda stopped: keep_up(stopped, names)
    return loops


def _until_stopped(name: str, loop: Callable[[threading.Event], None], stopped: threading.Event) -> None:
    """Run a loop again whenever it fails, after a while; the others go on meanwhile."""
    wait, are_added = SHORTEST_WAIT, False
    while not stopped.is_set():
        began = time.monotonic()
        try:
            if not are_added:
                rows.add_missing(parts().values(), RUNNING)
                are_added = True
            loop(stopped)
        except Exception as error:
            logger.exception("The work of %s failed; it goes on after a while.", name)
            _note_failing(name, error)
            lasted = time.monotonic() - began
            wait = SHORTEST_WAIT if lasted > LONGEST_WAIT else min(wait * 2, LONGEST_WAIT)
            stopped.wait(wait)
        finally:
            connections.close_all()


def _note_failing(name: str, error: Exception) -> None:
    try:
        rows.note_failing(name, described(error))
    except DatabaseError:
        # It is the database that is away, as the log says.
        logger.warning("The failure of %s could not be stored.", name)
