"""The worker that sends webhooks: finds endpoints with work and serves each in a thread."""

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import DatabaseError, close_old_connections, connections

from crm.events.sequencer import sequence
from crm.webhooks.dispatching import Claim, advance_idle, claim_endpoints
from crm.webhooks.turns import take_turn

POLL_SECONDS = 1.0
ADVANCE_SECONDS = 60.0
#: Endpoints served at the same time.
THREADS = 8

logger = logging.getLogger(__name__)


class Worker:
    """Serves endpoints until stopped. Several may run, in one or more processes."""

    def __init__(
        self,
        stopped: threading.Event,
        *,
        threads: int = THREADS,
        on_look: Callable[[int], None] = lambda _accepted: None,
    ) -> None:
        """Prepare to serve endpoints.

        :param on_look: called at each look for work with the number of messages accepted since the last one.
        """
        self._stopped = stopped
        self._on_look = on_look
        self._threads = threads
        self._has_ended = threading.Event()
        self._running: set[Future[int]] = set()
        self._advanced_at = -math.inf
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="webhooks")
        self.sent = self._told = 0

    def run(self, *, seconds: float = POLL_SECONDS) -> None:
        """Serve endpoints until stopped; wait between looks for work, and while the database is away."""
        while not self._stopped.is_set():
            self._has_ended.clear()
            self._start_turns()
            self._wait(seconds)
        self._end()

    def run_once(self) -> int:
        """Serve all endpoints with due work, then end, and return how many messages were accepted."""
        while not self._stopped.is_set():
            self._has_ended.clear()
            if not self._start_turns(waits_for_database=False) and not self._running:
                break
            self._wait(POLL_SECONDS)
        self._end()
        return self.sent

    def _start_turns(self, *, waits_for_database: bool = True) -> int:
        free = self._threads - len(self._running)
        try:
            claims = self._claims(free)
        except DatabaseError:
            if not waits_for_database:
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
        if time.monotonic() - self._advanced_at > ADVANCE_SECONDS:
            advance_idle()
            self._advanced_at = time.monotonic()
        told, self._told = self._told, self.sent
        self._on_look(self._told - told)
        return claim_endpoints(free) if free > 0 else []

    def _turn(self, claim: Claim) -> int:
        try:
            return take_turn(claim, self._stopped)
        finally:
            connections.close_all()

    def _ended(self, turn: "Future[int]") -> None:
        self._running.discard(turn)
        self.sent += turn.result()
        self._has_ended.set()

    def _wait(self, seconds: float) -> None:
        """Wait until a turn ends, the time is over, or the worker is stopped."""
        ends = time.monotonic() + seconds
        while not self._stopped.is_set() and (left := ends - time.monotonic()) > 0:
            if self._has_ended.wait(min(left, POLL_SECONDS)):
                return

    def _end(self) -> None:
        # Messages that are being sent are finished, or they would be sent twice.
        self._executor.shutdown(wait=True)
