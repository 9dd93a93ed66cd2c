"""The rate limit: points that the documents of an account cost per minute."""

from django.conf import settings

from crm.graphql.core.errors import RateLimited
from crm.services.rates import Allowance, spend

COST_OF_A_POINT = 1_000


def points_of(cost: int) -> int:
    """Return the points of a document: 1, and 1 for each full 1,000 of its cost."""
    return 1 + cost // COST_OF_A_POINT


def charge(account: str, cost: int) -> Allowance | None:
    """Charge a document to an account, and return what it has left; None where points are not counted.

    The setting ``API_RATE_LIMIT`` is the number of points per minute; 0 switches the limit off.
    """
    allowance = spend(f"api-rate:{account}", points_of(cost), most=settings.API_RATE_LIMIT)
    if allowance is not None and allowance.is_exceeded:
        raise RateLimited(allowance)
    return allowance
