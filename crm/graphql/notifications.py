"""The caller's notifications, and how the caller hears of each kind."""

from typing import Any

import graphene
from django.db.models import QuerySet
from graphene_django import DjangoObjectType
from graphql import GraphQLResolveInfo

from crm import models
from crm.actors import Action, Actor
from crm.graphql.activity_types import Activity
from crm.graphql.core.bulk import ids_argument
from crm.graphql.core.fields import Attribute, Related
from crm.graphql.core.mutation_field import MutationField
from crm.graphql.core.mutations import update_mutation
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.scalars import DateTime
from crm.graphql.lists.columns import ChoiceColumn, DateTimeColumn, IdColumn, ListFilterSet
from crm.graphql.lists.paginator import list_field
from crm.graphql.types import User
from crm.models import NotificationDelivery, NotificationKind
from crm.services import notifications as service
from crm.services.own_settings import update_own

PERMISSION = Action.CHANGE_OWN
KINDS = {
    NotificationKind.LEAD_ASSIGNED: "Somebody else, or a rotation, made the member the owner of a lead.",
    NotificationKind.TASK_DUE: "The reminder, or else the due date, of a task of the member has come.",
    NotificationKind.MENTIONED: 'Somebody else named the member in a note, as @ana or @"Ana Ruiz".',
    NotificationKind.LEAD_ROTS: "A lead of the member has had no activity for as long as its stage allows.",
    NotificationKind.IMPORT_DONE: "An import that the member started has ended in the background.",
    NotificationKind.RECEIVER_FAILING: "A receiver refused three deliveries in a row. For managers.",
}
DELIVERIES = {
    NotificationDelivery.OFF: "Not at all.",
    NotificationDelivery.IN_APP: "In the list of notifications.",
    NotificationDelivery.MAIL: "In the list, and by a mail at once.",
    NotificationDelivery.DIGEST: "In the list, and by one mail a day, unless it was read before.",
}


def _kind(kind: NotificationKind | None) -> str:
    return "The occasions of which a member is notified." if kind is None else KINDS[kind]


def _delivery(delivery: NotificationDelivery | None) -> str:
    return "The ways in which a member hears of a kind." if delivery is None else DELIVERIES[delivery]


NotificationKindEnum = graphene.Enum.from_enum(NotificationKind, name="NotificationKind", description=_kind)
NotificationDeliveryEnum = graphene.Enum.from_enum(
    NotificationDelivery, name="NotificationDelivery", description=_delivery
)


class Notification(DjangoObjectType):
    """Something that the caller is to hear of, as long as the caller sees what it is about."""

    class Meta:
        model = models.Notification
        fields = ("id",)

    kind = Attribute(NotificationKindEnum, "kind", required=True, description="The occasion.")
    text = Attribute(
        graphene.String,
        "text",
        required=True,
        description="The occasion as a sentence, with names as they were then.",
    )
    entity_namespace = Attribute(
        graphene.String,
        "content_type__model",
        required=True,
        description="What it is about: lead, person, organization, importjob or leadreceiver.",
    )
    entity_id = Attribute(graphene.ID, "object_id", required=True, description="The id of what it is about.")
    activity = Related(
        Activity, "activity", description="The task that is due, or the note with the mention."
    )
    by = Related(User, "by", description="Who did it; null for what happened by itself.")
    created_at = Attribute(DateTime, "created_at", required=True, description="When it was made.")
    read_at = Attribute(DateTime, "read_at", description="When it was marked as read; null if it is unread.")
    mailed_at = Attribute(DateTime, "mail__sent_at", description="When a mail with it was sent.")


class NotificationPreference(graphene.ObjectType):
    """The ways in which the caller hears of one kind."""

    kind = graphene.Field(NotificationKindEnum, required=True, description="The kind.")
    delivery = graphene.Field(
        NotificationDeliveryEnum, required=True, description="How the caller hears of it."
    )
    is_default = graphene.Boolean(
        required=True,
        description="Whether the caller has chosen nothing, and the default of the product counts.",
        resolver=lambda preference, _info: preference.pk is None,
    )


class NotificationPreferences(graphene.ObjectType):
    """The ways in which the caller hears of each kind, and the hour of the daily mail."""

    digest_hour = graphene.Int(
        required=True,
        description="Hour of the day, 0 to 23 in the caller's time zone, from which the daily mail is sent.",
        resolver=lambda membership, _info: membership.digest_hour,
    )
    kinds = graphene.List(
        graphene.NonNull(NotificationPreference),
        required=True,
        description="One for each kind, also where the default counts.",
        resolver=lambda membership, _info: service.preferences_of(membership),
    )


class MeInput(graphene.InputObjectType):
    """Settings of a member; a field that is left out stays."""

    timezone = graphene.String(
        description="Name of a time zone, such as Europe/Paris; null for that of the company."
    )
    language = graphene.String(
        description="Language of pages and mails, such as de; null for that of the browser, "
        "and of the company in mails."
    )
    digest_hour = graphene.Int(
        description="Hour of the day, 0 to 23 in this time zone, from which the daily mail is sent."
    )


class NotificationFilterSet(ListFilterSet):
    row_model = models.Notification
    order_columns = {name: name for name in ("id", "created_at", "read_at")}

    id = IdColumn("id")
    kind = ChoiceColumn("kind", words=NotificationKind.values)
    entity_id = IdColumn("object_id")
    created_at = DateTimeColumn("created_at")
    read_at = DateTimeColumn("read_at")


def _own(actor: Actor, *, unread: bool | None = None) -> QuerySet[models.Notification]:
    rows = models.Notification.objects.visible_to(actor)
    return rows if unread is None else rows.filter(read_at__isnull=unread)


class NotificationQuery(graphene.ObjectType):
    notifications = list_field(
        "notifications",
        Notification,
        NotificationFilterSet,
        source=_own,
        unread=graphene.Boolean(
            description="True: only those that are unread; false: only those that were read."
        ),
    )
    unread_notifications = Guarded(
        graphene.Int,
        required=True,
        description=f"How many notifications the caller has not read, up to {service.MOST_COUNTED}.",
    )
    notification_preferences = Guarded(
        NotificationPreferences, required=True, description="The ways in which the caller hears of each kind."
    )

    @staticmethod
    def resolve_unread_notifications(_root: object, info: GraphQLResolveInfo) -> int:
        return service.count_unread(actor_of(info))

    @staticmethod
    def resolve_notification_preferences(_root: object, info: GraphQLResolveInfo) -> object:
        return service.own_membership(actor_of(info))


class NotificationMutation(graphene.ObjectType):
    mark_notifications_read = MutationField(
        graphene.Int,
        permission=PERMISSION,
        ids=ids_argument(),
        description="Mark notifications of the caller as read; answers how many were not.",
    )
    mark_all_notifications_read = MutationField(
        graphene.Int,
        permission=PERMISSION,
        until=DateTime(description="Leaves those unread that were made later."),
        description="Mark all notifications of the caller as read; answers how many were not.",
    )
    set_notification_preference = MutationField(
        NotificationPreference,
        permission=PERMISSION,
        kind=graphene.Argument(NotificationKindEnum, required=True),
        delivery=graphene.Argument(NotificationDeliveryEnum, required=True),
        description="Choose how the caller hears of a kind.",
    )
    update_me = update_mutation(User, update_own, MeInput, permission=PERMISSION, key=None)

    @staticmethod
    def resolve_mark_notifications_read(_root: object, info: GraphQLResolveInfo, *, ids: list[str]) -> int:
        return service.mark_read(ids, actor=actor_of(info))

    @staticmethod
    def resolve_mark_all_notifications_read(
        _root: object, info: GraphQLResolveInfo, *, until: Any = None
    ) -> int:
        return service.mark_all_read(actor=actor_of(info), until=until)

    @staticmethod
    def resolve_set_notification_preference(
        _root: object, info: GraphQLResolveInfo, *, kind: str, delivery: str
    ) -> object:
        return service.set_preference(kind, delivery, actor=actor_of(info))
