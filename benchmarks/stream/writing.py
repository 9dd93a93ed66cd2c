"""Changes leads through the service, one event each, and takes the time of the commit."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from unittest import mock

from django.db import transaction

from benchmarks.stream.feed import Sender
from crm.actors import system_actor
from crm.events import outbox, wakeups
from crm.events.audience import Event
from leads.services.leads import update_lead

Emit = Callable[[Sequence[Event]], Sequence[Event]]
_senders: list[Sender] = []


def change_lead(
    lead: int, *, company_id: int, number: int, is_logged: bool = True, is_sent: bool = False
) -> float:
    """Change the title of a lead; return the moment of the commit, by the clock that all processes share.

    :param is_logged: whether the event is stored and wakes listeners, as in the product.
    :param is_sent: whether it is sent to the channel layer after the commit.
    """
    committed_at: list[float] = []
    emit = partial(_emit, outbox.emit, is_logged=is_logged, is_sent=is_sent)
    publish = wakeups.publish if is_logged else _say_nothing
    with (
        mock.patch.object(outbox, "emit", emit),
        mock.patch.object(wakeups, "publish", publish),
        transaction.atomic(),
    ):
        # Ahead of everything else that is done after the commit.
        transaction.on_commit(lambda: committed_at.append(time.monotonic()))
        update_lead(lead, {"title": f"Deal {number}"}, actor=system_actor(company_id))
    return committed_at[0]


def _emit(write: Emit, events: Sequence[Event], *, is_logged: bool, is_sent: bool) -> Sequence[Event]:
    if is_sent:
        if not _senders:
            _senders.append(Sender())
        for event in events:
            transaction.on_commit(partial(_senders[0].send, event))
    return write(events) if is_logged else events


def _say_nothing() -> None:
    """Replace the wake-up, which is not needed where the event itself is sent."""
