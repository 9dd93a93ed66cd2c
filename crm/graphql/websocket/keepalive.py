"""One timer for all connections of an event loop, which lets each of them say that it is alive."""

import asyncio
from typing import Protocol

#: Looks at each connection within the time between two of its beats.
LOOKS = 8


class Beating(Protocol):
    """A connection that is looked at from time to time."""

    def beat(self) -> None:
        """Say that we are here, if it is time, and see whether the client is; may not block."""


class Heart:
    """Has its members beat, a few times within their ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._pause = seconds / LOOKS
        self._members: dict[Beating, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, member: Beating) -> None:
        """Look at a connection from now on."""
        self._members[member] = None
        if self._timer is None:
            self._timer = self._loop.call_later(self._pause, self._look)

    def remove(self, member: Beating) -> None:
        """Look at a connection no more; the last one stops the timer."""
        self._members.pop(member, None)
        if not self._members and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look(self) -> None:
        self._timer = self._loop.call_later(self._pause, self._look)
        for member in tuple(self._members):
            member.beat()


_hearts: dict[tuple[asyncio.AbstractEventLoop, float], Heart] = {}


def heart(seconds: float) -> Heart:
    """Give the one timer of this event loop for connections that beat so often."""
    loop = asyncio.get_running_loop()
    for key in [key for key in _hearts if key[0].is_closed()]:
        del _hearts[key]
    return _hearts.setdefault((loop, seconds), Heart(seconds))
