"""An event of the log, and the rules that decide what a member of its company may see of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Literal

from crm.actors import Actor, Door
from crm.events.cursor import NO_POSITION, Cursor

Kind = Literal["created", "updated", "deleted", "restored", "merged", "bulk"]
#: The kinds of events after which nobody sees the record.
GONE = ("deleted", "merged")
#: Entities of the log. Those of ``INTERNAL`` are for the makers of notifications alone: members were named in
#: a note, and their ids are the audience; an import ended; a receiver refused a delivery.
LEAD, NOTIFICATION = "lead", "notification"
MENTION, IMPORT, RECEIVER = INTERNAL = ("mention", "import", "receiver")
#: Records that their audience alone sees, whatever a role or a company allows.
PERSONAL = frozenset({NOTIFICATION})


@dataclass(frozen=True, kw_only=True)
class Event:
    """A committed change of one record: who may see it, never the record's content.

    ``before`` and ``after`` are the ids of the users who could see the record, None for all members;
    ``changed`` names the fields that changed, and ``changes`` holds previous values of some columns, in plain
    JSON. A ``bulk`` event stands for many changes; its ``object_id`` is 0. A record that was ``merged``
    belongs to ``winner_id`` now. ``since`` is the number of the first of several events that were made one.
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
    changed: Sequence[str] = ()
    winner_id: int | None = None
    cursor: Cursor = NO_POSITION
    since: int = 0

    def audience(self) -> dict[str, list[int] | None] | None:
        """Return both audiences in JSON types, None if all members are meant by both."""
        if self.before is None and self.after is None:
            return None
        return {
            "before": None if self.before is None else sorted(self.before),
            "after": None if self.after is None else sorted(self.after),
        }

    @property
    def seq(self) -> int:
        return self.cursor.seq

    def previous_values(self) -> dict[str, Any]:
        """Return ``changes`` with ids as text, which is how clients read ids."""
        return {
            name: str(value) if name.endswith("_id") and value is not None else value
            for name, value in self.changes.items()
        }

    @property
    def is_new(self) -> bool:
        """Whether nobody saw the record before."""
        # A creation merged with later events may have had readers in between, so its audience counts.
        return self.kind in ("created", "restored") and not self.since

    def had_reader(self, user_id: int | None) -> bool:
        """Return whether a user who sees only their own records saw this one before the change."""
        if self.is_new:
            return False
        return self.before is None or user_id in self.before

    def has_reader(self, user_id: int | None) -> bool:
        """Return whether a user who sees only their own records sees this one after the change."""
        if self.kind in GONE:
            return False
        return self.after is None or user_id in self.after


class Visibility(Enum):
    """The kinds of message that a subscriber may receive for an event."""

    PAYLOAD = auto()
    REMOVED = auto()
    REFETCH = auto()
    NOTHING = auto()


class Rule(Enum):
    """The rule that decided on an event, with its outcome and the reason in words."""

    OTHER_COMPANY = Visibility.NOTHING, "the event belongs to another company"
    INTERNAL = Visibility.NOTHING, "the event is for the product itself"
    OTHER_MEMBER = Visibility.NOTHING, "the record belongs to another member"
    BULK = Visibility.REFETCH, "many records changed at once: every member is asked to read again"
    DELETED = Visibility.REMOVED, "the record was deleted, and the user sees all records"
    MERGED = Visibility.REMOVED, "the record was merged into another one, and the user sees all records"
    SEES_ALL = Visibility.PAYLOAD, "the user sees all records"
    IN_AUDIENCE_AFTER = Visibility.PAYLOAD, "the user is in the audience after the change"
    IN_AUDIENCE_BEFORE = Visibility.REMOVED, "the user is in the audience before the change only"
    OUTSIDE_AUDIENCE = Visibility.NOTHING, "the user is outside the audience before and after the change"

    def __init__(self, visibility: Visibility, reason: str) -> None:
        self.visibility = visibility
        self.reason = reason


_OF_ALL = {"deleted": Rule.DELETED, "merged": Rule.MERGED}


def saw_before(event: Event, actor: Actor) -> bool:
    """Return whether an actor of the event's company saw the record before the change."""
    return not event.is_new and (actor.sees_all_leads or event.had_reader(actor.user_id))


def rule_for(event: Event, actor: Actor) -> Rule:
    """Return the rule for an event and an actor; a PAYLOAD is still to be read under the actor's rights."""
    if event.company_id != actor.company_id:
        return Rule.OTHER_COMPANY
    if event.entity in INTERNAL:
        return Rule.INTERNAL
    if event.entity in PERSONAL and not event.has_reader(actor.user_id):
        return Rule.OTHER_MEMBER
    if event.kind == "bulk":
        return Rule.BULK
    if actor.sees_all_leads:
        return _OF_ALL.get(event.kind, Rule.SEES_ALL)
    if event.has_reader(actor.user_id):
        return Rule.IN_AUDIENCE_AFTER
    return Rule.IN_AUDIENCE_BEFORE if event.had_reader(actor.user_id) else Rule.OUTSIDE_AUDIENCE
