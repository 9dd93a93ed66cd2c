"""The ``has...`` arguments of a list: a related row exists that meets a condition."""

import graphene
from django.db.models import Q

from crm.graphql.core.arguments import Values, column_enum, studly
from crm.graphql.lists.columns import HasRelation, ListFilterSet
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


def has_condition(arguments: Values, filterset: type[ListFilterSet], conditions: Conditions) -> Q:
    """Return the condition of the ``has...`` arguments of a list; null is no condition."""
    relations = _relations(filterset)
    result = Q()
    for name, condition in arguments.items():
        if condition is not None:
            result &= conditions.has(relations[name], condition)
    return result


def _relations(filterset: type[ListFilterSet]) -> dict[str, HasRelation]:
    # The name that a client of Lighthouse expects: ``custom_fields`` becomes ``hasCustomFields``.
    return {
        "has" + "".join(map(str.capitalize, name.split("_"))): relation
        for name, relation in filterset.relations.items()
    }
