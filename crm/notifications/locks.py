"""The locks of the sources: one process at a time makes notifications of each."""

from datetime import datetime

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from crm.models import NotificationSource


def lock(name: str) -> NotificationSource | None:
    """Return a source, locked until the end of the transaction; None if another process has it.

    SQLite has one writer at a time anyway.
    """
    rows = NotificationSource.objects.filter(name=name)
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True)
    return rows.first()


def database_time() -> datetime:
    """Return the present moment by the clock of the database, which all processes share."""
    rows = NotificationSource.objects.annotate(now=Now()).values_list("now", flat=True)[:1]
    [moment] = rows or [timezone.now()]
    return moment
