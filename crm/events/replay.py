"""From a cursor to what happens now, with no gap and nothing twice."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from crm.actors import Actor
from crm.events.audience import Event
from crm.events.coalescing import condensed
from crm.events.cursor import NOWHERE, Cursor
from crm.events.dispatcher import Dispatcher, SubscriptionKey
from crm.events.metrics import counts
from crm.events.shared_subscriptions import Delivery

#: Events that are read at a time, and after which others on the event loop get their turn.
BATCH = 200
EVENTS_AT_ONCE = 50
#: Events that may come meanwhile; if they are more, they are read from the log too.
MOST_BUFFERED = 1_000

Read = Callable[[Cursor, int], Awaitable[list[Event]]]


class Follower:
    """A member of a plan that begins at a cursor, or at what happens from now on.

    What comes while it catches up is kept apart, and follows: whatever the tail had handed on before the
    follower joined is in the log, and what it hands on later is kept. What comes twice is dropped by number.

    ``sent`` is the place up to which its reader has been sent all, as its transport says.

    :param deliver: takes what is told, in the order of the log; may not block.
    :param on_loss: is called if events were lost: the follower has to begin anew.
    """

    def __init__(
        self, actor: Actor, *, deliver: Callable[[Event, str], None], on_loss: Callable[[], None]
    ) -> None:
        self.actor = actor
        self.sent = NOWHERE
        #: Whether what comes is let go, since it will be read from the log.
        self.is_behind = False
        self._deliver = deliver
        self._on_loss = on_loss
        self._buffer: deque[tuple[Event, str]] | None = None
        self._last = 0
        self._hub: Dispatcher | None = None

    def join(
        self, hub: Dispatcher, key: SubscriptionKey, make: Callable[[], Delivery], *, after: Cursor | None
    ) -> None:
        """Become a member of a plan; with a cursor, ``catch_up`` has to follow."""
        self._hub, self._key = hub, key
        self.sent = after or hub.position
        self._last = self.sent.seq
        self._buffer = None if after is None else deque()
        self._plan = hub.join(key, make, self)

    def leave(self) -> None:
        """Be told no more."""
        if self._hub is not None:
            self._hub.leave(self._key, self)
            self._hub = None

    def fall_behind(self) -> None:
        """Let go of what was not sent and of what comes; ``catch_up`` has to follow."""
        self._buffer = deque()
        self.is_behind = True
        self._last = self.sent.seq

    def settle(self) -> None:
        """Learn that the reader has been sent all that was delivered: then nothing older is missing."""
        if self._hub is None or self._buffer is not None or not self._plan.is_idle:
            return
        # What was caught up with may be ahead of the tail.
        if self._hub.position.seq > self.sent.seq:
            self.sent = self._hub.position

    def take(self, event: Event, text: str) -> None:
        """Take what is told of an event."""
        if self.is_behind:
            return
        if self._buffer is None:
            self._pass(event, text)
        elif len(self._buffer) < MOST_BUFFERED:
            self._buffer.append((event, text))
        else:
            # All of it is in the log by now.
            self._buffer.clear()
            self.is_behind = True

    def lose(self) -> None:
        """Learn that events were lost."""
        self._on_loss()

    async def catch_up(self, after: Cursor, read: Read, ready: Callable[[], Awaitable[None]]) -> None:
        """Tell what followed the cursor, then what came meanwhile, and go on live.

        :param read: gives the next events of the company after a cursor, so many at most.
        :param ready: waits until there is room for one more.
        :raises CursorExpired: if what followed the cursor is no longer there.
        """
        place = after
        while self._buffer is not None:
            # From here on what comes is kept; what came before is in the log.
            self.is_behind = False
            while events := await read(place, BATCH):
                counts.replayed_rows += len(events)
                place = events[-1].cursor
                await self._tell(condensed(events), ready)
            await self._flush(ready)

    async def _tell(self, events: Sequence[Event], ready: Callable[[], Awaitable[None]]) -> None:
        for count, event in enumerate(events, start=1):
            text = await self._plan.told(event, self.actor)
            if text is not None:
                await ready()
                self._pass(event, text)
            if count % EVENTS_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _flush(self, ready: Callable[[], Awaitable[None]]) -> None:
        while self._buffer and not self.is_behind:
            await ready()
            if self._buffer and not self.is_behind:
                self._pass(*self._buffer.popleft())
        # Nothing is awaited between the last look at the buffer and its end.
        if not self.is_behind:
            self._buffer = None

    def _pass(self, event: Event, text: str) -> None:
        if event.seq > self._last:
            self._last = event.seq
            self._deliver(event, text)
