"""Calls and meetings whose time has come: from then on they count as activities of their records."""

from django.db import connection
from django.utils import timezone

from crm.actors import system_actor
from crm.database.batches import Batch
from crm.errors import NotFound
from crm.models import Activity
from crm.services import locking
from crm.signals import record_discussed

#: Activities of one transaction, each of which locks its record.
SIZE = 100


def record_started(*, batch: Batch) -> int:
    """Record each planned call and meeting whose time has come as an activity of its record, once."""
    recorded = 0
    while True:
        with batch():
            started = _lock_started()
            for activity in started:
                _record(activity)
        recorded += len(started)
        if len(started) < SIZE:
            return recorded


def _lock_started() -> list[Activity]:
    rows = Activity.objects.filter(is_awaited=True, deleted_at=None, starts_at__lte=timezone.now())
    if connection.features.has_select_for_update_skip_locked:
        rows = rows.select_for_update(skip_locked=True, of=("self",))
    return list(rows.order_by("starts_at")[:SIZE])


def _record(activity: Activity) -> None:
    # By a statement of its own: nothing was edited, so the version stays.
    Activity.objects.filter(pk=activity.pk).update(is_awaited=False)
    actor = system_actor(activity.company_id)
    try:
        record = locking.lock_record_of(activity, actor)
    except NotFound:
        # The record was deleted meanwhile.
        return
    record_discussed.send(
        sender=type(record), record=record, activity=activity.kind, at=activity.starts_at, actor=actor
    )
