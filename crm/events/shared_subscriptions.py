"""Subscriptions of equal selection and equal rights: each event is answered once and sent to all of them."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from crm.actors import Actor
from crm.events import skipped
from crm.events.audience import Event, Visibility, rule_for

logger = logging.getLogger(__name__)

#: Answers kept for subscribers that catch up: their number, and their characters in all.
MOST_KEPT = 2_000
MOST_BYTES = 4_000_000
#: Events that may wait while earlier ones are answered.
MOST_WAITING = 5_000
#: Sends after which other tasks of the event loop get their turn.
SENDS_AT_ONCE = 200

OTHER_RECORD = "the subscription is about another record"

#: The numbers of an event, and the user if the answer is for one user only.
AnswerKey = tuple[int, int, int | None]


@dataclass(frozen=True)
class Answer:
    """The JSON sent for an event, or None if the record does not exist for the subscription.

    ``readers`` could see the record when it was read, None if that need not be checked. An answer that
    ``is_personal`` depends on who reads, so nobody else gets it.
    """

    text: str | None
    readers: frozenset[int] | None = None
    is_personal: bool = False
    is_kept: bool = True


class EventRenderer(Protocol):
    """Turns events into the JSON that the subscribers of one shared subscription receive."""

    def is_about(self, event: Event) -> bool:
        """Return whether the subscription covers the event's record."""

    def notice(self, event: Event, visibility: Visibility) -> str:
        """Return the JSON for an event without a record: it was removed, or many changed."""

    def answer(self, event: Event, actor: Actor, *, shared: bool) -> Coroutine[Any, Any, Answer]:
        """Return the answer to an event; ``shared`` if it is for everyone with the rights of the actor."""


class Subscriber(Protocol):
    @property
    def actor(self) -> Actor:
        """The actor whose rights decide."""

    def receive(self, event: Event, text: str) -> None:
        """Accept the answer to an event; must not block."""

    def events_lost(self) -> None:
        """React to lost events: the subscriber has to start again at its cursor."""


class SharedSubscription:
    """Answers each event once and hands the answer to all subscribers, in the order of the log."""

    def __init__(self, renderer: EventRenderer) -> None:
        # A dict for its order: those who came first are sent first.
        self.subscribers: dict[Subscriber, None] = {}
        self.is_personal = False
        self._renderer = renderer
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._answers: OrderedDict[AnswerKey, asyncio.Task[Answer]] = OrderedDict()
        self._bytes = 0
        self._is_working = False
        self._worker = asyncio.create_task(self._work())

    @property
    def is_idle(self) -> bool:
        """Whether every event offered so far has been handed to the subscribers."""
        return not self._is_working and self._events.empty()

    def offer(self, event: Event) -> None:
        """Queue an event for the subscribers, if it concerns them."""
        if not self.subscribers:
            return
        if not self._renderer.is_about(event):
            if skipped.is_logged():
                for subscriber in self.subscribers:
                    skipped.log_skipped(event, subscriber.actor, OTHER_RECORD)
            return
        if self._events.qsize() >= MOST_WAITING:
            self.drop_waiting()
            return
        self._events.put_nowait(event)

    def drop_waiting(self) -> None:
        """Drop the queued events, and have all subscribers start again at their cursors."""
        while not self._events.empty():
            self._events.get_nowait()
        for subscriber in tuple(self.subscribers):
            subscriber.events_lost()

    async def text_for(self, event: Event, actor: Actor) -> str | None:
        """Return the JSON that an actor receives for an event of the log, None if nothing."""
        if not self._renderer.is_about(event):
            skipped.log_skipped(event, actor, OTHER_RECORD)
            return None
        return await self._text_for(event, actor)

    def end(self) -> None:
        self._worker.cancel()
        for task in self._answers.values():
            task.cancel()

    async def _text_for(self, event: Event, actor: Actor) -> str | None:
        rule = rule_for(event, actor)
        visibility = rule.visibility
        if visibility is Visibility.NOTHING:
            skipped.log_skipped(event, actor, rule.reason)
            return None
        if visibility is not Visibility.PAYLOAD:
            return self._renderer.notice(event, visibility)
        answer = await self._answer(event, actor)
        if answer.readers is not None and actor.user_id not in answer.readers and not actor.sees_all_leads:
            # A later event tells the user that the record is gone.
            skipped.log_skipped(event, actor, "the user could no longer see the record when it was read")
            return None
        if answer.text is None:
            skipped.log_skipped(event, actor, "the record is gone or does not meet the subscription's filter")
        return answer.text

    async def _work(self) -> None:
        sent = 0
        while True:
            self._is_working = False
            event = await self._events.get()
            self._is_working = True
            # All connections of one user receive the same text.
            texts: dict[int | None, str | None] = {}
            for subscriber in tuple(self.subscribers):
                user_id = subscriber.actor.user_id
                try:
                    if user_id not in texts:
                        # ``offer`` has checked that the event concerns the subscription.
                        texts[user_id] = await self._text_for(event, subscriber.actor)
                    text = texts[user_id]
                except Exception:
                    # The others go on; this one reads the event from the log when it starts again.
                    logger.exception("An event could not be delivered.")
                    subscriber.events_lost()
                    continue
                # It may have left during the await.
                if text is None or subscriber not in self.subscribers:
                    continue
                subscriber.receive(event, text)
                sent += 1
                if sent % SENDS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _answer(self, event: Event, actor: Actor) -> Answer:
        if not self.is_personal:
            answer = await self._answer_once(event, actor, shared=True)
            if not answer.is_personal:
                return answer
            # The selection depends on the reader, so every later event is answered for each user apart.
            self.is_personal = True
        return await self._answer_once(event, actor, shared=False)

    async def _answer_once(self, event: Event, actor: Actor, *, shared: bool) -> Answer:
        key = event.seq, event.since, None if shared else actor.user_id
        task = self._answers.get(key)
        if task is None:
            task = asyncio.create_task(self._renderer.answer(event, actor, shared=shared))
            self._answers[key] = task
            task.add_done_callback(partial(self._keep, key))
        # Shielded: other subscribers may wait for the same answer after this one has gone.
        return await asyncio.shield(task)

    def _keep(self, key: AnswerKey, task: asyncio.Task[Answer]) -> None:
        if self._answers.get(key) is not task:
            return
        if task.cancelled() or task.exception() or not task.result().is_kept:
            del self._answers[key]
            return
        self._bytes += _size(task)
        while len(self._answers) > MOST_KEPT or self._bytes > MOST_BYTES:
            _, oldest = self._answers.popitem(last=False)
            self._bytes -= _size(oldest)


def _size(task: asyncio.Task[Answer]) -> int:
    return len(task.result().text or "") if task.done() else 0
