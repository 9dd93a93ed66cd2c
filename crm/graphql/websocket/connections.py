"""The connections of this process: how many each user has, and how they end when the process does."""

import asyncio
from collections.abc import Callable

from crm.events.metrics import gauges

#: Connections of each user, and operations of all.
per_user: dict[int, int] = {}
_ends: dict[object, Callable[[], None]] = {}
_operations: dict[object, Callable[[], int]] = {}
_is_draining = False


def take_seat(user_id: int, *, most: int) -> bool:
    """Count a connection of a user in; tell whether there was room for one more."""
    taken = per_user.get(user_id, 0)
    if taken >= most:
        return False
    per_user[user_id] = taken + 1
    return True


def leave_seat(user_id: int) -> None:
    """Count a connection of a user out."""
    per_user[user_id] -= 1
    if not per_user[user_id]:
        del per_user[user_id]


def enter(connection: object, end: Callable[[], None]) -> None:
    """Have a connection ended by ``end`` when the process is about to end."""
    _ends[connection] = end


def leave(connection: object) -> None:
    """Forget a connection that has ended."""
    _ends.pop(connection, None)
    _operations.pop(connection, None)


def count_operations(connection: object, count: Callable[[], int]) -> None:
    """Have the operations of a connection counted among those of the process."""
    _operations[connection] = count


def is_draining() -> bool:
    """Tell whether the process is about to end: who is not known yet is to go elsewhere."""
    return _is_draining


async def drain(seconds: float, *, hurry: Callable[[], bool] = lambda: False) -> None:
    """Let nobody in any more, and end the connections one after the other, so that not all return at once.

    :param seconds: over which the ends are spread.
    :param hurry: tells whether to wait no longer.
    """
    global _is_draining
    _is_draining = True
    ends = list(_ends.values())
    # In steps: there may be more connections than turns of the event loop in a second.
    steps = min(len(ends), 100)
    for step in range(steps):
        for end in ends[step::steps]:
            end()
        if not hurry():
            await asyncio.sleep(seconds / steps)


def resume() -> None:
    """Let connections in again; for tests, whose process goes on."""
    global _is_draining
    _is_draining = False


gauges["sockets"] = lambda: sum(per_user.values())
gauges["operations"] = lambda: sum(count() for count in tuple(_operations.values()))
