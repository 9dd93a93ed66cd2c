"""Soft deletion, and a version for optimistic locking: base classes of the rows that people edit."""

import uuid
from typing import Self, TypeVar

from django.db import models
from django.db.models import Q

from crm.actors import Actor
from crm.models.base import TenantModel, TenantQuerySet

Row = TypeVar("Row", bound=models.Model)

LIVE = Q(deleted_at__isnull=True)


class LiveQuerySet(TenantQuerySet[Row]):
    """Rows that can be deleted and restored; only live rows are visible."""

    def visible_to(self, actor: Actor) -> Self:
        return self.with_deleted_for(actor).filter(deleted_at__isnull=True)

    def with_deleted_for(self, actor: Actor) -> Self:
        """Narrow to the rows that the actor sees, and to deleted ones that they would see or can restore."""
        return super().visible_to(actor)

    def sees_all(self, actor: Actor) -> bool:
        """Return whether the actor sees all live rows of the company: then their tally is the total."""
        return True


class LiveModel(TenantModel):
    """A row of a company with soft deletion and a version."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    def is_visible_to(self, actor: Actor) -> bool:
        return super().is_visible_to(actor) and self.deleted_at is None
