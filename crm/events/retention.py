"""Prunes old events, and starts a new epoch after a restore."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm.database.batches import Batch
from crm.events.sequencer import lock_counter, sequence
from crm.models.events import Event, new_epoch

#: Rows removed in one transaction. It holds the counter's lock, so nothing is numbered meanwhile.
BATCH = 2_000


def prune(*, before: datetime | None = None, batch: Batch = transaction.atomic) -> int:
    """Remove the events written before a moment, by default ``EVENT_RETENTION_DAYS`` ago; return how many.

    They are removed in the order of their numbers: everything after the counter's floor is still there.
    """
    if before is None:
        before = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    # Nobody may be listening, and then nobody numbers; events without a number could never be pruned.
    sequence()
    pruned = 0
    while True:
        with batch():
            removed = _prune_batch(before)
        if not removed:
            return pruned
        pruned += removed


def _prune_batch(before: datetime) -> int:
    counter = lock_counter()
    oldest = Event.objects.filter(seq__gt=counter.floor).order_by("seq").values_list("seq", "created_at")
    floor, removed = counter.floor, 0
    for seq, created_at in oldest[:BATCH]:
        if seq is None or created_at >= before:
            break
        floor, removed = seq, removed + 1
    if removed:
        Event.objects.filter(seq__lte=floor).delete()
        counter.floor = floor
        counter.save(update_fields=["floor"])
    return removed


@transaction.atomic(durable=True)
def begin_epoch() -> None:
    """Expire every cursor handed out before: after a restore their numbers are given to other events."""
    counter = lock_counter()
    counter.epoch = new_epoch()
    counter.save(update_fields=["epoch"])
