"""The rate limit: points that the documents of an account cost per minute."""

from django.conf import settings

from crm.graphql.core.errors import RateLimited
from crm.services.rates import seconds_to_wait

COST_OF_A_POINT = 1_000


def charge(account: str, cost: int) -> None:
    """Charge a document to an account: 1 point, and 1 for each full 1,000 of its cost.

    The setting ``API_RATE_LIMIT`` is the number of points per minute; 0 switches the limit off.
    """
    points = 1 + cost // COST_OF_A_POINT
    wait = seconds_to_wait(f"api-rate:{account}", points, most=settings.API_RATE_LIMIT)
    if wait:
        raise RateLimited(wait)
