"""The history of records: append-only, and written only by services (ADR 10)."""

from typing import ClassVar

from django.conf import settings
from django.db import models

from crm.actors import Door
from crm.models.base import TenantQuerySet
from crm.models.records import RecordLink


class HistoryKind(models.TextChoices):
    CREATED = "CREATED", "Created"
    UPDATED = "UPDATED", "Changed"
    DELETED = "DELETED", "Deleted"
    RESTORED = "RESTORED", "Restored"
    MERGED = "MERGED", "Merged"
    UNMERGED = "UNMERGED", "Merge undone"
    ROUTED = "ROUTED", "Assigned by routing"


class HistoryEntry(RecordLink):
    """One change of one record; ``changes`` maps a field to ``[old, new]``, with related rows' names."""

    company = models.ForeignKey("crm.Company", on_delete=models.CASCADE, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")
    kind = models.CharField(max_length=8, choices=HistoryKind.choices)
    door = models.CharField(max_length=8, choices=[(door.value, door.value) for door in Door])
    via = models.CharField(
        max_length=255,
        null=True,
        help_text="The token, receiver or import that the change came by.",
    )
    changes = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[TenantQuerySet["HistoryEntry"]] = TenantQuerySet["HistoryEntry"].as_manager()  # type: ignore[assignment]

    class Meta:
        verbose_name_plural = "history"
        indexes = [
            models.Index("content_type", "object_id", models.F("id").desc(), name="history_of_record"),
            # Few rows: in the admin only bulk changes have a name.
            models.Index(
                fields=["via", "id"],
                name="history_of_bulk_change",
                condition=models.Q(door=Door.ADMIN.value, via__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} by {self.user or 'the system'}"
