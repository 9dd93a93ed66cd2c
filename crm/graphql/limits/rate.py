"""Points of an account a minute, counted in the cache that all processes share."""

import logging
import time

from django.conf import settings
from django.core.cache import cache
from redis.exceptions import RedisError

from crm.graphql.errors import RateLimited

logger = logging.getLogger("crm.graphql")

WINDOW = 60
COST_OF_A_POINT = 1_000


def charge(account: str, cost: int) -> None:
    """Take the points of a document from an account: 1, and 1 for each full 1,000 of its cost.

    The setting ``API_RATE_LIMIT`` gives the points of each minute; 0 switches the limit off.

    :raises RateLimited: if the account has none left.
    """
    most: int = settings.API_RATE_LIMIT
    if not most:
        return
    now = int(time.time())
    key = f"api-rate:{account}:{now // WINDOW}"
    points = 1 + cost // COST_OF_A_POINT
    try:
        cache.add(key, 0, timeout=2 * WINDOW)
        used = cache.incr(key, points)
    except RedisError:
        # Better an uncounted minute than an API that fails with its cache.
        logger.warning("API rates are not counted: the cache is away.")
        return
    if used > most:
        raise RateLimited(WINDOW - now % WINDOW)
