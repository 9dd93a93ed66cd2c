"""The events of one socket, from the plans to its subscriptions."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from django.db import InterfaceError, OperationalError

from crm.actors import Actor
from crm.errors import CursorExpired
from crm.events import journal
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.hub import Hub
from crm.events.replay import Follower
from crm.graphql.errors import database_away, domain_error, internal_error
from crm.graphql.execution.subscriptions import AWAY_SECONDS, Subscription
from crm.graphql.execution.threads import EVENTS, in_thread
from crm.graphql.socket.peer import Peer
from crm.graphql.socket.protocol import Close, write_message, write_next
from crm.graphql.socket.tasks import Tasks


class Delivery:
    """Sends what the subscriptions of one socket are told.

    It waits in a bounded queue while the client is slow; a client that lets it fill up is given up, and comes
    back with its cursor. Of what is caught up with, no more is read than the queue can take.

    :param on_end: is called with the id of a subscription that ended by itself.
    """

    def __init__(
        self,
        hub: Hub,
        actor: Actor,
        *,
        peer: Peer,
        tasks: Tasks,
        most_waiting: int,
        on_end: Callable[[str], None],
    ) -> None:
        self._hub = hub
        self._actor = actor
        self._peer = peer
        self._tasks = tasks
        self._on_end = on_end
        self._followers: dict[str, Follower] = {}
        self._catching_up: dict[str, asyncio.Task[None]] = {}
        self._waiting: asyncio.Queue[tuple[str, Follower, str]] = asyncio.Queue(most_waiting)
        self._half = max(1, most_waiting // 2)
        self._has_room = asyncio.Event()

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
            catching_up = self._catch_up(id_, follower, subscription.after)
            self._catching_up[id_] = self._tasks.start(catching_up)

    def remove(self, id_: str) -> None:
        """Answer a subscription no more, if there is one of this id."""
        follower = self._followers.pop(id_, None)
        if follower is not None:
            follower.leave()
        catching_up = self._catching_up.pop(id_, None)
        if catching_up is not None:
            catching_up.cancel()

    def stop(self) -> None:
        """Listen no more."""
        for id_ in tuple(self._followers):
            self.remove(id_)

    async def run(self) -> None:
        """Send what waits, until cancelled."""
        while True:
            id_, follower, text = await self._waiting.get()
            if self._waiting.qsize() < self._half:
                self._has_room.set()
            # It may have ended meanwhile, and its id may stand for another by now.
            if self._followers.get(id_) is follower:
                await self._peer.answer(write_next(id_, text))

    def _put(self, id_: str, text: str) -> None:
        try:
            self._waiting.put_nowait((id_, self._followers[id_], text))
        except asyncio.QueueFull:
            self._peer.close(Close.TRY_AGAIN_LATER)

    async def _room(self) -> None:
        while self._waiting.qsize() >= self._half:
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
            self._on_end(id_)
            self._peer.say(write_message("error", id_=id_, payload=[refusal]))
