"""A drill: servers, listeners, a writer, a failure in between, and a report."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.chaos.listeners import QUERY, RECORDS, Listener
from tests.chaos.sites import Site
from tests.patience import PATIENCE_SECONDS

#: Makes something fail and recover while leads are created.
Disturbance = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Report:
    """The outcome of a drill; ``worst`` is the longest delay in seconds, from commit or recovery."""

    name: str
    expected: int
    received: int
    lost: int
    duplicate: int
    foreign: int
    worst: float
    reconnects: int
    slowest_write: float

    def __str__(self) -> str:
        return (
            f"{self.name}: expected {self.expected}, received {self.received}, lost {self.lost},"
            f" duplicate {self.duplicate}, worst delay {self.worst:.2f} s, reconnects {self.reconnects},"
            f" slowest write {self.slowest_write:.2f} s"
        )


async def drill(
    name: str,
    site: Site,
    *,
    listeners: int,
    leads: int,
    pace: float,
    disturb: Disturbance | None = None,
    threads: int = 1,
    query: str = QUERY,
) -> Report:
    """Listen while a process creates leads at a steady pace and something fails.

    :param threads: how many transactions of the writer are open at a time, in no order.
    :param query: the subscription; with ``RECORDS`` records of every kind are created in turn.
    """
    before = site.last_event()
    clients = [
        Listener(site.ports[number % len(site.ports)], site.tokens[number % len(site.tokens)], query)
        for number in range(listeners)
    ]
    running = [asyncio.create_task(client.run()) for client in clients]
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*(client.listens.wait() for client in clients))
        kinds = "records" if query == RECORDS else "leads"
        writing = asyncio.create_task(_write(site, leads, pace, threads, kinds))
        if disturb is not None:
            # After some events have arrived, so that there is something to resume.
            await _reach(clients, leads // 4, running)
            await disturb()
        recovered = time.time()
        slowest = await writing
        # Some records have more than one event.
        written = max(leads, site.count_after(before))
        events = await asyncio.to_thread(site.events_after, before, written)
        await _reach(clients, len(events), running)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    report = _report(name, clients, events, recovered if disturb else 0.0, slowest)
    sys.stdout.write(f"{report}\n")
    return report


async def _write(site: Site, number: int, pace: float, threads: int, kinds: str) -> float:
    arguments = ["-m", "tests.chaos.writer", str(number), str(pace), str(threads), kinds]
    return float(await asyncio.to_thread(site.warm.run, *arguments))


async def _reach(clients: list[Listener], number: int, running: list[asyncio.Task[None]]) -> None:
    """Wait until each client has received so many; a client that never does is reported as a loss."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(len(client.received) < number for client in clients) and time.monotonic() < deadline:
        for task in running:
            if task.done():
                task.result()
        await asyncio.sleep(0.02)


def _report(
    name: str, clients: list[Listener], events: dict[int, tuple[int, float]], recovered: float, slowest: float
) -> Report:
    arrived: list[Any] = [each for client in clients for each in client.received]
    lost = sum(len(events.keys() - {seq for seq, _, _ in client.received}) for client in clients)
    twice = sum(len(client.received) - len({seq for seq, _, _ in client.received}) for client in clients)
    wrong = sum(seq not in events or events[seq][0] != lead for seq, lead, _ in arrived)
    delays = [came - max(events[seq][1], recovered) for seq, _, came in arrived if seq in events]
    return Report(
        name,
        expected=len(events) * len(clients),
        received=len(arrived),
        lost=lost,
        duplicate=twice,
        foreign=wrong,
        worst=max(delays, default=0.0),
        reconnects=sum(client.reconnects for client in clients),
        slowest_write=slowest,
    )
