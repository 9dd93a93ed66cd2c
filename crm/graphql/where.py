"""From a ``where`` input to a condition."""

from collections.abc import Mapping
from typing import Any

import graphene
from django.db.models import Q

from crm.actors import Actor
from crm.errors import BadUserInput
from crm.graphql.filters import ListFilterSet
from crm.graphql.inputs import column_enum, studly
from crm.graphql.operators import NULL_TESTS, SQLOperator
from crm.graphql.scalars import Mixed

DEEPEST_NESTING = 10

SQLOperatorEnum = graphene.Enum.from_enum(SQLOperator)


def where_input(parent: str, field: str, filterset: type[ListFilterSet]) -> type[graphene.InputObjectType]:
    """Make the input type of a list's ``where`` argument, under Lighthouse's generated names."""
    base = f"{parent}{studly(field)}Where"
    name = f"{base}WhereConditions"

    def members() -> graphene.List:
        return graphene.List(graphene.NonNull(conditions))

    conditions: type[graphene.InputObjectType] = type(
        name,
        (graphene.InputObjectType,),
        {
            "column": graphene.InputField(column_enum(f"{base}Column", filterset.columns())),
            "operator": graphene.InputField(SQLOperatorEnum, default_value=SQLOperator.EQ),
            "value": graphene.InputField(Mixed),
            "AND": graphene.InputField(members),
            "OR": graphene.InputField(members),
        },
    )
    return conditions


def condition(
    where: Mapping[str, Any] | None, filterset: type[ListFilterSet], actor: Actor, *, depth: int = 1
) -> Q:
    """Give the condition of a ``where`` input; none or an empty one is no condition.

    Column, AND group and OR group of one object are all required; the members of OR are alternatives.

    :raises BadUserInput: if an operator or value does not fit its column, or the nesting is too deep.
    """
    if depth > DEEPEST_NESTING:
        raise BadUserInput(f"Conditions may be nested {DEEPEST_NESTING} deep at most.")
    if not where:
        return Q()
    result = _column_condition(where, filterset, actor)
    for member in where.get("AND") or []:
        result &= condition(member, filterset, actor, depth=depth + 1)
    alternatives = where.get("OR") or []
    if alternatives:
        either = Q()
        for member in alternatives:
            part = condition(member, filterset, actor, depth=depth + 1)
            if not part:
                # An alternative without a condition is always met.
                return result
            either |= part
        result &= either
    return result


def _column_condition(where: Mapping[str, Any], filterset: type[ListFilterSet], actor: Actor) -> Q:
    column = where.get("column")
    if column is None:
        return Q()
    name = getattr(column, "value", column)
    operator = where.get("operator") or SQLOperator.EQ
    operator = SQLOperator(getattr(operator, "value", operator))
    if operator not in NULL_TESTS:
        if "value" not in where:
            raise BadUserInput(
                f"Did not receive a value to match the WhereConditions for column {name.upper()}."
            )
        if where["value"] is None and operator is SQLOperator.EQ:
            operator = SQLOperator.IS_NULL
        elif where["value"] is None and operator is SQLOperator.NEQ:
            operator = SQLOperator.IS_NOT_NULL
    return filterset.columns()[name].condition(operator, where.get("value"), name=name, actor=actor)
