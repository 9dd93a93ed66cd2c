"""Follows the log of events: one tail for each event loop, woken by hints and by the clock."""

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
from crm.events.cursor import NOWHERE, Cursor
from crm.events.sequencer import sequence
from crm.models import events as models

logger = logging.getLogger(__name__)

#: Seconds between two looks at the log; where no hint comes from other processes they are fewer.
POLL_SECONDS = 1.0
POLL_SECONDS_ALONE = 0.25
BATCH = 500

T = TypeVar("T")


class Tail:
    """Hands on the events of all companies in their order, each once.

    It works in a thread and on a connection of its own: no request of the process delays it.

    :param deliver: takes the next events; may not block.
    :param restart: is called where the log was cut off, as by a restore: what came between is unknown.
    """

    def __init__(self, deliver: Callable[[list[Event]], None], restart: Callable[[], None]) -> None:
        self.position = NOWHERE
        self._deliver = deliver
        self._restart = restart
        self._news = asyncio.Event()
        self._is_failing = False
        self._looked_at = time.monotonic()
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="events-tail")

    @property
    def age(self) -> float:
        """The seconds since the log was last read to its end; from any thread."""
        return time.monotonic() - self._looked_at

    def wake(self) -> None:
        """Look at the log at once; on the event loop alone."""
        self._news.set()

    async def run(self, started: asyncio.Future[None]) -> None:
        """Follow the log until cancelled.

        :param started: is done once the tail has its place, which is after all that is committed by now.
        """
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
                await self._look()
        finally:
            started.cancel()
            listening.cancel()
            self._executor.submit(connections.close_all)
            self._executor.shutdown(wait=False)

    async def _wait(self) -> None:
        pause = POLL_SECONDS if wakeups.crosses_processes() else POLL_SECONDS_ALONE
        try:
            async with asyncio.timeout(pause):
                await self._news.wait()
        except TimeoutError:
            pass
        self._news.clear()

    async def _look(self) -> None:
        try:
            while events := await self._in_thread(lambda: _read(self.position)):
                self.position = events[-1].cursor
                self._deliver(events)
                # However much there is: it moves.
                self._looked_at = time.monotonic()
                if len(events) < BATCH:
                    break
        except CursorExpired:
            logger.warning("The log of events was cut off; all who listen have to begin anew.")
            await self._begin_anew()
        except Exception:
            if not self._is_failing:
                logger.exception("The log of events cannot be read; trying on.")
            self._is_failing = True
        else:
            self._is_failing = False
            self._looked_at = time.monotonic()

    async def _begin_anew(self) -> None:
        self.position = await self._in_thread(journal.end)
        self._restart()

    async def lag(self) -> dict[str, float]:
        """Give how many events have no number yet, and how many numbers the tail has still to hand on."""
        unnumbered, end = await self._in_thread(_measure)
        return {"unnumbered": unnumbered, "behind": end.seq - self.position.seq}

    async def _in_thread(self, function: Callable[[], T]) -> T:
        def call() -> T:
            try:
                return function()
            except Exception:
                # The next look takes a new connection.
                connections.close_all()
                raise

        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


def _number_to_the_end() -> Cursor:
    sequence()
    return journal.end()


def _read(position: Cursor) -> list[Event]:
    if not sequence() and journal.end() == position:
        return []
    return journal.read_after(position, limit=BATCH)


def _measure() -> tuple[int, Cursor]:
    return models.Event.objects.filter(seq=None).count(), journal.end()
