"""Limits on the size, the cost and the rate of requests."""

from crm.graphql.limits.bounds import Limits, limits
from crm.graphql.limits.cost import cost_of
from crm.graphql.limits.rate import charge, points_of
from crm.graphql.limits.shape import check_shape
from crm.graphql.limits.told_cost import asks_for_cost, tell_cost
from crm.graphql.limits.values import Faults, check_literals, check_variables

__all__ = [
    "Faults",
    "Limits",
    "asks_for_cost",
    "charge",
    "check_literals",
    "check_shape",
    "check_variables",
    "cost_of",
    "limits",
    "points_of",
    "tell_cost",
]
