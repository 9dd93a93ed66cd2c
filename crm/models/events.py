"""The log of events: what happened to records, written in the transaction of each change (ADR 16)."""

import secrets
from typing import ClassVar

from django.db import models

from crm.actors import Door
from crm.models.base import TenantQuerySet


def new_epoch() -> str:
    return secrets.token_hex(6)


class EventKind(models.TextChoices):
    CREATED = "created", "Created"
    UPDATED = "updated", "Changed"
    DELETED = "deleted", "Deleted"
    RESTORED = "restored", "Restored"
    MERGED = "merged", "Merged into another one"
    BULK = "bulk", "Many at once"


class Event(models.Model):
    """One committed change of one record, or of many at once; it has ids and audience, but no content.

    ``seq``, set after the commit, is the position in the log; transactions commit in another order than their
    ``id``. ``audience`` has the users who see the record before and after the change; null means all.
    ``changed`` names the fields that changed, ``changes`` has previous ids, and ``winner_id`` is the record
    into which this one was merged.
    """

    company = models.ForeignKey("crm.Company", on_delete=models.CASCADE, related_name="+", db_index=False)
    entity = models.CharField(max_length=16)
    object_id = models.BigIntegerField()
    kind = models.CharField(max_length=8, choices=EventKind.choices)
    audience = models.JSONField(null=True)
    changes = models.JSONField(default=dict)
    changed = models.JSONField(default=list, db_default=[])
    winner_id = models.BigIntegerField(null=True)
    actor_id = models.BigIntegerField(null=True)
    door = models.CharField(max_length=8, choices=[(door.value, door.value) for door in Door])
    created_at = models.DateTimeField(auto_now_add=True)
    seq = models.BigIntegerField(null=True, unique=True)

    objects: ClassVar[TenantQuerySet["Event"]] = TenantQuerySet["Event"].as_manager()  # type: ignore[assignment]

    #: For ``insert_together``: a new record that is inserted with its event is cached under the first name.
    linked_rows: ClassVar = (("record", "object_id"),)

    class Meta:
        indexes = [
            models.Index(fields=["company", "seq"], name="event_log"),
            # Events without a number are found by an index that is almost empty.
            models.Index(fields=["id"], condition=models.Q(seq=None), name="event_unnumbered"),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.object_id} {self.kind}"


class EventCounter(models.Model):
    """A single row: ``value`` is the last number given, ``floor`` the highest number that was pruned.

    A database restored from a backup gets a new ``epoch``: it gives numbers again that clients have seen.
    """

    value = models.BigIntegerField(default=0)
    floor = models.BigIntegerField(default=0)
    epoch = models.CharField(max_length=12, default=new_epoch)

    def __str__(self) -> str:
        return f"{self.epoch}: {self.floor} to {self.value}"
