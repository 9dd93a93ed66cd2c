"""The type of activities, which the types of records list."""

from collections.abc import Callable

import graphene
from django.utils.module_loading import import_string
from graphene_django import DjangoObjectType

from crm import models
from crm.graphql.core.arguments import choice_enum
from crm.graphql.core.fields import Attribute, Related, RowType, SameRow
from crm.graphql.core.list_fields import DEFAULT_FIRST, BatchedRow, RelatedList
from crm.graphql.core.scalars import DateTime
from crm.graphql.types import User
from crm.models import EntityKind
from crm.records.registry import record_kind
from crm.services import activity_dates

ActivityKind = choice_enum(
    "ActivityKind",
    models.ActivityKind.values,
    "What an activity is, and with it which fields it has.",
    {
        "NOTE": "A text about what happened.",
        "TASK": "Something that a member is to do, perhaps by a due date, and perhaps again and again.",
        "CALL": "A call that was made, or is planned.",
        "MEETING": "A meeting that was held, or is planned.",
        "EMAIL": "An e-mail that was sent or received.",
    },
)
ActivityDirection = choice_enum(
    "ActivityDirection",
    models.Direction.values,
    "Who called or wrote.",
    {"IN": "The other side did: it came in.", "OUT": "A member did: it went out."},
)
ActivityPriority = choice_enum(
    "ActivityPriority",
    models.Priority.values,
    "How important a task, call or meeting is.",
    {"LOW": "Can wait.", "NORMAL": "As others; the default.", "HIGH": "Before others."},
)


def _type_of(kind: EntityKind) -> Callable[[], RowType]:
    # By path, since crm must not import the types of the apps above it.
    return lambda: import_string(record_kind(kind).graphql_type)


def _record(kind: EntityKind, description: str) -> BatchedRow:
    return BatchedRow(
        _type_of(kind),
        lambda activities, _actor: activity_dates.record_keys(record_kind(kind).model, activities),
        loads=("content_type_id", "object_id"),
        description=description,
    )


class ActivityRecord(graphene.ObjectType):
    """The record that an activity belongs to: one of these, by its kind; the others are null."""

    lead = _record(EntityKind.LEAD, "The lead, if the activity belongs to one.")
    people = _record(EntityKind.PEOPLE, "The person, if the activity belongs to one.")
    organization = _record(EntityKind.ORGANIZATION, "The organization, if the activity belongs to one.")


class Activity(DjangoObjectType):
    """Something that was done about a record, or is to be done: a note, task, call, meeting or e-mail."""

    class Meta:
        model = models.Activity
        fields = ("id", "uuid", "text", "due_at", "done_at", "version", "created_at", "updated_at")

    entity_namespace = Attribute(graphene.String, "content_type__model", required=True)
    entity_id = Attribute(graphene.ID, "object_id", required=True)
    kind = Attribute(ActivityKind, "kind", required=True)
    user = Related(User, "user")
    assignee = Related(User, "assignee")
    done_by = Related(User, "done_by")
    door = Attribute(graphene.String, "door", required=True)
    record = SameRow(ActivityRecord, required=True, description="The record that the activity belongs to.")
    subject = Attribute(graphene.String, "subject", description="A title of one line.")
    starts_at = Attribute(
        DateTime,
        "starts_at",
        description="When a call or meeting begins, or an e-mail was sent; null for notes and tasks.",
    )
    minutes = Attribute(graphene.Int, "minutes", description="How long a call or meeting takes, in minutes.")
    direction = Attribute(ActivityDirection, "direction", description="Of calls and e-mails.")
    outcome = Attribute(graphene.String, "outcome", description="What came of it; no note has one.")
    priority = Attribute(ActivityPriority, "priority", required=True, description="NORMAL unless it was set.")
    remind_at = Attribute(
        DateTime, "remind_at", description="When the assignee is reminded of a task, call or meeting."
    )
    recurrence = Attribute(
        graphene.String,
        "recurrence",
        description="The rule of RFC 5545 by which the next task is made when this one is done, such as"
        " FREQ=WEEKLY;BYDAY=MO.",
    )
    previous_id = Attribute(
        graphene.ID, "previous_id", description="The task of the same series that was done before this one."
    )
    participants = RelatedList(
        User,
        "participants",
        ordering=(),
        first=DEFAULT_FIRST,
        required=True,
        description="Members who take part in a call, meeting or e-mail.",
    )
    people_participants = RelatedList(
        _type_of(EntityKind.PEOPLE),
        "people_participants",
        ordering=(),
        first=DEFAULT_FIRST,
        required=True,
        description="People outside the company who take part in a call, meeting or e-mail.",
    )


def next_activity() -> BatchedRow:
    """Declare the field of a record with what is to be done about it first."""
    return BatchedRow(
        Activity,
        activity_dates.next_activities,
        description="What is planned first: an open task, or a call or meeting to come. Tasks without a due"
        " date come last.",
    )


def latest_activity() -> BatchedRow:
    """Declare the field of a record with what was done about it last."""
    return BatchedRow(
        Activity,
        activity_dates.latest_activities,
        description="The note, done task, call, meeting or e-mail that took place last. It is not called"
        " last_activity, which says of leads what kind of work last kept them from rotting.",
    )
