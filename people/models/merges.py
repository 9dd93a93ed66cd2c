"""Merges of records that stand for the same person or organization."""

import uuid
from typing import ClassVar

from django.conf import settings
from django.db import models

from crm.models.base import TenantModel, TenantQuerySet
from crm.models.custom_fields import EntityKind


class Merge(TenantModel):
    """One merge: the winner, the losers and a journal that is enough to undo it exactly."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    model = models.CharField(max_length=12, choices=EntityKind.choices)
    winner_id = models.BigIntegerField()
    losers = models.JSONField(default=list)
    journal = models.JSONField(default=dict)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    door = models.CharField(max_length=8)
    undone_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )

    objects: ClassVar[TenantQuerySet["Merge"]] = TenantQuerySet["Merge"].as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [models.Index(fields=["company", "model", "winner_id"], name="merge_of_record")]

    def __str__(self) -> str:
        return f"Merge {self.uuid}"
