"""The events of one socket, from the hub to its subscriptions."""

import asyncio

from crm.actors import Actor
from crm.events import hub
from crm.events.audience import Event, Verdict, verdict
from crm.graphql.errors import internal_error
from crm.graphql.socket.operations import EVENTS, Subscription, in_thread
from crm.graphql.socket.peer import Peer
from crm.graphql.socket.protocol import Close, write_message


class Delivery:
    """Answers the subscriptions of one socket, event by event.

    Events wait in a bounded queue while the client is slow; one that lets it fill up is given up.
    """

    def __init__(self, actor: Actor, peer: Peer, *, most_waiting: int) -> None:
        self._actor = actor
        self._peer = peer
        self._subscriptions: dict[str, Subscription] = {}
        self._waiting: asyncio.Queue[tuple[Event, Verdict, list[tuple[str, Subscription]]]]
        self._waiting = asyncio.Queue(most_waiting)
        self._unsubscribe: hub.Unsubscribe | None = None

    async def add(self, id_: str, subscription: Subscription) -> None:
        """Answer a subscription from the next event on."""
        if self._unsubscribe is None:
            self._unsubscribe = await hub.subscribe(self._actor.company_id, self._on_event)
        self._subscriptions[id_] = subscription

    def remove(self, id_: str) -> None:
        """Answer a subscription no more, if there is one of this id."""
        self._subscriptions.pop(id_, None)

    def stop(self) -> None:
        """Listen no more."""
        self._subscriptions.clear()
        if self._unsubscribe is not None:
            self._unsubscribe()

    async def run(self) -> None:
        """Answer what waits, until cancelled."""
        while True:
            event, decided, subscriptions = await self._waiting.get()
            for id_, subscription in subscriptions:
                # One that has ended meanwhile is not worth resolving.
                if self._subscriptions.get(id_) is subscription:
                    await self._answer(id_, subscription, event, decided)

    def _on_event(self, event: Event) -> None:
        decided = verdict(event, self._actor)
        concerned = [each for each in self._subscriptions.items() if each[1].is_about(event)]
        if decided is Verdict.NOTHING or not concerned:
            return
        try:
            self._waiting.put_nowait((event, decided, concerned))
        except asyncio.QueueFull:
            self._peer.close(Close.TRY_AGAIN_LATER)

    async def _answer(self, id_: str, subscription: Subscription, event: Event, decided: Verdict) -> None:
        try:
            if decided is Verdict.PAYLOAD:
                answer = await in_thread(EVENTS, subscription.resolve, event)
            else:
                answer = subscription.absence(event, decided)
            frame = None if answer is None else write_message("next", id_=id_, payload=answer)
        except Exception as error:
            # The loop goes on: one event that cannot be told costs neither the others nor the socket.
            failure = {"errors": [internal_error(error, place="subscription")]}
            frame = write_message("next", id_=id_, payload=failure)
        # It may have ended while it was resolved, and its id may stand for another by now.
        if frame is not None and self._subscriptions.get(id_) is subscription:
            await self._peer.answer(frame)
