"""Numbers committed events, so that a higher number always becomes readable later."""

from django.db import connection, transaction
from django.db.models import F, Max

from crm.models.events import Event, EventCounter

COUNTER = 1
#: Events numbered under one lock.
MOST_AT_ONCE = 5_000

# It runs outside the transactions of the changes, so it sees committed rows only. A row that commits later
# gets a higher number, however small its id.
NUMBER = """
UPDATE crm_event SET seq = %s + numbered.place
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM (SELECT id FROM crm_event WHERE seq IS NULL ORDER BY id LIMIT %s) AS unnumbered
) AS numbered
WHERE crm_event.id = numbered.id
"""


def sequence() -> int:
    """Number all committed events that have no number, and return how many; processes may do so at once."""
    numbered = 0
    while Event.objects.filter(seq=None).exists():
        found = _sequence_batch()
        numbered += found
        if found < MOST_AT_ONCE:
            # The last batch. A commit after it wakes the listeners, who number again.
            break
    return numbered


def sequence_if_alone() -> None:
    """Number all committed events, unless inside a transaction: for readers that may be called in one."""
    if not connection.in_atomic_block:
        sequence()


@transaction.atomic(durable=True)
def _sequence_batch() -> int:
    value = lock_counter().value
    # A separate statement, started after the lock was obtained: it sees every number given before.
    with connection.cursor() as cursor:
        cursor.execute(NUMBER, [value, MOST_AT_ONCE])
        numbered: int = cursor.rowcount
    EventCounter.objects.filter(pk=COUNTER).update(value=value + numbered)
    return numbered


def lock_counter() -> EventCounter:
    """Return the counter, locked until the end of the transaction."""
    # An update rather than SELECT ... FOR UPDATE, which SQLite does not have.
    while not EventCounter.objects.filter(pk=COUNTER).update(value=F("value")):
        make_counter()
    return EventCounter.objects.get(pk=COUNTER)


def make_counter() -> None:
    """Store the counter if it is missing, continuing after the highest number."""
    highest = Event.objects.aggregate(highest=Max("seq"))["highest"] or 0
    EventCounter.objects.bulk_create([EventCounter(pk=COUNTER, value=highest)], ignore_conflicts=True)
