"""Notes and tasks about records."""

import graphene
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet

from crm import models
from crm.actors import Action, Actor
from crm.errors import BadUserInput
from crm.graphql.conversation_types import Activity, ActivityKind
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
    IdColumn,
    ListFilterSet,
    UuidColumn,
)
from crm.graphql.lists.paginator import list_field
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
    due_at = DateTime()
    assignee_id = graphene.ID()


class ActivityFilterSet(ListFilterSet):
    row_model = models.Activity
    order_columns = {name: name for name in ("id", "due_at", "done_at", "created_at", "updated_at")}

    id = IdColumn("id")
    uuid = UuidColumn("uuid")
    kind = ChoiceColumn("kind", words=models.ActivityKind.values)
    users_id = IdColumn("user_id")
    assignee_id = IdColumn("assignee_id")
    done = BooleanColumn("done")
    due_at = DateTimeColumn("due_at")
    done_at = DateTimeColumn("done_at")
    created_at = DateTimeColumn("created_at")


def _activities_of(
    actor: Actor, *, entity_type: str | None = None, entity_id: str | None = None
) -> QuerySet[models.Activity]:
    """Return the notes and tasks of the named record, or of all records that the actor sees."""
    # An alias, so that it can be filtered by but is not loaded.
    done = ExpressionWrapper(Q(done_at__isnull=False), output_field=BooleanField())
    rows = models.Activity.objects.visible_to(actor).alias(done=done)
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
