"""Types of channels and messages, which the types of records list."""

import graphene
from django.db.models import OuterRef, Subquery
from graphene_django import DjangoObjectType

from crm import models
from crm.actors import Actor
from crm.graphql.core.fields import Attribute, Computed, Related
from crm.graphql.core.list_fields import DEFAULT_FIRST, RelatedList
from crm.graphql.core.scalars import Mixed
from crm.graphql.types import Filesystem, User


class Message(DjangoObjectType):
    """Something that was said in a channel."""

    class Meta:
        model = models.Message
        fields = ("id", "uuid", "message_verb", "is_system", "slug", "created_at", "updated_at")

    channel_id = Attribute(graphene.ID, "channel_id", required=True)
    parent_id = Attribute(graphene.ID, "parent_id")
    user = Related(User, "user")
    message = Attribute(Mixed, "message", required=True)
    files = RelatedList(Filesystem, "file_links", ordering=(), required=True)


def _last_message(actor: Actor) -> Subquery:
    messages = models.Message.objects.visible_to(actor).filter(channel=OuterRef("pk"))
    return Subquery(messages.order_by("-pk").values("pk")[:1])


class SocialChannel(DjangoObjectType):
    """A channel of communication about a record."""

    class Meta:
        model = models.SocialChannel
        fields = ("id", "uuid", "name", "slug", "description", "created_at")

    entity_namespace = Attribute(graphene.String, "content_type__model", required=True)
    entity_id = Attribute(graphene.ID, "object_id", required=True)
    last_message_id = Computed(graphene.ID, "last_message_id", _last_message)
    messages = RelatedList(Message, "messages", ordering=("-id",), first=DEFAULT_FIRST, required=True)
    users = RelatedList(User, "users", ordering=(), required=True)
