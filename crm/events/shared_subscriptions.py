"""One way to tell events, shared by all who asked for the same under the same rights."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from crm.actors import Actor
from crm.events.audience import Event, Visibility, verdict

logger = logging.getLogger(__name__)

#: What a plan keeps of its answers, for those who catch up.
MOST_KEPT = 2_000
MOST_BYTES = 4_000_000
#: Events that may wait for a plan whose answers take long.
MOST_WAITING = 5_000
#: Sends after which others on the event loop get their turn.
SENDS_AT_ONCE = 200


#: The numbers of an event, and the user where the answer is for one.
AnswerKey = tuple[int, int, int | None]


@dataclass(frozen=True)
class Answer:
    """What a plan tells of one event: JSON, or None if the event does not meet what was asked for.

    ``readers`` are the users who might see the record when it was read, None if the plan has no need to know.
    An answer ``is_personal`` if its making had to know who reads: it is of no use to anybody else.
    """

    text: str | None
    readers: frozenset[int] | None = None
    is_personal: bool = False
    is_kept: bool = True


class Delivery(Protocol):
    """What a transport knows of a plan."""

    def is_about(self, event: Event) -> bool:
        """Tell whether the event's record is one that was asked for."""

    def absence(self, event: Event, decided: Visibility) -> str:
        """Give the JSON for an event without content: the record is gone, or much has changed."""

    def answer(self, event: Event, actor: Actor, *, shared: bool) -> Coroutine[Any, Any, Answer]:
        """Give the answer to an event under the rights of an actor.

        :param shared: whether it is to be one for all who have these rights.
        """


class Subscriber(Protocol):
    """Somebody who hears what a plan tells."""

    @property
    def actor(self) -> Actor:
        """Who hears."""

    def take(self, event: Event, text: str) -> None:
        """Take what is told of an event; may not block."""

    def lose(self) -> None:
        """Learn that events were lost: the member has to begin anew at its cursor."""


class SharedSubscription:
    """Resolves each event once for its members, in order, and keeps the answers for those who catch up."""

    def __init__(self, telling: Delivery) -> None:
        self.members: dict[Subscriber, None] = {}
        self.is_personal = False
        self._telling = telling
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._answers: OrderedDict[AnswerKey, asyncio.Task[Answer]] = OrderedDict()
        self._bytes = 0
        self._is_working = False
        self._worker = asyncio.create_task(self._work())

    @property
    def is_idle(self) -> bool:
        """Whether the members have heard of all that the plan was offered."""
        return not self._is_working and self._events.empty()

    def offer(self, event: Event) -> None:
        """Have the members told of an event."""
        if not self.members or not self._telling.is_about(event):
            return
        if self._events.qsize() >= MOST_WAITING:
            self.lose()
            return
        self._events.put_nowait(event)

    def lose(self) -> None:
        """Have all members begin anew at their cursors."""
        while not self._events.empty():
            self._events.get_nowait()
        for member in tuple(self.members):
            member.lose()

    async def told(self, event: Event, actor: Actor) -> str | None:
        """Give what an actor is told of an event, None if nothing."""
        decided = verdict(event, actor)
        if decided is Visibility.NOTHING or not self._telling.is_about(event):
            return None
        if decided is not Visibility.PAYLOAD:
            return self._telling.absence(event, decided)
        answer = await self._answer(event, actor)
        hidden = answer.readers is not None and actor.user_id not in answer.readers
        # Who lost the record meanwhile is told so by a later event.
        return None if hidden and not actor.sees_all_leads else answer.text

    def end(self) -> None:
        """Stop working."""
        self._worker.cancel()
        for task in self._answers.values():
            task.cancel()

    async def _work(self) -> None:
        sent = 0
        while True:
            self._is_working = False
            event = await self._events.get()
            self._is_working = True
            # What one connection of a user is told, all of that user's are.
            texts: dict[int | None, str | None] = {}
            for member in tuple(self.members):
                user_id = member.actor.user_id
                try:
                    if user_id not in texts:
                        texts[user_id] = await self.told(event, member.actor)
                    text = texts[user_id]
                except Exception:
                    # The others go on; this one hears it from the log.
                    logger.exception("An event could not be told.")
                    member.lose()
                    continue
                if text is None or member not in self.members:
                    continue
                member.take(event, text)
                sent += 1
                if sent % SENDS_AT_ONCE == 0:
                    await asyncio.sleep(0)

    async def _answer(self, event: Event, actor: Actor) -> Answer:
        if not self.is_personal:
            answer = await self._once(event, actor, shared=True)
            if not answer.is_personal:
                return answer
            self.is_personal = True
        return await self._once(event, actor, shared=False)

    async def _once(self, event: Event, actor: Actor, *, shared: bool) -> Answer:
        key = event.seq, event.since, None if shared else actor.user_id
        task = self._answers.get(key)
        if task is None:
            task = asyncio.create_task(self._telling.answer(event, actor, shared=shared))
            self._answers[key] = task
            task.add_done_callback(partial(self._made, key))
        # Others wait for it too, and may go on waiting when this one is gone.
        return await asyncio.shield(task)

    def _made(self, key: AnswerKey, task: asyncio.Task[Answer]) -> None:
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
