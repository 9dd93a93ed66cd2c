"""The subscription ``notification``: the subscriber's notifications as they are made."""

from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm import models
from crm.events.audience import NOTIFICATION
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.graphql.execution.shared_subscriptions import EventRoot
from crm.graphql.notifications import Notification


class NewNotification(Guarded):
    """The field ``notification``: each new one of the subscriber."""

    @staticmethod
    def entities(**_arguments: Any) -> frozenset[str]:
        return frozenset({NOTIFICATION})


class NotificationSubscription(graphene.ObjectType):
    """Notifications as they are made."""

    notification = NewNotification(
        Notification,
        description=(
            "Each new notification of the subscriber, in the order in which they are made; with `after`, from"
            " that cursor on."
        ),
        after=graphene.ID(description="A cursor of an earlier message, to be sent what was missed since."),
    )

    @staticmethod
    def resolve_notification(root: EventRoot, info: GraphQLResolveInfo, *, after: object = None) -> Any:
        """Return the notification of an event, or None if it is not the subscriber's."""
        own = models.Notification.objects.visible_to(actor_of(info)).filter(pk=root.event.object_id)
        return load(own, Notification, info.field_nodes, info).first()
