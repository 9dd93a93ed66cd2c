"""Leases: a row that one worker at a time works on, until it returns it or is silent for too long (ADR 30).

All times are the database's: the clocks of workers may differ. A token names the lease. Whoever writes under
a lease renews it in the same transaction, which fails for a worker that another has replaced, and locks the
row against a replacement until the end.
"""

import secrets
from datetime import timedelta
from typing import Any, Self, TypeVar

from django.conf import settings
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.expressions import Combinable
from django.db.models.functions import Now

Row = TypeVar("Row", bound=models.Model)


def lease_end() -> Combinable:
    """Return the moment until which a lease taken now is good."""
    return Now() + timedelta(seconds=settings.WORK_LEASE_SECONDS)


class LeasedQuerySet(models.QuerySet[Row]):
    def unleased(self) -> Self:
        """Narrow to the rows that no worker has, or whose worker was silent for too long."""
        return self.filter(Q(leased_until=None) | Q(leased_until__lte=Now()))

    @transaction.atomic
    def take(self, limit: int = 1) -> tuple[str, list[Any]]:
        """Lease the first of these rows that are free; return the token and their keys. Wait for nobody."""
        free = self.unleased()
        if connection.features.has_select_for_update_skip_locked:
            free = free.select_for_update(skip_locked=True, of=("self",))
        keys, token = list(free.values_list("pk", flat=True)[:limit]), secrets.token_hex(16)
        if keys:
            rows = self.model._base_manager.filter(pk__in=keys)
            rows.update(leased_by=token, leased_until=lease_end())
        return token, keys

    def under(self, token: str) -> Self:
        """Narrow to the rows that are leased by this token."""
        return self.filter(leased_by=token) if token else self.none()

    def renew(self, token: str) -> bool:
        """Renew a lease, and lock its rows for this transaction; return whether it is still good."""
        return bool(self.under(token).update(leased_until=lease_end()))


class Leased(models.Model):
    #: The token of the worker that has the row; empty for none.
    leased_by = models.CharField(max_length=32, blank=True, default="", editable=False)
    #: Until when no other worker may take it, also where nobody has it.
    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True
