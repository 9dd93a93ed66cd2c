"""Rounds: each case receives some events in turn, and their cost is measured."""

import itertools
import subprocess
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from benchmarks.reads.load import cpu_seconds
from benchmarks.stream.crowds import Crowd
from benchmarks.stream.listeners import Listeners, listening
from benchmarks.stream.servers import LOAD_CORE, Server

#: Between the last delivery of an event and the next change.
PAUSE_SECONDS = 0.05
WARMING = 2
COMPARED = 3
_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class Case:
    """Subscribers of a server, and the number of events in a round.

    With ``receives_all`` everyone receives each event, else only the subscribers of the lead's owner.
    """

    name: str
    server: Server
    crowd: Crowd
    subscribers: int
    events: int
    receives_all: bool = True

    def happen(self, listeners: Listeners, place: int) -> tuple[float, int]:
        """Change a lead; return the seconds from commit to last delivery, and the number of deliveries."""
        from benchmarks.stream.writing import change_lead

        number = next(_numbers)
        group = place % len(self.crowd.leads)
        deliveries = self.subscribers
        if not self.receives_all:
            deliveries = sum(member == group for _, member in self.crowd.subscribers(self.subscribers))
        committed_at = change_lead(
            self.crowd.leads[group],
            company_id=self.crowd.company_id,
            number=number,
            is_logged=self.server.is_durable,
            is_sent=not self.server.is_durable,
        )
        receivers = None if self.receives_all else group
        last_at, _ = listeners.follow(number, deliveries=deliveries, group=receivers)
        return last_at - committed_at, deliveries


@dataclass
class Measure:
    """The cost of the events of a case: seconds from each commit to the last delivery, and seconds of CPU.

    ``server`` is that of the server's process, ``database`` that of PostgreSQL for it and for the writer,
    ``writer`` that of the process that changes the leads.
    """

    delays: list[float] = field(default_factory=list)
    deliveries: int = 0
    server: float = 0.0
    database: float = 0.0
    writer: float = 0.0

    @property
    def per_delivery(self) -> float:
        """Microseconds of the server's CPU for one delivery."""
        return self.server / self.deliveries * 1_000_000

    @property
    def per_event(self) -> float:
        """Milliseconds of all CPU for one event."""
        return (self.server + self.database + self.writer) / len(self.delays) * 1_000

    def delay(self, share: float) -> float:
        """Return the milliseconds within which the last delivery came, for this share of the events."""
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1_000


def measure_round(case: Case, into: Measure) -> None:
    """Open the sockets of a case, change leads one after the other, and add the cost to a measure.

    :raises RuntimeError: if a socket cannot be opened, or receives something wrong.
    """
    with listening(case.server, case.crowd.subscribers(case.subscribers)) as listeners:
        if listeners.failures:
            raise RuntimeError(f"{case.name}: {len(listeners.failures)} failed: {listeners.failures[0]}")
        measure_events(case, listeners, into)
        listeners.close()


def measure_events(case: Case, listeners: Listeners, into: Measure) -> None:
    """Change leads one after the other for open sockets, and add the cost to a measure."""
    for place in range(WARMING):
        case.happen(listeners, place)
    backends = _backends()
    server, database, writer = case.server.cpu(), cpu_seconds(backends), time.process_time()
    for place in range(case.events):
        delay, deliveries = case.happen(listeners, place)
        into.delays.append(delay)
        into.deliveries += deliveries
        time.sleep(PAUSE_SECONDS)
    into.server += case.server.cpu() - server
    into.database += cpu_seconds(backends) - database
    into.writer += time.process_time() - writer


def compare(servers: Sequence[Server], crowd: Crowd) -> None:
    """Compare what one subscriber of each server receives for the same events.

    :raises RuntimeError: if they differ.
    """
    from benchmarks.stream.writing import change_lead

    with ExitStack() as stack:
        clients = [stack.enter_context(listening(each, crowd.subscribers(1))) for each in servers]
        for _ in range(COMPARED):
            number = next(_numbers)
            change_lead(crowd.leads[0], company_id=crowd.company_id, number=number, is_sent=True)
            contents = [each.follow(number, deliveries=1)[1] for each in clients]
            if any(each != contents[0] for each in contents):
                raise RuntimeError(f"The servers send an event in different ways: {contents}")
        for each in clients:
            each.close()


def _backends() -> list[int]:
    """Return PostgreSQL's processes for this database, kept off the server's core if that is allowed."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pid FROM pg_stat_activity WHERE datname = current_database()")
        pids = [pid for (pid,) in cursor.fetchall()]
    for pid in pids:
        subprocess.run(["taskset", "-cp", str(LOAD_CORE), str(pid)], check=False, capture_output=True)
    return pids
