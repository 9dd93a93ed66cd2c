"""Kinds of activities, and which fields each kind has."""

from collections.abc import Mapping

from django.db import models

#: A week.
MOST_MINUTES = 10_080


class ActivityKind(models.TextChoices):
    """A note about what happened, a task to be done, or a talk with somebody."""

    NOTE = "NOTE", "Note"
    TASK = "TASK", "Task"
    CALL = "CALL", "Call"
    MEETING = "MEETING", "Meeting"
    EMAIL = "EMAIL", "E-mail"


class Direction(models.TextChoices):
    """Whether a call or e-mail came in or went out."""

    IN = "IN", "Incoming"
    OUT = "OUT", "Outgoing"


class Priority(models.TextChoices):
    LOW = "LOW", "Low"
    NORMAL = "NORMAL", "Normal"
    HIGH = "HIGH", "High"


#: Kinds that can be planned for later, and done.
PLANNABLE = frozenset({ActivityKind.TASK, ActivityKind.CALL, ActivityKind.MEETING})
#: Kinds that take place at one time, with somebody.
TALKS = frozenset({ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL})
#: Planned kinds that take place by themselves when their time comes.
APPOINTMENTS = PLANNABLE & TALKS
#: The kinds that have each field; every kind has the other fields.
KINDS_WITH: Mapping[str, frozenset[str]] = {
    "assignee": frozenset({ActivityKind.TASK, ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL}),
    "due_at": frozenset({ActivityKind.TASK}),
    "recurrence": frozenset({ActivityKind.TASK}),
    "remind_at": PLANNABLE,
    "priority": PLANNABLE,
    "done_at": PLANNABLE,
    "starts_at": TALKS,
    "minutes": APPOINTMENTS,
    "direction": frozenset({ActivityKind.CALL, ActivityKind.EMAIL}),
    "outcome": frozenset({ActivityKind.TASK, ActivityKind.CALL, ActivityKind.MEETING, ActivityKind.EMAIL}),
    "participants": TALKS,
    "people_participants": TALKS,
}


def takes(kind: str, name: str) -> bool:
    """Return whether activities of a kind have a field."""
    return kind in KINDS_WITH.get(name, ActivityKind)


def named_kind(kind: str) -> str:
    """Return a kind with its article, for sentences."""
    return "An e-mail" if kind == ActivityKind.EMAIL else f"A {ActivityKind(kind).label.lower()}"
