"""Notes and tasks about records."""

from typing import Any

import graphene
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Actor
from crm.errors import BadUserInput
from crm.graphql.conversation_types import Activity, ActivityKind
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.permissions import actor_of
from crm.graphql.core.prefetch import refetch
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

MAY = Action.CHANGE_ACTIVITIES
#: What the API calls the relations of the model.
NAMES = {"assignee": "assignee_id"}


class ActivityInput(graphene.InputObjectType):
    entity_type = EntityType()
    entity_id = graphene.ID()
    kind = ActivityKind()
    text = graphene.String()
    due_at = DateTime()
    assignee_id = graphene.ID()


class ActivityFilterSet(ListFilterSet):
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

    class Meta:
        model = models.Activity
        fields: list[str] = []


def _activities_of(
    actor: Actor, *, entity_type: Any = None, entity_id: str | None = None
) -> QuerySet[models.Activity]:
    """Give the notes and tasks of the record that is named, or of all that the actor sees."""
    done = ExpressionWrapper(Q(done_at__isnull=False), output_field=BooleanField())
    rows = models.Activity.objects.visible_to(actor).alias(done=done)
    if entity_type is None and entity_id is None:
        return rows
    if entity_type is None or entity_id is None:
        raise BadUserInput("Give both entity_type and entity_id, or neither.")
    return rows.filter(**link_columns(find_record(entity_type, entity_id, actor)))


class ActivityQuery(graphene.ObjectType):
    """What can be asked of notes and tasks."""

    activities = list_field(
        "activities",
        Activity,
        ActivityFilterSet,
        source=_activities_of,
        entity_type=EntityType(),
        entity_id=graphene.ID(),
    )


class ActivityMutation(graphene.ObjectType):
    """What can be done with notes and tasks."""

    create_activity = MutationField(
        Activity,
        name="createActivity",
        permission=MAY,
        prefix="input",
        names=NAMES,
        input=graphene.Argument(ActivityInput, required=True),
    )
    update_activity = MutationField(
        Activity,
        name="updateActivity",
        permission=MAY,
        prefix="input",
        names=NAMES,
        id=graphene.ID(required=True),
        input=graphene.Argument(ActivityInput, required=True),
        expected_version=graphene.Int(),
    )
    complete_task = MutationField(
        Activity, name="completeTask", permission=MAY, id=graphene.ID(required=True)
    )
    reopen_task = MutationField(Activity, name="reopenTask", permission=MAY, id=graphene.ID(required=True))
    delete_activity = MutationField(
        graphene.Boolean,
        name="deleteActivity",
        permission=MAY,
        id=graphene.ID(required=True),
        expected_version=graphene.Int(),
    )
    restore_activity = MutationField(
        graphene.Boolean, name="restoreActivity", permission=MAY, id=graphene.ID(required=True)
    )

    @staticmethod
    def resolve_create_activity(_root: Any, info: GraphQLResolveInfo, *, input: Any) -> Any:
        return refetch(info, Activity, activities.create_activity(input, actor=actor_of(info)))

    @staticmethod
    def resolve_update_activity(
        _root: Any, info: GraphQLResolveInfo, *, id: str, input: Any, **options: Any
    ) -> Any:
        return refetch(info, Activity, activities.update_activity(id, input, actor=actor_of(info), **options))

    @staticmethod
    def resolve_complete_task(_root: Any, info: GraphQLResolveInfo, *, id: str) -> Any:
        return refetch(info, Activity, activities.complete_task(id, actor=actor_of(info)))

    @staticmethod
    def resolve_reopen_task(_root: Any, info: GraphQLResolveInfo, *, id: str) -> Any:
        return refetch(info, Activity, activities.reopen_task(id, actor=actor_of(info)))

    @staticmethod
    def resolve_delete_activity(_root: Any, info: GraphQLResolveInfo, *, id: str, **options: Any) -> bool:
        activities.delete_activity(id, actor=actor_of(info), **options)
        return True

    @staticmethod
    def resolve_restore_activity(_root: Any, info: GraphQLResolveInfo, *, id: str) -> bool:
        activities.restore_activity(id, actor=actor_of(info))
        return True
