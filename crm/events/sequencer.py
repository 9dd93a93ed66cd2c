"""Numbers the events that are committed, so that the numbers follow the order in which they can be read."""

from django.db import connection, transaction
from django.db.models import F, Max

from crm.models.events import Event, EventCounter

COUNTER = 1
#: Events that get their numbers under one lock.
MOST_AT_ONCE = 5_000

# Of the unnumbered rows the statement sees those that are committed, and no others: it is not in the
# transaction of a change. What commits later gets a higher number, however small its id.
NUMBER = """
UPDATE crm_event SET seq = %s + numbered.place
FROM (
    SELECT id, row_number() OVER (ORDER BY id) AS place
    FROM (SELECT id FROM crm_event WHERE seq IS NULL ORDER BY id LIMIT %s) AS unnumbered
) AS numbered
WHERE crm_event.id = numbered.id
"""


def sequence() -> int:
    """Number all committed events that have no number; any process may, and several may race.

    :returns: how many were numbered here.
    :raises RuntimeError: inside a transaction, whose own events would get numbers before they are committed.
    """
    numbered = 0
    while Event.objects.filter(seq=None).exists():
        found = _sequence_some()
        numbered += found
        if found < MOST_AT_ONCE:
            # All that were there; who commits now wakes somebody.
            break
    return numbered


def sequence_if_alone() -> None:
    """Number all committed events, but inside a transaction do nothing: for readers who cannot tell."""
    if not connection.in_atomic_block:
        sequence()


@transaction.atomic(durable=True)
def _sequence_some() -> int:
    value = lock_counter().value
    # A statement of its own, begun when the lock was got: it sees every number given before.
    with connection.cursor() as cursor:
        cursor.execute(NUMBER, [value, MOST_AT_ONCE])
        numbered: int = cursor.rowcount
    EventCounter.objects.filter(pk=COUNTER).update(value=value + numbered)
    return numbered


def lock_counter() -> EventCounter:
    """Give the counter as it is when nobody else holds it, locked until the end of the transaction."""
    # An update, since it locks on SQLite too.
    while not EventCounter.objects.filter(pk=COUNTER).update(value=F("value")):
        make_counter()
    return EventCounter.objects.get(pk=COUNTER)


def make_counter() -> None:
    """Store the counter if there is none yet; it goes on where the numbers end."""
    highest = Event.objects.aggregate(highest=Max("seq"))["highest"] or 0
    EventCounter.objects.bulk_create([EventCounter(pk=COUNTER, value=highest)], ignore_conflicts=True)
