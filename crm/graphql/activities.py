"""Lists and mutations of activities."""

import graphene
from django.db.models import (
    BooleanField,
    Case,
    DateTimeField,
    ExpressionWrapper,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)

from crm import models
from crm.actors import Action, Actor
from crm.errors import BadUserInput
from crm.graphql.activity_types import Activity, ActivityDirection, ActivityKind, ActivityPriority
from crm.graphql.core.mutations import (
    create_mutation,
    delete_mutation,
    restore_mutation,
    row_mutation,
    update_mutation,
)
from crm.graphql.core.scalars import DateTime
from crm.graphql.inputs import EntityType
from crm.graphql.lists.columns import (
    BooleanColumn,
    ChoiceColumn,
    DateTimeColumn,
    HasRelation,
    IdColumn,
    IntegerColumn,
    ListFilterSet,
    TextColumn,
    UuidColumn,
)
from crm.graphql.lists.paginator import list_field
from crm.models.activities import PLANNED_AT
from crm.models.activity_kinds import PLANNABLE
from crm.models.records import link_columns
from crm.records.registry import find_record
from crm.services import activities

PERMISSION = Action.CHANGE_ACTIVITIES
#: The API's names of model fields, where they differ.
NAMES = {"assignee": "assignee_id"}


class ActivityInput(graphene.InputObjectType):
    # Optional for updates, which cannot change the record; the service requires both for a new activity.
    entity_type = EntityType()
    entity_id = graphene.ID()
    kind = ActivityKind()
    text = graphene.String()
    due_at = DateTime(description="Of tasks.")
    assignee_id = graphene.ID()
    subject = graphene.String(description="A title of one line; with it, only a note needs a text too.")
    starts_at = DateTime(
        description="When a call or meeting begins or began, or an e-mail was sent; the present if it is left"
        " out. A call or meeting at a later time is planned."
    )
    minutes = graphene.Int(description="How long a call or meeting takes: 1 to 10080, a week.")
    direction = ActivityDirection(description="Of calls and e-mails.")
    outcome = graphene.String(description="What came of it; a note has none.")
    priority = ActivityPriority(description="Of tasks, calls and meetings.")
    remind_at = DateTime(description="Of tasks, calls and meetings: not after they are due or begin.")
    recurrence = graphene.String(
        description="Of tasks with a due date: a rule of RFC 5545 with FREQ, DAILY to YEARLY, and INTERVAL,"
        " COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS or WKST, such as FREQ=WEEKLY;BYDAY=MO."
    )
    participants_id = graphene.List(
        graphene.NonNull(graphene.ID),
        description="Members who take part in a call, meeting or e-mail: the whole list.",
    )
    people_participants_id = graphene.List(
        graphene.NonNull(graphene.ID),
        description="People who take part in a call, meeting or e-mail: the whole list.",
    )


MEMBER = {"id": IdColumn("id"), "uuid": UuidColumn("uuid"), "displayname": TextColumn("displayname")}


class ActivityFilterSet(ListFilterSet):
    row_model = models.Activity
    relations = {
        "assignee": HasRelation("assignee", MEMBER),
        "participants": HasRelation("participants", MEMBER),
    }
    order_columns = {
        name: name
        for name in (
            "id",
            "due_at",
            "starts_at",
            "remind_at",
            "done_at",
            "subject",
            "created_at",
            "updated_at",
            "planned_at",
        )
    } | {"priority": "priority_rank"}
    computed_columns = {"planned_at": DateTimeField(null=True), "priority_rank": IntegerField()}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    kind = ChoiceColumn("kind", words=models.ActivityKind.values)
    users_id = IdColumn("user_id")
    assignee_id = IdColumn("assignee_id")
    done = BooleanColumn("done")
    subject = TextColumn("subject")
    text = TextColumn("text")
    outcome = TextColumn("outcome")
    direction = ChoiceColumn("direction", words=models.Direction.values)
    priority = ChoiceColumn("priority", words=models.Priority.values)
    minutes = IntegerColumn("minutes")
    # When a task is due, or a call or meeting begins: one order for all that is planned.
    planned_at = DateTimeColumn("planned_at")
    due_at = DateTimeColumn("due_at")
    starts_at = DateTimeColumn("starts_at")
    remind_at = DateTimeColumn("remind_at")
    done_at = DateTimeColumn("done_at")
    created_at = DateTimeColumn("created_at")
    updated_at = DateTimeColumn("updated_at")


def _visible(actor: Actor) -> QuerySet[models.Activity]:
    # Aliases, so that they can be filtered and sorted by but are not loaded.
    done = ExpressionWrapper(Q(done_at__isnull=False), output_field=BooleanField())
    ranks = [When(priority=word, then=Value(rank)) for rank, word in enumerate(models.Priority.values)]
    return models.Activity.objects.visible_to(actor).alias(
        done=done,
        planned_at=PLANNED_AT,
        priority_rank=Case(*ranks, output_field=IntegerField()),
    )


def _activities_of(
    actor: Actor, *, entity_type: str | None = None, entity_id: str | None = None
) -> QuerySet[models.Activity]:
    """Return the activities of the named record, or of all records that the actor sees."""
    rows = _visible(actor)
    if entity_type is None and entity_id is None:
        return rows
    if entity_type is None or entity_id is None:
        raise BadUserInput("Give both entity_type and entity_id, or neither.")
    return rows.filter(**link_columns(find_record(entity_type, entity_id, actor)))


class ActivityQuery(graphene.ObjectType):
    activities = list_field(
        "activities",
        Activity,
        ActivityFilterSet,
        source=_activities_of,
        entity_type=EntityType(),
        entity_id=graphene.ID(),
    )
    tasks = list_field(
        "tasks",
        Activity,
        ActivityFilterSet,
        source=lambda actor: _visible(actor).filter(kind__in=PLANNABLE),
        description="Tasks, calls and meetings of all records that the caller sees, done or not.",
    )


class ActivityMutation(graphene.ObjectType):
    create_activity = create_mutation(
        Activity, activities.create_activity, ActivityInput, permission=PERMISSION, names=NAMES
    )
    update_activity = update_mutation(
        Activity,
        activities.update_activity,
        ActivityInput,
        permission=PERMISSION,
        names=NAMES,
        versioned=True,
    )
    complete_task = row_mutation(Activity, activities.complete_task, permission=PERMISSION)
    reopen_task = row_mutation(Activity, activities.reopen_task, permission=PERMISSION)
    delete_activity = delete_mutation(activities.delete_activity, permission=PERMISSION, versioned=True)
    restore_activity = restore_mutation(activities.restore_activity, permission=PERMISSION)
