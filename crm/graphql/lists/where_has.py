"""The ``has...`` arguments of a list: a related row exists that meets a condition."""

from collections.abc import Mapping
from typing import Any

import graphene
from django.db.models import Q

from crm.graphql.core.arguments import column_enum, studly
from crm.graphql.lists.columns import ListFilterSet
from crm.graphql.lists.where import Conditions, conditions_input


def has_arguments(parent: str, field: str, filterset: type[ListFilterSet]) -> dict[str, graphene.Argument]:
    """Make the ``has...`` arguments of a list, one for each relation, under Lighthouse's generated names."""
    return {
        name: graphene.Argument(
            conditions_input(
                f"{parent}{studly(field)}{studly(name)}WhereHasConditions",
                column_enum(f"{parent}{studly(field)}{studly(name)}Column", relation.columns),
            )
        )
        for name, relation in _relations(filterset).items()
    }


def has_condition(arguments: Mapping[str, Any], filterset: type[ListFilterSet], conditions: Conditions) -> Q:
    """Give the condition of the ``has...`` arguments of a list; null is no condition.

    :raises BadUserInput: if a condition does not fit its columns, or is nested too deep.
    """
    known = _relations(filterset)
    result = Q()
    for name, asked in arguments.items():
        if asked is not None:
            result &= conditions.has(known[name], asked)
    return result


def _relations(filterset: type[ListFilterSet]) -> dict[str, Any]:
    # ``custom_fields`` is asked for by ``hasCustomFields``.
    return {
        "has" + "".join(map(str.capitalize, name.split("_"))): relation
        for name, relation in filterset.relations.items()
    }
