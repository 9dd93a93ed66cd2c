"""Rate limits: points per minute, counted in the cache that all processes share."""

import logging
import time

from django.core.cache import cache
from redis.exceptions import RedisError

logger = logging.getLogger("crm.rates")

WINDOW = 60


def seconds_to_wait(account: str, points: int, *, most: int) -> int:
    """Spend points of an account; return the seconds until it has points again, or 0 if it has some."""
    if not most:
        return 0
    now = int(time.time())
    key = f"{account}:{now // WINDOW}"
    try:
        # Only the first request of a minute creates the counter; incr refuses a missing key.
        cache.add(key, 0, timeout=2 * WINDOW)
        used = cache.incr(key, points)
    except RedisError:
        # Better an uncounted minute than a product that fails with its cache.
        logger.warning("Rates are not counted: the cache is away.")
        return 0
    return WINDOW - now % WINDOW if used > most else 0
