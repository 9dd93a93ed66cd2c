"""What happened to one record, and which members of its company may hear of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Literal

from crm.actors import Actor, Door
from crm.events.cursor import NOWHERE, Cursor

Kind = Literal["created", "updated", "deleted", "restored", "bulk"]


@dataclass(frozen=True, kw_only=True)
class Event:
    """A committed change of one record; it carries who may hear of it, never the record's content.

    ``before`` and ``after`` are the users who may see the record where members see only their own, before
    and after the change; None stands for all members. ``changes`` holds previous ids. A ``bulk`` event
    stands for many changes at once: its ``object_id`` is 0. ``cursor`` is its place in the
    log, once it has one. If it stands for several that were merged, ``since`` is the number of the first.
    """

    company_id: int
    entity: str
    object_id: int
    kind: Kind
    before: frozenset[int] | None
    after: frozenset[int] | None
    door: Door
    actor_id: int | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    cursor: Cursor = NOWHERE
    since: int = 0

    def audience(self) -> dict[str, list[int] | None] | None:
        """Give the users who may hear of it in plain JSON types, None for all members."""
        if self.before is None and self.after is None:
            return None
        return {
            "before": None if self.before is None else sorted(self.before),
            "after": None if self.after is None else sorted(self.after),
        }

    @property
    def seq(self) -> int:
        """Its number in the log, 0 before it has one."""
        return self.cursor.seq

    def previous_ids(self) -> dict[str, str | None]:
        """Give the previous values of ``changes`` as clients read ids."""
        return {name: None if value is None else str(value) for name, value in self.changes.items()}

    def had_reader(self, user_id: int | None) -> bool:
        """Tell whether a user who sees only their own records saw this one before the change."""
        # A creation that was merged with what followed has readers that came and went.
        if self.kind in ("created", "restored") and not self.since:
            return False
        return self.before is None or user_id in self.before

    def has_reader(self, user_id: int | None) -> bool:
        """Tell whether a user who sees only their own records sees this one after the change."""
        if self.kind == "deleted":
            return False
        return self.after is None or user_id in self.after


class Visibility(Enum):
    """What a member is told of an event."""

    PAYLOAD = auto()
    REMOVED = auto()
    REFETCH = auto()
    NOTHING = auto()


def verdict(event: Event, actor: Actor) -> Visibility:
    """Decide what a member is told of an event, without asking the database.

    PAYLOAD still has to be read under the actor's own rights: the record may have moved on since the event.
    """
    if event.company_id != actor.company_id:
        return Visibility.NOTHING
    if event.kind == "bulk":
        return Visibility.REFETCH
    if actor.sees_all_leads:
        return Visibility.REMOVED if event.kind == "deleted" else Visibility.PAYLOAD
    if event.has_reader(actor.user_id):
        return Visibility.PAYLOAD
    return Visibility.REMOVED if event.had_reader(actor.user_id) else Visibility.NOTHING
