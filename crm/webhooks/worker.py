"""Sends webhooks: looks for endpoints with work, and gives each a turn in a thread of its own."""

import logging
import math
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from django.db import DatabaseError, close_old_connections, connections

from crm.events.sequencer import sequence
from crm.webhooks import sending
from crm.webhooks.dispatching import Claim, advance_idle, claim_endpoints
from crm.webhooks.turns import take_turn

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_BETWEEN_ADVANCES = 60.0
#: Endpoints that are sent to at the same time.
THREADS = 8

logger = logging.getLogger(__name__)


class Worker:
    """Gives endpoints their turns until told to stop; several may run, in several processes."""

    def __init__(self, stopped: threading.Event, *, threads: int = THREADS) -> None:
        self._stopped = stopped
        self._threads = threads
        self._news = threading.Event()
        self._running: set[Future[int]] = set()
        self._advanced_at = -math.inf
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="webhooks")
        self.sent = 0

    def run(self, *, seconds: float = SECONDS_BETWEEN_LOOKS) -> None:
        """Look for work again and again; a database that is away is waited for.

        :param seconds: between two looks.
        """
        while not self._stopped.is_set():
            self._news.clear()
            self._look()
            self._rest(seconds)
        self._end()

    def run_once(self) -> int:
        """Do what is to be done now, then end; give how many messages arrived."""
        while not self._stopped.is_set():
            self._news.clear()
            if not self._look(patiently=False) and not self._running:
                break
            self._rest(SECONDS_BETWEEN_LOOKS)
        self._end()
        return self.sent

    def _look(self, *, patiently: bool = True) -> int:
        """Start turns in threads that are free; give how many."""
        free = self._threads - len(self._running)
        try:
            claims = self._claims(free)
        except DatabaseError:
            if not patiently:
                raise
            logger.exception("The webhook worker lost the database.")
            return 0
        finally:
            close_old_connections()
        for claim in claims:
            turn = self._executor.submit(self._turn, claim)
            self._running.add(turn)
            turn.add_done_callback(self._ended)
        return len(claims)

    def _claims(self, free: int) -> list[Claim]:
        sequence()
        if time.monotonic() - self._advanced_at > SECONDS_BETWEEN_ADVANCES:
            advance_idle()
            self._advanced_at = time.monotonic()
        return claim_endpoints(free) if free > 0 else []

    def _turn(self, claim: Claim) -> int:
        try:
            return take_turn(claim, self._stopped)
        finally:
            connections.close_all()

    def _ended(self, turn: "Future[int]") -> None:
        self._running.discard(turn)
        self.sent += turn.result()
        self._news.set()

    def _rest(self, seconds: float) -> None:
        """Wait for the end of a turn, so long at most, but not when told to stop."""
        ends = time.monotonic() + seconds
        while not self._stopped.is_set() and (left := ends - time.monotonic()) > 0:
            if self._news.wait(min(left, SECONDS_BETWEEN_LOOKS)):
                return

    def _end(self) -> None:
        # What is being sent is sent to its end.
        self._executor.shutdown(wait=True)


@contextmanager
def sending_beside() -> Iterator[None]:
    """Send webhooks from threads for as long as the block runs."""
    stopped = threading.Event()
    thread = threading.Thread(target=Worker(stopped).run, name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(timeout=sending.LIMIT_SECONDS)
