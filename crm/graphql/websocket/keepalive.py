"""One timer for all connections of an event loop, for pings and for noticing clients that are gone."""

import asyncio
from typing import Protocol

#: Ticks within the period of a timer: how exact the connections' own times are.
TICKS = 8


class Connection(Protocol):
    def tick(self) -> None:
        """Ping the client if it is time, and check that it is there; must not block."""


class KeepaliveTimer:
    """Calls ``tick`` of its connections several times within a period."""

    def __init__(self, seconds: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._pause = seconds / TICKS
        self._connections: dict[Connection, None] = {}
        self._timer: asyncio.TimerHandle | None = None

    def add(self, connection: Connection) -> None:
        self._connections[connection] = None
        if self._timer is None:
            self._timer = self._loop.call_later(self._pause, self._tick)

    def remove(self, connection: Connection) -> None:
        """Stop to call a connection; without connections the timer stops."""
        self._connections.pop(connection, None)
        if not self._connections and self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = self._loop.call_later(self._pause, self._tick)
        # A copy, since a connection may remove itself.
        for connection in tuple(self._connections):
            connection.tick()


_timers: dict[tuple[asyncio.AbstractEventLoop, float], KeepaliveTimer] = {}


def keepalive_timer(seconds: float) -> KeepaliveTimer:
    """Return the timer of this event loop for a period, shared by all connections of that period."""
    loop = asyncio.get_running_loop()
    for key in [key for key in _timers if key[0].is_closed()]:
        del _timers[key]
    return _timers.setdefault((loop, seconds), KeepaliveTimer(seconds))
