"""Counts the connections of this process by user, and ends them one after the other on shutdown."""

import asyncio
from collections.abc import Callable

from crm.events.metrics import gauges

#: Numbers of connections by user id.
per_user: dict[int, int] = {}
_ends: dict[object, Callable[[], None]] = {}
_operations: dict[object, Callable[[], int]] = {}
_is_draining = False


def acquire_slot(user_id: int, *, most: int) -> bool:
    """Count a new connection of a user, and return whether it keeps to the limit."""
    number = per_user.get(user_id, 0)
    if number >= most:
        return False
    per_user[user_id] = number + 1
    return True


def release_slot(user_id: int) -> None:
    per_user[user_id] -= 1
    if not per_user[user_id]:
        del per_user[user_id]


def register(connection: object, end: Callable[[], None]) -> None:
    """Register a connection; ``end`` is called when the process shuts down."""
    _ends[connection] = end


def unregister(connection: object) -> None:
    _ends.pop(connection, None)
    _operations.pop(connection, None)


def count_operations(connection: object, count: Callable[[], int]) -> None:
    """Include the operations of a connection in the metrics of the process."""
    _operations[connection] = count


def is_draining() -> bool:
    """Return whether the process is shutting down, so that new clients are sent to another one."""
    return _is_draining


async def drain(seconds: float, *, hurry: Callable[[], bool] = lambda: False) -> None:
    """Refuse new connections and end the present ones over some seconds, so that not all return at once."""
    global _is_draining
    _is_draining = True
    ends = list(_ends.values())
    # In at most 100 steps: thousands of connections would each wait for a sleep of the event loop.
    steps = min(len(ends), 100)
    for step in range(steps):
        for end in ends[step::steps]:
            end()
        if not hurry():
            await asyncio.sleep(seconds / steps)


def resume() -> None:
    """Accept connections again: for tests, whose process goes on after a drain."""
    global _is_draining
    _is_draining = False


gauges["sockets"] = lambda: sum(per_user.values())
gauges["operations"] = lambda: sum(count() for count in tuple(_operations.values()))
