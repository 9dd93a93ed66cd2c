"""Delivers events to the subscriptions of one connection, through a bounded queue."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from crm.actors import Actor
from crm.errors import CursorExpired
from crm.events import journal
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.dispatcher import Dispatcher
from crm.events.metrics import counts
from crm.events.replay import ResumingSubscriber
from crm.graphql.core.errors import domain_error, unexpected_error
from crm.graphql.execution.operations import JsonObject
from crm.graphql.execution.subscriptions import AWAY_SECONDS, Subscription, may_repeat
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.outgoing import Peer
from crm.graphql.websocket.protocol import Close
from crm.graphql.websocket.tasks import Tasks

#: Returns the frame for a subscription, from its id, an event and the event's JSON.
Write = Callable[[str, Event, str], str]


@dataclass(eq=False, kw_only=True)
class Delivery:
    """Sends events to the subscriptions of one connection.

    A full queue is dropped; as soon as the client takes something again, what it missed is read from the log.
    A client that takes nothing for too long is disconnected and comes back with its cursor.
    """

    dispatcher: Dispatcher
    actor: Actor
    peer: Peer
    tasks: Tasks
    limits: SocketLimits
    write: Write
    #: Called with the id of a subscription that failed, and its errors.
    refuse: Callable[[str, list[JsonObject]], None]

    def __post_init__(self) -> None:
        self._subscribers: dict[str, ResumingSubscriber] = {}
        self._catching_up: dict[str, asyncio.Task[None]] = {}
        self._waiting: deque[tuple[str, ResumingSubscriber, Event, str]] = deque()
        self._most = self.limits.waiting_events
        self._half = max(1, self._most // 2)
        self._has_room = asyncio.Event()
        self._has_events = asyncio.Event()
        self._is_sending = False
        self._stalled: asyncio.TimerHandle | None = None

    async def add(self, id_: str, subscription: Subscription) -> None:
        """Start a subscription at its cursor, or at the next event; return once it has started."""
        subscriber = ResumingSubscriber(
            self.actor,
            deliver=partial(self._put, id_),
            on_loss=partial(self.peer.close, Close.TRY_AGAIN_LATER),
            entities=subscription.entities,
        )
        self._subscribers[id_] = subscriber
        subscriber.join(self.dispatcher, subscription.key, lambda: subscription, after=subscription.after)
        if subscription.after is not None:
            self._start_catching_up(id_, subscriber)
        await subscriber.ready()

    def remove(self, id_: str) -> None:
        subscriber = self._subscribers.pop(id_, None)
        if subscriber is not None:
            subscriber.leave()
        self._stop_catching_up(id_)

    def stop(self) -> None:
        for id_ in tuple(self._subscribers):
            self.remove(id_)
        self._end_stall()

    def cursor(self) -> Cursor | None:
        """Return the cursor up to which the client was sent everything, None without subscriptions."""
        if not (self._waiting or self._is_sending):
            for subscriber in self._subscribers.values():
                subscriber.advance_sent()
        cursors = [subscriber.sent for subscriber in self._subscribers.values()]
        return min(cursors, key=lambda cursor: cursor.seq, default=None)

    async def run(self) -> None:
        """Send the waiting events, until cancelled."""
        while True:
            # The previous send came through, so the client takes something again.
            if self._stalled is not None:
                self._resume()
            if not self._waiting:
                self._has_events.clear()
                await self._has_events.wait()
                continue
            id_, subscriber, event, text = self._waiting.popleft()
            if len(self._waiting) < self._half:
                self._has_room.set()
            # The subscription may have ended meanwhile, and its id may have been used again.
            if self._subscribers.get(id_) is subscriber:
                self._is_sending = True
                await self.peer.send(self.write(id_, event, text))
                self._is_sending = False
                subscriber.sent = event.cursor

    def _put(self, id_: str, event: Event, text: str) -> None:
        if len(self._waiting) >= self._most:
            self._fall_behind()
        else:
            self._waiting.append((id_, self._subscribers[id_], event, text))
        self._has_events.set()

    def _fall_behind(self) -> None:
        counts.catch_ups += 1
        self._waiting.clear()
        for id_, subscriber in self._subscribers.items():
            self._stop_catching_up(id_)
            subscriber.fall_behind()
        if self._stalled is None:
            loop = asyncio.get_running_loop()
            self._stalled = loop.call_later(self.limits.stalled_seconds, self.peer.evict)

    def _resume(self) -> None:
        self._end_stall()
        for id_, subscriber in self._subscribers.items():
            if subscriber.is_behind and id_ not in self._catching_up:
                self._start_catching_up(id_, subscriber)

    def _end_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _start_catching_up(self, id_: str, subscriber: ResumingSubscriber) -> None:
        self._catching_up[id_] = self.tasks.start(self._catch_up(id_, subscriber, subscriber.sent))

    def _stop_catching_up(self, id_: str) -> None:
        catching_up = self._catching_up.pop(id_, None)
        if catching_up is not None:
            catching_up.cancel()

    async def _wait_for_room(self) -> None:
        while len(self._waiting) >= self._half:
            self._has_room.clear()
            await self._has_room.wait()

    async def _read(self, entities: frozenset[str] | None, after: Cursor, limit: int) -> list[Event]:
        read = partial(
            journal.read_after, after, limit=limit, company_id=self.actor.company_id, entities=entities
        )
        timeouts: list[Exception] = []
        while True:
            try:
                return await in_thread(EVENTS, read)
            except Exception as error:
                if not may_repeat(error, timeouts):
                    raise
                await asyncio.sleep(AWAY_SECONDS)

    async def _catch_up(self, id_: str, subscriber: ResumingSubscriber, after: Cursor) -> None:
        refusal: JsonObject | None = None
        try:
            await subscriber.catch_up(after, partial(self._read, subscriber.entities), self._wait_for_room)
        except CursorExpired as error:
            refusal = domain_error(error)
        except Exception as error:
            # An unexpected exception ends this subscription only.
            refusal = unexpected_error(error, place="catching up")
        if self._catching_up.get(id_) is asyncio.current_task():
            del self._catching_up[id_]
        if refusal is not None and self._subscribers.get(id_) is subscriber:
            self.remove(id_)
            self.refuse(id_, [refusal])
