"""The delays of retries: for a failed message, and for all messages to a failing receiver."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Delays between attempts, as Standard Webhooks advises: ten attempts in three days.
DELAYS = (
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
MOST_ATTEMPTS = len(DELAYS) + 1
#: Largest random share added to a delay, so that messages that failed together do not return together.
JITTER = 0.2
SHORTEST_HOLD = timedelta(seconds=5)
LONGEST_HOLD = timedelta(minutes=5)
#: A receiver that asks for more time is tried again after this.
LONGEST_RETRY_AFTER = timedelta(hours=1)


def delay_after(attempts: int) -> timedelta | None:
    """Return the time until the next attempt, None if there is none after so many."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return DELAYS[attempts - 1] * (1 + JITTER * random.random())  # noqa: S311 - not a secret


def hold_after(failures: int, retry_after: timedelta | None) -> timedelta:
    """Return how long a receiver is left alone after so many failures in a row, or as it asked."""
    # The exponent is bounded: without success it grows for days, and so would the number.
    times: int = 2 ** min(failures - 1, 10)
    hold = min(SHORTEST_HOLD * times, LONGEST_HOLD)
    return hold if retry_after is None else max(hold, min(retry_after, LONGEST_RETRY_AFTER))


def parse_retry_after(header: str | None, *, now: datetime) -> timedelta | None:
    """Read the header ``Retry-After``, seconds or a date; return None if it is missing or invalid."""
    if header is None:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(moment - now, timedelta(0))
