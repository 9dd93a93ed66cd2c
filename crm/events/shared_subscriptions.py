"""Subscriptions of equal selection and equal rights: each event is answered once and sent to all of them."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import partial

from crm.actors import Actor
from crm.events import skipped
from crm.events.audience import GONE, Event, Visibility, rule_for, saw_before
from crm.events.filter_memory import FilterMemory, FilterTracker
from crm.events.rendering import Answer, EventRenderer, Subscriber

logger = logging.getLogger(__name__)

#: Answers kept for subscribers that catch up: their number, and their characters in all.
MOST_KEPT = 2_000
MOST_BYTES = 4_000_000
#: Events that may wait while earlier ones are answered.
MOST_WAITING = 5_000
#: Sends after which other tasks of the event loop get their turn.
SENDS_AT_ONCE = 200

OTHER_RECORD = "the subscription is about another record"
NEVER_MET = "the record did not meet the subscription's filter before"

#: The numbers of an event, and the user if the answer is for one user only.
AnswerKey = tuple[int, int, int | None]


@dataclass(kw_only=True)
class Replayed:
    """Record of a subscriber that catches up: the last event sent, and the records sent as removed."""

    since: int
    gone: set[int] = field(default_factory=set)


@dataclass
class _Met:
    """A record and a filter: whether clients may show it so far, and whether it meets the filter now.

    ``matches`` is None until that was looked up.
    """

    may_show: bool
    matches: bool | None = None


class SharedSubscription:
    """Answers each event once and hands the answer to all subscribers, in the order of the log."""

    def __init__(self, renderer: EventRenderer) -> None:
        # A dict for its order: those who came first are sent first.
        self.subscribers: dict[Subscriber, None] = {}
        self.is_personal = False
        self._renderer = renderer
        self._filter = FilterTracker(renderer.matching) if renderer.has_filter else None
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._answers: OrderedDict[AnswerKey, asyncio.Task[Answer]] = OrderedDict()
        self._bytes = 0
        self._is_working = False
        self._worker = asyncio.create_task(self._work())

    @property
    def is_idle(self) -> bool:
        """Whether every event offered so far has been handed to the subscribers."""
        is_loading = self._filter is not None and self._filter.is_loading
        return not self._is_working and not is_loading and self._events.empty()

    def add(self, subscriber: Subscriber) -> None:
        """Add a subscriber. Where there is a filter, read which records meet it from here on."""
        self.subscribers[subscriber] = None
        if self._filter is not None:
            self._filter.start(subscriber.actor)

    async def ready(self) -> None:
        """Wait until it is known which records meet the filter."""
        if self._filter is not None:
            await self._filter.ready()

    def offer(self, event: Event) -> None:
        """Queue an event for the subscribers, if it concerns them."""
        if not self.subscribers:
            if self._filter is not None:
                # Nobody is told of this event, so nobody remembers it either.
                self._filter.forget()
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
        if self._filter is not None:
            self._filter.forget()
        for subscriber in tuple(self.subscribers):
            subscriber.events_lost()

    async def text_for(self, event: Event, actor: Actor, replayed: Replayed) -> str | None:
        """Return the JSON that an actor who catches up receives for an event of the log, None if nothing."""
        if not self._renderer.is_about(event):
            skipped.log_skipped(event, actor, OTHER_RECORD)
            return None
        if self._filter is None:
            return await self._text_for(event, actor)
        key = event.object_id
        memory = await self._filter.memory(actor)
        met = _Met(key not in replayed.gone and memory.may_show(key, since=replayed.since))
        text = await self._text_for(event, actor, met)
        if met.matches:
            replayed.gone.discard(key)
        elif text is not None or event.is_new:
            # Told once, or new and never told of: its other events say nothing more.
            replayed.gone.add(key)
        return text

    def end(self) -> None:
        self._worker.cancel()
        if self._filter is not None:
            self._filter.end()
        for task in self._answers.values():
            task.cancel()

    async def _text_for(self, event: Event, actor: Actor, met: _Met | None = None) -> str | None:
        """Return the JSON that an actor receives for an event.

        :param met: where there is a filter; it is told whether the record meets it.
        """
        rule = rule_for(event, actor)
        visibility = rule.visibility
        if visibility is Visibility.NOTHING:
            skipped.log_skipped(event, actor, rule.reason)
            return None
        if visibility is Visibility.REMOVED and met is not None and not met.may_show:
            skipped.log_skipped(event, actor, NEVER_MET)
            return None
        if visibility is not Visibility.PAYLOAD:
            return self._renderer.notice(event, visibility)
        answer = await self._answer(event, actor)
        if met is not None:
            # One of several readers suffices, where each has an answer of their own.
            met.matches = bool(met.matches) or answer.text is not None
            if answer.text is None and met.may_show and saw_before(event, actor):
                return self._renderer.notice(event, Visibility.REMOVED)
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
            memory = await self._memory()
            met = None if memory is None else _Met(memory.may_show(event.object_id, since=event.seq - 1))
            # All connections of one user receive the same text.
            texts: dict[int | None, str | None] = {}
            for subscriber in tuple(self.subscribers):
                user_id = subscriber.actor.user_id
                try:
                    if user_id not in texts:
                        # ``offer`` has checked that the event concerns the subscription.
                        texts[user_id] = await self._text_for(event, subscriber.actor, met)
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
            if memory is not None and met is not None:
                self._note(memory, event, met.matches)

    async def _memory(self) -> FilterMemory | None:
        """Return what is remembered of the filter, None without a filter."""
        if self._filter is None or not self.subscribers:
            return None
        return await self._filter.memory(next(iter(self.subscribers)).actor)

    def _note(self, memory: FilterMemory, event: Event, matches: bool | None) -> None:
        """Remember what a live event told of its record and the filter."""
        if event.kind == "bulk" and self._filter is not None:
            # Any record may have come or gone. The clients read all of them again, and so does the filter.
            self._filter.forget()
            for subscriber in tuple(self.subscribers)[:1]:
                self._filter.start(subscriber.actor)
        elif event.kind in GONE or matches is not None:
            memory.note(event.object_id, event.seq, matches=bool(matches))

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
