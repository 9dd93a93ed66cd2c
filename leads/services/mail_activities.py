"""Writes an e-mail as an activity of one record."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from crm.actors import Action, Actor
from crm.models import Activity, ActivityKind, ActivityParticipant, Direction
from crm.models.activities import LONGEST_TEXT
from crm.models.records import Record, link_columns
from crm.services import locking, saving
from crm.signals import record_discussed
from people.models import ActivityPerson, Person

LONGEST_SUBJECT = 255


@dataclass(frozen=True, kw_only=True)
class LoggedText:
    """What an activity says of an e-mail, whatever record it belongs to."""

    subject: str
    text: str
    direction: Direction
    sent_at: datetime
    #: The member who has proved to have written it; None for all others.
    author_id: int | None
    member_ids: Collection[int]
    people: Collection[Person]


def log_email(record: Record, said: LoggedText, *, actor: Actor) -> Activity:
    """Add an e-mail to a record, which restarts the count of a lead's rotting, and notify its readers."""
    actor.require(Action.CHANGE_ACTIVITIES)
    activity = Activity(
        **link_columns(record),
        company_id=actor.company_id,
        kind=ActivityKind.EMAIL,
        subject=said.subject[:LONGEST_SUBJECT] or None,
        text=said.text[:LONGEST_TEXT],
        direction=said.direction,
        starts_at=said.sent_at,
        user_id=said.author_id,
        door=actor.door.value,
    )
    saving.store(activity, actor=actor)
    ActivityParticipant.objects.bulk_create(
        ActivityParticipant(activity=activity, user_id=key) for key in sorted(said.member_ids)
    )
    ActivityPerson.objects.bulk_create(
        ActivityPerson(activity=activity, person=person) for person in said.people
    )
    locked = locking.lock_record_of(activity, actor)
    record_discussed.send(sender=type(locked), record=locked, activity="EMAIL", actor=actor)
    return activity
