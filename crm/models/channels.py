"""Channels, in which members talk about a record."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models

from crm.models.base import Stamped, TenantModel
from crm.models.records import RecordLinkQuerySet


class SocialChannel(TenantModel):
    """A channel of communication about one record."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=120)
    description = models.TextField(null=True, blank=True)
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE, related_name="+")
    object_id = models.BigIntegerField()
    entity = GenericForeignKey("content_type", "object_id")
    users = models.ManyToManyField(
        settings.AUTH_USER_MODEL, through="ChannelMember", related_name="social_channels"
    )

    objects: ClassVar[RecordLinkQuerySet["SocialChannel"]] = RecordLinkQuerySet["SocialChannel"].as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["content_type", "object_id"], name="channel_entity")]

    def __str__(self) -> str:
        return self.name


class ChannelMember(Stamped):
    channel = models.ForeignKey(SocialChannel, on_delete=models.CASCADE, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    is_admin = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "user"], name="channel_member_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.channel}"
