"""The events of one connection, from the plans to its subscriptions."""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError

from crm.actors import Actor
from crm.errors import CursorExpired
from crm.events import journal
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.dispatcher import Dispatcher
from crm.events.metrics import counts
from crm.events.replay import Follower
from crm.graphql.core.errors import database_away, domain_error, internal_error
from crm.graphql.execution.subscriptions import AWAY_SECONDS, Subscription
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.graphql.websocket.bounds import SocketLimits
from crm.graphql.websocket.outgoing import Peer
from crm.graphql.websocket.protocol import Close
from crm.graphql.websocket.tasks import Tasks

#: Gives the frame that tells a subscription what its plan tells of an event.
Write = Callable[[str, Event, str], str]


class Delivery:
    """Sends what the subscriptions of one connection are told.

    It waits in a bounded queue while the client is slow. When the queue is full it is dropped, and as soon as
    the client takes something again, what it missed is read from the log; of that no more is read than the
    queue can take. A client that takes nothing for too long is given up, and comes back with its cursor.

    :param refuse: is called with the id of a subscription that ended by itself, and the errors to tell.
    """

    def __init__(
        self,
        hub: Dispatcher,
        actor: Actor,
        *,
        peer: Peer,
        tasks: Tasks,
        limits: SocketLimits,
        write: Write,
        refuse: Callable[[str, list[dict[str, Any]]], None],
    ) -> None:
        self._hub = hub
        self._actor = actor
        self._peer = peer
        self._tasks = tasks
        self._write = write
        self._refuse = refuse
        self._followers: dict[str, Follower] = {}
        self._catching_up: dict[str, asyncio.Task[None]] = {}
        self._waiting: deque[tuple[str, Follower, Event, str]] = deque()
        self._most = limits.waiting_events
        self._half = max(1, self._most // 2)
        self._has_room = asyncio.Event()
        self._has_news = asyncio.Event()
        self._is_sending = False
        self._stalled_seconds = limits.stalled_seconds
        self._stalled: asyncio.TimerHandle | None = None

    def add(self, id_: str, subscription: Subscription) -> None:
        """Answer a subscription from its cursor on, or from the next event."""
        follower = Follower(
            self._actor,
            deliver=partial(self._put, id_),
            on_loss=partial(self._peer.close, Close.TRY_AGAIN_LATER),
        )
        self._followers[id_] = follower
        follower.join(self._hub, subscription.plan, lambda: subscription, after=subscription.after)
        if subscription.after is not None:
            self._start_catching_up(id_, follower)

    def remove(self, id_: str) -> None:
        """Answer a subscription no more, if there is one of this id."""
        follower = self._followers.pop(id_, None)
        if follower is not None:
            follower.leave()
        self._stop_catching_up(id_)

    def stop(self) -> None:
        """Listen no more."""
        for id_ in tuple(self._followers):
            self.remove(id_)
        self._end_stall()

    def cursor(self) -> Cursor | None:
        """Give the place up to which the client was sent all, None if it asks for nothing."""
        if not (self._waiting or self._is_sending):
            for follower in self._followers.values():
                follower.settle()
        places = [follower.sent for follower in self._followers.values()]
        return min(places, key=lambda place: place.seq, default=None)

    async def run(self) -> None:
        """Send what waits, until cancelled."""
        while True:
            if self._stalled is not None:
                self._resume()
            if not self._waiting:
                self._has_news.clear()
                await self._has_news.wait()
                continue
            id_, follower, event, text = self._waiting.popleft()
            if len(self._waiting) < self._half:
                self._has_room.set()
            # It may have ended meanwhile, and its id may stand for another by now.
            if self._followers.get(id_) is follower:
                self._is_sending = True
                await self._peer.answer(self._write(id_, event, text))
                self._is_sending = False
                follower.sent = event.cursor

    def _put(self, id_: str, event: Event, text: str) -> None:
        if len(self._waiting) >= self._most:
            self._fall_behind()
        else:
            self._waiting.append((id_, self._followers[id_], event, text))
        self._has_news.set()

    def _fall_behind(self) -> None:
        counts.catch_ups += 1
        self._waiting.clear()
        for id_, follower in self._followers.items():
            self._stop_catching_up(id_)
            follower.fall_behind()
        if self._stalled is None:
            loop = asyncio.get_running_loop()
            self._stalled = loop.call_later(self._stalled_seconds, self._peer.give_up)

    def _resume(self) -> None:
        self._end_stall()
        for id_, follower in self._followers.items():
            if follower.is_behind and id_ not in self._catching_up:
                self._start_catching_up(id_, follower)

    def _end_stall(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _start_catching_up(self, id_: str, follower: Follower) -> None:
        self._catching_up[id_] = self._tasks.start(self._catch_up(id_, follower, follower.sent))

    def _stop_catching_up(self, id_: str) -> None:
        catching_up = self._catching_up.pop(id_, None)
        if catching_up is not None:
            catching_up.cancel()

    async def _room(self) -> None:
        while len(self._waiting) >= self._half:
            self._has_room.clear()
            await self._has_room.wait()

    async def _read(self, after: Cursor, limit: int) -> list[Event]:
        company_id = self._actor.company_id
        while True:
            try:
                return await in_thread(EVENTS, journal.read_after, after, limit=limit, company_id=company_id)
            except (OperationalError, InterfaceError) as error:
                if not database_away([error]):
                    raise
                await asyncio.sleep(AWAY_SECONDS)

    async def _catch_up(self, id_: str, follower: Follower, after: Cursor) -> None:
        refusal: dict[str, Any] | None = None
        try:
            await follower.catch_up(after, self._read, self._room)
        except CursorExpired as error:
            refusal = domain_error(error)
        except Exception as error:
            # The other operations of the socket go on.
            refusal = internal_error(error, place="catching up")
        if self._catching_up.get(id_) is asyncio.current_task():
            del self._catching_up[id_]
        if refusal is not None and self._followers.get(id_) is follower:
            self.remove(id_)
            self._refuse(id_, [refusal])
