"""What notifications are made from: each app registers how its events and moments are read."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models

from crm.events.audience import Event
from crm.models.notifications import NotificationKind


@dataclass(frozen=True, kw_only=True)
class Notice:
    """What one member is to hear, unless the member does not want to or may not see it.

    ``about`` is the model and the key of what it is about; ``key`` names the occasion, of which a member is
    notified once.
    """

    company_id: int
    user_id: int
    kind: NotificationKind
    key: str
    text: str
    about: tuple[type[models.Model], int]
    by_id: int | None = None
    activity_id: int | None = None
    moment: datetime | None = None


#: Reads what some events of one entity mean; the events are in the order of the log.
ReadEvents = Callable[[Sequence[Event]], Iterable[Notice]]


@dataclass(frozen=True, kw_only=True)
class TimedSource:
    """Occasions that come without an event, as time passes.

    ``find`` returns the notices of the moments after one and up to another that nobody was notified of yet,
    and a position to go on from; it is called again with that until it returns none. ``limit`` bounds what it
    reads at a time.
    """

    name: str
    every: timedelta
    find: Callable[["Window"], "Found"]


@dataclass(frozen=True, kw_only=True)
class Window:
    """The moments to look at, and the key of the last row that was looked at before."""

    after: datetime
    until: datetime
    last_key: int
    limit: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """The notices of one look, and the key of the last row that was read; None if there are no more."""

    notices: Sequence[Notice]
    last_key: int | None


_readers: dict[str, ReadEvents] = {}
_timed: dict[str, TimedSource] = {}


def register_events(entity: str, read: ReadEvents) -> None:
    """Register how the events of an entity are read."""
    _readers[entity] = read


def register_timed(source: TimedSource) -> None:
    _timed[source.name] = source


def event_readers() -> dict[str, ReadEvents]:
    return dict(_readers)


def timed_sources() -> tuple[TimedSource, ...]:
    return tuple(_timed.values())
