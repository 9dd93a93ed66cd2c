"""Messages of a channel."""

import uuid
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef

from crm.actors import Actor
from crm.models.base import TenantModel, TenantQuerySet
from crm.models.channels import SocialChannel
from crm.models.files import FileLink


class MessageQuerySet(TenantQuerySet["Message"]):
    """Messages; an actor sees those of visible channels."""

    def visible_to(self, actor: Actor) -> Self:
        channels = SocialChannel.objects.visible_to(actor).filter(pk=OuterRef("channel"))
        return super().visible_to(actor).filter(Exists(channels))


class Message(TenantModel):
    """A message that a member, or the product itself, wrote in a channel."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    channel = models.ForeignKey(SocialChannel, on_delete=models.CASCADE, related_name="messages")
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="replies"
    )
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    message = models.JSONField()
    message_verb = models.CharField(max_length=64, default="comment")
    is_system = models.BooleanField(default=False)
    slug = models.CharField(max_length=120, null=True, blank=True)
    door = models.CharField(max_length=8, editable=False, default="graphql")

    objects: ClassVar[MessageQuerySet] = MessageQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index("channel", models.F("id").desc(), name="message_newest")]

    def __str__(self) -> str:
        return f"{self.message_verb} in {self.channel_id}"


class MessageFile(FileLink):
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="file_links")
