"""The cost of a request that asks for it, in ``extensions.cost`` of the answer."""

from collections.abc import Mapping

from crm.errors import BadUserInput
from crm.graphql.limits.bounds import Limits
from crm.graphql.limits.rate import points_of

NAME = "cost"


def asks_for_cost(extensions: Mapping[str, object] | None) -> bool:
    """Return whether a request has ``extensions: {"cost": true}``."""
    asked = extensions.get(NAME) if extensions else None
    if asked is None or isinstance(asked, bool):
        return bool(asked)
    raise BadUserInput("extensions.cost must be true or false.")


def tell_cost(cost: int, bounds: Limits) -> dict[str, object]:
    return {NAME: {"requested": cost, "max": bounds.cost, "points": points_of(cost)}}
