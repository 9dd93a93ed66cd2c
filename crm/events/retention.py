"""How long events are kept."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm.events.sequencer import lock_counter, sequence
from crm.models.events import Event, new_epoch

#: Rows that go in one transaction, which keeps the numbers of others waiting.
BATCH = 2_000


def prune(*, before: datetime | None = None) -> int:
    """Remove the events that were written before a moment; give their number.

    They go in the order of their numbers, so that all that follows the highest one that is gone is there.

    :param before: by default ``EVENT_RETENTION_DAYS`` ago.
    """
    if before is None:
        before = timezone.now() - timedelta(days=settings.EVENT_RETENTION_DAYS)
    # Where nobody listens, nobody numbers; without a number nothing is pruned.
    sequence()
    pruned = 0
    while some := _prune_some(before):
        pruned += some
    return pruned


@transaction.atomic(durable=True)
def _prune_some(before: datetime) -> int:
    counter = lock_counter()
    oldest = Event.objects.filter(seq__gt=counter.floor).order_by("seq").values_list("seq", "created_at")
    floor, gone = counter.floor, 0
    for seq, created_at in oldest[:BATCH]:
        if seq is None or created_at >= before:
            break
        floor, gone = seq, gone + 1
    if gone:
        Event.objects.filter(seq__lte=floor).delete()
        counter.floor = floor
        counter.save(update_fields=["floor"])
    return gone


@transaction.atomic(durable=True)
def begin_epoch() -> None:
    """Have every cursor that was handed out before expire, as after a restore: its numbers come again."""
    counter = lock_counter()
    counter.epoch = new_epoch()
    counter.save(update_fields=["epoch"])
