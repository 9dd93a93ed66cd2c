"""Protocols between a shared subscription, the execution that renders its events, and the subscribers."""

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from crm.actors import Actor
from crm.events.audience import Event, Visibility
from crm.events.filter_memory import Matching


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

    @property
    def has_filter(self) -> bool:
        """Whether the subscription covers only the records that meet a condition."""

    def matching(self, actor: Actor, most: int) -> Coroutine[Any, Any, Matching]:
        """Return the records that meet the condition now, up to a number."""

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
