"""When a message that failed is sent again, and for how long a receiver that fails is left alone."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

#: Between one attempt and the next, as Standard Webhooks advises: ten attempts in three days.
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
#: Part of a delay that chance adds to it at most, so that what failed together does not come back together.
JITTER = 0.2
SHORTEST_HOLD = timedelta(seconds=5)
LONGEST_HOLD = timedelta(minutes=5)
#: A receiver that asks for more is tried again all the same.
LONGEST_RETRY_AFTER = timedelta(hours=1)


def delay_after(attempts: int) -> timedelta | None:
    """Give the time until the next attempt after so many, None if there is to be none."""
    if attempts >= MOST_ATTEMPTS:
        return None
    return DELAYS[attempts - 1] * (1 + JITTER * random.random())  # noqa: S311 - no secret


def hold_after(failures: int, retry_after: timedelta | None) -> timedelta:
    """Give how long a receiver is left alone after so many failures one after the other.

    :param retry_after: what the receiver asked for, if it did.
    """
    # The exponent is bounded before the power: it grows with every failure.
    times: int = 2 ** min(failures - 1, 10)
    hold = min(SHORTEST_HOLD * times, LONGEST_HOLD)
    return hold if retry_after is None else max(hold, min(retry_after, LONGEST_RETRY_AFTER))


def parse_retry_after(header: str | None, *, now: datetime) -> timedelta | None:
    """Read the header ``Retry-After``: seconds, or a date; None if it is absent or neither."""
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
