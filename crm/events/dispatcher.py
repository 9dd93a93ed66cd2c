"""Where the log meets those who listen: one hub for each event loop, plans under it, members under those."""

import asyncio
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from crm.events import metrics
from crm.events.audience import Event
from crm.events.cursor import Cursor
from crm.events.shared_subscriptions import Delivery, SharedSubscription, Subscriber
from crm.events.tail import Tail

#: Seconds for which a plan that nobody follows is kept, for clients that come back.
KEEP_SECONDS = 30.0


@dataclass(frozen=True)
class SubscriptionKey:
    """What two subscriptions have in common that are answered by one plan."""

    company_id: int
    asked: Hashable


class Dispatcher:
    """Hands the events of the tail to the plans of their companies.

    It lives while somebody holds it: the first who opens it makes it, the end of the last one ends it.
    """

    def __init__(self) -> None:
        self.holders = 0
        self._loop = asyncio.get_running_loop()
        self._plans: dict[int, dict[SubscriptionKey, SharedSubscription]] = {}
        self._dropping: dict[SubscriptionKey, asyncio.TimerHandle] = {}
        self._tail = Tail(self._deliver, self._restart)
        self.started: asyncio.Future[None] = self._loop.create_future()
        self.task = asyncio.create_task(self._tail.run(self.started))
        self._telling = asyncio.create_task(metrics.tell_regularly(self._tail.lag))

    @property
    def position(self) -> Cursor:
        """The place after the last event that was handed on."""
        return self._tail.position

    @property
    def tail_age(self) -> float:
        """The seconds since the tail read the log to its end; from any thread."""
        return self._tail.age

    @property
    def is_idle(self) -> bool:
        """Whether all that the tail handed on was told."""
        return all(plan.is_idle for plans in self._plans.values() for plan in plans.values())

    def count(self) -> tuple[int, int]:
        """Give how many plans there are, and members of all of them."""
        plans = [plan for of_company in tuple(self._plans.values()) for plan in tuple(of_company.values())]
        return len(plans), sum(len(plan.members) for plan in plans)

    def join(
        self, key: SubscriptionKey, make: Callable[[], Delivery], member: Subscriber
    ) -> SharedSubscription:
        """Have a member told what a plan tells from now on; make the plan if there is none."""
        plans = self._plans.setdefault(key.company_id, {})
        plan = plans.get(key)
        if plan is None:
            plan = plans[key] = SharedSubscription(make())
        if key in self._dropping:
            self._dropping.pop(key).cancel()
        plan.members[member] = None
        return plan

    def leave(self, key: SubscriptionKey, member: Subscriber) -> None:
        """Have a member told no more."""
        plan = self._plans.get(key.company_id, {}).get(key)
        if plan is None or member not in plan.members:
            return
        del plan.members[member]
        if not plan.members:
            self._dropping[key] = self._loop.call_later(KEEP_SECONDS, self._drop, key)

    def release(self) -> None:
        """Let go; the last one who does so ends the hub."""
        self.holders -= 1
        if not self.holders:
            self.end()

    def end(self) -> None:
        """Follow the log no more."""
        if _hubs.get(self._loop) is self:
            del _hubs[self._loop]
        for timer in self._dropping.values():
            timer.cancel()
        for plans in self._plans.values():
            for plan in plans.values():
                plan.end()
        self._plans.clear()
        self._telling.cancel()
        self.task.cancel()

    def _drop(self, key: SubscriptionKey) -> None:
        del self._dropping[key]
        self._plans[key.company_id].pop(key).end()
        if not self._plans[key.company_id]:
            del self._plans[key.company_id]

    def _deliver(self, events: list[Event]) -> None:
        for event in events:
            for plan in self._plans.get(event.company_id, {}).values():
                plan.offer(event)

    def _restart(self) -> None:
        for plans in self._plans.values():
            for plan in plans.values():
                plan.lose()


async def open_dispatcher() -> Dispatcher:
    """Hold the hub of this event loop, made if there is none; whoever holds it has to ``release`` it.

    :raises django.db.Error: if the log cannot be read.
    """
    loop = asyncio.get_running_loop()
    hub = _hubs.get(loop)
    if hub is None:
        hub = _hubs[loop] = Dispatcher()
    hub.holders += 1
    try:
        await asyncio.shield(hub.started)
    except BaseException:
        hub.release()
        raise
    return hub


async def stop() -> None:
    """End the hub of this event loop, whoever holds it."""
    hub = _hubs.get(asyncio.get_running_loop())
    if hub is not None:
        hub.end()
        await asyncio.wait([hub.task])


def tail_age() -> float:
    """Give the age of the oldest tail of this process in seconds, 0 if it has none; from any thread."""
    return max((hub.tail_age for hub in tuple(_hubs.values())), default=0.0)


def has_tail() -> bool:
    """Tell whether this process follows the log; from any thread."""
    return bool(_hubs)


def is_open() -> bool:
    """Tell whether this event loop has a hub."""
    return asyncio.get_running_loop() in _hubs


_hubs: dict[asyncio.AbstractEventLoop, Dispatcher] = {}

metrics.gauges["plans"] = lambda: sum(hub.count()[0] for hub in tuple(_hubs.values()))
metrics.gauges["members"] = lambda: sum(hub.count()[1] for hub in tuple(_hubs.values()))
metrics.gauges["tail_age_seconds"] = lambda: round(tail_age(), 1)
