"""Hands the events of the log to the shared subscriptions of one event loop."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from crm.events import metrics
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.rendering import EventRenderer, Subscriber
from crm.events.shared_subscriptions import SharedSubscription
from crm.events.tail import Tail

#: Seconds for which a shared subscription without subscribers is kept, for clients that come back.
KEEP_SECONDS = 30.0


@dataclass(frozen=True)
class SubscriptionKey:
    """The key of a shared subscription: company, and selection and rights as one value."""

    company_id: int
    identity: Hashable


class Dispatcher:
    """Hands the events of the tail to the shared subscriptions of their companies; one per event loop."""

    def __init__(self) -> None:
        self.holders = 0
        self._loop = asyncio.get_running_loop()
        self._shared: dict[int, dict[SubscriptionKey, SharedSubscription]] = {}
        self._removal_timers: dict[SubscriptionKey, asyncio.TimerHandle] = {}
        self._tail = Tail(self._deliver, self._restart)
        self.started: asyncio.Future[None] = self._loop.create_future()
        self.task = asyncio.create_task(self._tail.run(self.started))
        self._metrics = asyncio.create_task(metrics.log_regularly(self._tail.lag))

    @property
    def position(self) -> Cursor:
        """The cursor after the last event that was handed on."""
        return self._tail.position

    @property
    def tail_age(self) -> float:
        """Seconds since the tail read the log to its end; callable from any thread."""
        return self._tail.age

    @property
    def is_idle(self) -> bool:
        """Whether everything that the tail handed on has been delivered."""
        return all(shared.is_idle for shared in self._all_shared())

    def count(self) -> tuple[int, int]:
        """Return the numbers of shared subscriptions and of their subscribers."""
        every = self._all_shared()
        return len(every), sum(len(shared.subscribers) for shared in every)

    def join(
        self, key: SubscriptionKey, make: Callable[[], EventRenderer], subscriber: Subscriber
    ) -> SharedSubscription:
        """Add a subscriber to the shared subscription of a key, created if there is none."""
        of_company = self._shared.setdefault(key.company_id, {})
        shared = of_company.get(key)
        if shared is None:
            shared = of_company[key] = SharedSubscription(make())
        if key in self._removal_timers:
            self._removal_timers.pop(key).cancel()
        shared.add(subscriber)
        return shared

    def leave(self, key: SubscriptionKey, subscriber: Subscriber) -> None:
        """Remove a subscriber; the shared subscription stays a while after the last one has left."""
        shared = self._shared.get(key.company_id, {}).get(key)
        if shared is None or subscriber not in shared.subscribers:
            return
        del shared.subscribers[subscriber]
        if not shared.subscribers:
            # The answers that it keeps serve clients that reconnect together, as after a network failure.
            self._removal_timers[key] = self._loop.call_later(KEEP_SECONDS, self._remove, key)

    def release(self) -> None:
        """Undo one ``open_dispatcher``; the last one ends the dispatcher."""
        self.holders -= 1
        if not self.holders:
            self.end()

    def end(self) -> None:
        if _dispatchers.get(self._loop) is self:
            del _dispatchers[self._loop]
        for timer in self._removal_timers.values():
            timer.cancel()
        for shared in self._all_shared():
            shared.end()
        self._shared.clear()
        self._metrics.cancel()
        self.task.cancel()

    def _all_shared(self) -> list[SharedSubscription]:
        # Copies, since health checks count from other threads.
        return [
            shared for of_company in tuple(self._shared.values()) for shared in tuple(of_company.values())
        ]

    def _remove(self, key: SubscriptionKey) -> None:
        del self._removal_timers[key]
        self._shared[key.company_id].pop(key).end()
        if not self._shared[key.company_id]:
            del self._shared[key.company_id]

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            for shared in self._shared.get(event.company_id, {}).values():
                shared.offer(event)

    def _restart(self) -> None:
        for shared in self._all_shared():
            shared.drop_waiting()


async def open_dispatcher() -> Dispatcher:
    """Return the dispatcher of this event loop, created if there is none. Callers have to ``release`` it."""
    loop = asyncio.get_running_loop()
    dispatcher = _dispatchers.get(loop)
    if dispatcher is None:
        dispatcher = _dispatchers[loop] = Dispatcher()
    dispatcher.holders += 1
    try:
        # Shielded: other connections wait for the same start.
        await asyncio.shield(dispatcher.started)
    except BaseException:
        dispatcher.release()
        raise
    return dispatcher


async def stop() -> None:
    """End the dispatcher of this event loop, whoever still holds it."""
    dispatcher = _dispatchers.get(asyncio.get_running_loop())
    if dispatcher is not None:
        dispatcher.end()
        await asyncio.wait([dispatcher.task])


def tail_age() -> float:
    """Return the age of this process's oldest tail in seconds, 0 without one; callable from any thread."""
    return max((each.tail_age for each in tuple(_dispatchers.values())), default=0.0)


def has_tail() -> bool:
    return bool(_dispatchers)


def is_open() -> bool:
    return asyncio.get_running_loop() in _dispatchers


_dispatchers: dict[asyncio.AbstractEventLoop, Dispatcher] = {}

# The names are those that operators read in the log (docs/operations.md).
metrics.gauges["plans"] = lambda: sum(each.count()[0] for each in tuple(_dispatchers.values()))
metrics.gauges["members"] = lambda: sum(each.count()[1] for each in tuple(_dispatchers.values()))
metrics.gauges["tail_age_seconds"] = lambda: round(tail_age(), 1)
