"""The log of what happened to records, written in the transactions of the changes themselves."""

import secrets
from typing import ClassVar

from django.db import models

from crm.actors import Door
from crm.models.base import TenantQuerySet


def new_epoch() -> str:
    """Give the name of a line of numbers that nobody has seen before."""
    return secrets.token_hex(6)


class EventKind(models.TextChoices):
    """What became of a record."""

    CREATED = "created", "Created"
    UPDATED = "updated", "Changed"
    DELETED = "deleted", "Deleted"
    RESTORED = "restored", "Restored"
    BULK = "bulk", "Many at once"


class Event(models.Model):
    """One committed change of one record, or of many at once: whose ids and audience, never what it says.

    ``id`` follows the insertions, which commits do not follow: ``seq``, given after the commit, is the place
    in the log. ``audience`` holds the users who see the record where members see only their own, before and
    after the change; null stands for all members. Deleted records keep their events.
    """

    company = models.ForeignKey("crm.Company", on_delete=models.CASCADE, related_name="+", db_index=False)
    entity = models.CharField(max_length=16)
    object_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=EventKind.choices)
    audience = models.JSONField(null=True)
    changes = models.JSONField(default=dict)
    actor_id = models.BigIntegerField(null=True)
    door = models.CharField(max_length=8, choices=[(door.value, door.value) for door in Door])
    created_at = models.DateTimeField(auto_now_add=True)
    seq = models.BigIntegerField(null=True, unique=True)

    objects: ClassVar[TenantQuerySet["Event"]] = TenantQuerySet["Event"].as_manager()  # type: ignore[assignment]

    class Meta:
        indexes = [
            models.Index(fields=["company", "seq"], name="event_log"),
            models.Index(fields=["id"], condition=models.Q(seq=None), name="event_unnumbered"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.object_id} {self.kind}"


class EventCounter(models.Model):
    """The one row that says how far the log is numbered, and from where on it is kept.

    ``value`` is the number given last, ``floor`` the highest one whose event was pruned. Another ``epoch``
    tells the numbers of a restored database from those that were given before.
    """

    value = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0)
    epoch = models.CharField(max_length=12, default=new_epoch)

    def __str__(self) -> str:
        return f"{self.epoch}: {self.floor} to {self.value}"
