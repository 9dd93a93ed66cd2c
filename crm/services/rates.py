"""Rate limits: points per minute, counted in the cache that all processes share."""

import logging
import time
from typing import NamedTuple

from django.core.cache import cache

logger = logging.getLogger("crm.rates")

WINDOW = 60


class Allowance(NamedTuple):
    """The points left to an account: ``remaining`` until they are renewed in ``seconds``."""

    most: int
    remaining: int
    seconds: int
    is_exceeded: bool = False


def spend(account: str, points: int, *, most: int) -> Allowance | None:
    """Spend points of an account; return what is left, or None where they are not counted."""
    if not most:
        return None
    # Imported here: it takes long to load, and commands spend nothing.
    from redis.exceptions import RedisError

    now = int(time.time())
    key = f"{account}:{now // WINDOW}"
    try:
        # Only the first request of a minute creates the counter; incr refuses a missing key.
        cache.add(key, 0, timeout=2 * WINDOW)
        used = cache.incr(key, points)
    except RedisError:
        # Better an uncounted minute than a product that fails with its cache.
        logger.warning("Rates are not counted: the cache is away.")
        return None
    return Allowance(most, max(0, most - used), WINDOW - now % WINDOW, is_exceeded=used > most)


def is_used_up(account: str, *, most: int) -> bool:
    """Return whether an account has spent all points of this minute, without spending any."""
    if not most:
        return False
    from redis.exceptions import RedisError

    try:
        return bool(cache.get(f"{account}:{int(time.time()) // WINDOW}", 0) >= most)
    except RedisError:
        return False


def seconds_to_wait(account: str, points: int, *, most: int) -> int:
    """Spend points of an account; return the seconds until it has points again, or 0 if it has some."""
    left = spend(account, points, most=most)
    return left.seconds if left is not None and left.is_exceeded else 0
