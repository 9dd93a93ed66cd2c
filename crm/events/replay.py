"""A subscriber that resumes at a cursor: the log first, then live events, with no gap and no duplicate."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from crm.actors import Actor
from crm.events.audience import Event
from crm.events.coalescing import coalesce
from crm.events.cursor import NO_POSITION, Cursor
from crm.events.dispatcher import Dispatcher, SubscriptionKey
from crm.events.metrics import counts
from crm.events.rendering import EventRenderer
from crm.events.shared_subscriptions import Replayed

#: Events read at a time, and events after which other tasks of the event loop get their turn.
BATCH = 200
EVENTS_AT_ONCE = 50
#: Live events that may wait for the end of the replay; if there are more, they are read from the log too.
MOST_BUFFERED = 1_000

Read = Callable[[Cursor, int], Awaitable[list[Event]]]


class ResumingSubscriber:
    """A subscriber of a shared subscription that starts at a cursor, or at the next event.

    It joins before it reads the log and buffers the live events meanwhile; events that are in both are
    dropped by their number. ``deliver`` accepts events in the order of the log and must not block;
    ``on_loss`` is called if the subscriber has to start again. The transport keeps ``sent``, the cursor up to
    which its client has everything.
    """

    def __init__(
        self,
        actor: Actor,
        *,
        deliver: Callable[[Event, str], None],
        on_loss: Callable[[], None],
        entities: frozenset[str] | None = None,
    ) -> None:
        self.actor = actor
        #: The kinds of records that it follows, None for all: no others are to be read from the log.
        self.entities = entities
        self.sent = NO_POSITION
        #: Whether live events are dropped, because they will be read from the log.
        self.is_behind = False
        self._deliver = deliver
        self._on_loss = on_loss
        self._buffer: deque[tuple[Event, str]] | None = None
        self._last = 0
        self._dispatcher: Dispatcher | None = None

    def join(
        self,
        dispatcher: Dispatcher,
        key: SubscriptionKey,
        make: Callable[[], EventRenderer],
        *,
        after: Cursor | None,
    ) -> None:
        """Join the shared subscription of a key. With a cursor, ``catch_up`` has to follow."""
        self._dispatcher, self._key = dispatcher, key
        self.sent = after or dispatcher.position
        self._last = self.sent.seq
        self._buffer = None if after is None else deque()
        self._shared = dispatcher.join(key, make, self)

    async def ready(self) -> None:
        """Wait until the subscription can tell which records leave its filter from here on."""
        await self._shared.ready()

    def leave(self) -> None:
        if self._dispatcher is not None:
            self._dispatcher.leave(self._key, self)
            self._dispatcher = None

    def fall_behind(self) -> None:
        """Drop live events from now on; ``catch_up`` has to follow, from what was sent."""
        self._buffer = deque()
        self.is_behind = True
        self._last = self.sent.seq

    def advance_sent(self) -> None:
        """Move ``sent`` to the tail's position: else the cursor of a client that is sent little expires."""
        if self._dispatcher is None or self._buffer is not None or not self._shared.is_idle:
            return
        # A replay reads the log itself and may be ahead of the tail.
        if self._dispatcher.position.seq > self.sent.seq:
            self.sent = self._dispatcher.position

    def receive(self, event: Event, text: str) -> None:
        """Deliver a live event, or buffer it while the replay goes on."""
        if self.is_behind:
            return
        if self._buffer is None:
            self._deliver_once(event, text)
        elif len(self._buffer) < MOST_BUFFERED:
            self._buffer.append((event, text))
        else:
            # Everything in the buffer is in the log by now.
            self._buffer.clear()
            self.is_behind = True

    def events_lost(self) -> None:
        self._on_loss()

    async def catch_up(self, after: Cursor, read: Read, has_room: Callable[[], Awaitable[None]]) -> None:
        """Deliver what follows a cursor, as ``has_room`` allows, then what was buffered, then go on live."""
        position, replayed = after, Replayed(since=after.seq)
        while self._buffer is not None:
            # From here on live events are buffered; what came before is in the log.
            self.is_behind = False
            while events := await read(position, BATCH):
                counts.replayed_rows += len(events)
                position = events[-1].cursor
                await self._replay(coalesce(events), replayed, has_room)
            await self._flush(has_room)

    async def _replay(
        self, events: Sequence[Event], replayed: Replayed, has_room: Callable[[], Awaitable[None]]
    ) -> None:
        for count, event in enumerate(events, start=1):
            text = await self._shared.text_for(event, self.actor, replayed)
            if text is not None:
                await has_room()
                self._deliver_once(event, text)
            if count % EVENTS_AT_ONCE == 0:
                await asyncio.sleep(0)

    async def _flush(self, has_room: Callable[[], Awaitable[None]]) -> None:
        while self._buffer and not self.is_behind:
            await has_room()
            # Looked at again: it may have overflowed during the await.
            if self._buffer and not self.is_behind:
                self._deliver_once(*self._buffer.popleft())
        # No await between the last look at the buffer and its end, or an event could slip in between.
        if not self.is_behind:
            self._buffer = None

    def _deliver_once(self, event: Event, text: str) -> None:
        if event.seq > self._last:
            self._last = event.seq
            self._deliver(event, text)
