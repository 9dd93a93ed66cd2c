"""Follows the event log for one event loop: reads on when woken, and at regular intervals."""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connections

from crm.errors import CursorExpired
from crm.events import journal, wakeups
from crm.events.audience import Event
from crm.events.cursor import NO_POSITION, Cursor
from crm.events.sequencer import sequence
from crm.models import events as models

logger = logging.getLogger(__name__)

#: Seconds between two reads of the log; fewer where other processes cannot wake this one.
POLL_SECONDS = 1.0
POLL_SECONDS_ALONE = 0.25
BATCH = 500

T = TypeVar("T")


class Tail:
    """Hands on the events of all companies, each once, in the order of their numbers.

    It has its own thread and connection, so that no request delays it. ``deliver`` must not block;
    ``restart`` is called when the log was cut off, as by a restore, and events in between are unknown.
    """

    def __init__(self, deliver: Callable[[list[Event]], None], restart: Callable[[], None]) -> None:
        self.position = NO_POSITION
        self._deliver = deliver
        self._restart = restart
        self._is_woken = asyncio.Event()
        self._is_failing = False
        self._read_at = time.monotonic()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="events-tail")

    @property
    def age(self) -> float:
        """Seconds since the log was last read to its end; callable from any thread."""
        return time.monotonic() - self._read_at

    def wake(self) -> None:
        """Read the log at once; to be called on the event loop only."""
        self._is_woken.set()

    async def run(self, started: asyncio.Future[None]) -> None:
        """Follow the log until cancelled; ``started`` is done once the tail has its position."""
        listening = asyncio.create_task(wakeups.listen(self.wake))
        try:
            try:
                self.position = await self._in_thread(_number_to_the_end)
            except Exception as error:
                started.set_exception(error)
                return
            started.set_result(None)
            while True:
                await self._wait()
                await self._read_on()
        finally:
            started.cancel()
            listening.cancel()
            # In the executor's thread: a connection is closed where it was opened.
            self._executor.submit(connections.close_all)
            self._executor.shutdown(wait=False)

    async def _wait(self) -> None:
        pause = POLL_SECONDS if wakeups.crosses_processes() else POLL_SECONDS_ALONE
        try:
            async with asyncio.timeout(pause):
                await self._is_woken.wait()
        except TimeoutError:
            pass
        # Cleared before the read: a wake-up that comes during it leads to another.
        self._is_woken.clear()

    async def _read_on(self) -> None:
        try:
            while events := await self._in_thread(lambda: _read(self.position)):
                self.position = events[-1].cursor
                self._deliver(events)
                # A long backlog is not a tail that stands still.
                self._read_at = time.monotonic()
                if len(events) < BATCH:
                    break
        except CursorExpired:
            logger.warning("The event log was cut off: all subscribers have to start again.")
            await self._restart_at_end()
        except Exception:
            # Logged once: the next reads fail alike until the database is back.
            if not self._is_failing:
                logger.exception("The event log cannot be read; trying again.")
            self._is_failing = True
        else:
            self._is_failing = False
            self._read_at = time.monotonic()

    async def _restart_at_end(self) -> None:
        self.position = await self._in_thread(journal.end)
        self._restart()

    async def lag(self) -> dict[str, float]:
        """Return how many events have no number yet, and how many the tail has still to hand on."""
        unnumbered, end = await self._in_thread(_measure)
        return {"unnumbered": unnumbered, "behind": end.seq - self.position.seq}

    async def _in_thread(self, function: Callable[[], T]) -> T:
        def call() -> T:
            try:
                return function()
            except Exception:
                # The connection may be broken; the next read opens a new one.
                connections.close_all()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


def _number_to_the_end() -> Cursor:
    sequence()
    return journal.end()


def _read(position: Cursor) -> list[Event]:
    # Without new numbers the counter alone shows that there is nothing to read.
    if not sequence() and journal.end() == position:
        return []
    return journal.read_after(position, limit=BATCH)


def _measure() -> tuple[int, Cursor]:
    return models.Event.objects.filter(seq=None).count(), journal.end()
