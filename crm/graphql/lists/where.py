"""From a ``where`` input to a condition."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import graphene
from django.db.models import Q

from crm.actors import Actor
from crm.errors import BadUserInput
from crm.graphql.core.arguments import column_enum, studly
from crm.graphql.core.scalars import Mixed
from crm.graphql.lists.columns import Column, HasRelation, ListFilterSet
from crm.graphql.lists.custom_field_columns import CUSTOM_FIELDS, CustomFieldsRelation
from crm.graphql.lists.operators import COUNTS, NULL_TESTS, SQLOperator, compared

DEEPEST_NESTING = 10
#: Each asks for the related rows of every row of the list.
MOST_RELATIONS = 20

SQLOperatorEnum = graphene.Enum.from_enum(SQLOperator)


def where_input(parent: str, field: str, filterset: type[ListFilterSet]) -> type[graphene.InputObjectType]:
    """Make the input type of a list's ``where`` argument, under Lighthouse's generated names.

    It is one type, wherever the list is asked for.
    """
    listed: Any = filterset
    return _where_input(parent, field, listed)


@cache
def _where_input(parent: str, field: str, filterset: Any) -> type[graphene.InputObjectType]:
    base = f"{parent}{studly(field)}Where"
    name = f"{base}WhereConditions"
    own: dict[str, Any] = {}
    if CUSTOM_FIELDS in filterset.relations:
        own["custom_field"] = graphene.InputField(graphene.String)
    if filterset.relations:
        own["HAS"] = graphene.InputField(_relation_input(name))
    return conditions_input(name, column_enum(f"{base}Column", filterset.columns()), **own)


def conditions_input(name: str, column: Any, **own: Any) -> type[graphene.InputObjectType]:
    """Make an input type of conditions on columns that nest by AND and OR; ``own`` are further fields."""

    def members() -> graphene.List:
        return graphene.List(graphene.NonNull(conditions))

    conditions: type[graphene.InputObjectType] = type(
        name,
        (graphene.InputObjectType,),
        {
            "column": graphene.InputField(column),
            "operator": graphene.InputField(SQLOperatorEnum, default_value=SQLOperator.EQ),
            "value": graphene.InputField(Mixed),
            "AND": graphene.InputField(members),
            "OR": graphene.InputField(members),
            **own,
        },
    )
    return conditions


def _relation_input(name: str) -> type[graphene.InputObjectType]:
    relation: type[graphene.InputObjectType] = type(
        f"{name}Relation",
        (graphene.InputObjectType,),
        {
            "relation": graphene.InputField(graphene.String, required=True),
            "operator": graphene.InputField(SQLOperatorEnum, default_value=SQLOperator.GTE),
            "amount": graphene.InputField(graphene.Int, default_value=1),
            "condition": graphene.InputField(conditions_input(f"{name}HasCondition", graphene.String)),
        },
    )
    return relation


class Conditions:
    """What one list is narrowed by for one actor; what its parts ask for is counted together."""

    def __init__(self, filterset: type[ListFilterSet], actor: Actor) -> None:
        self._filterset = filterset
        self._model = filterset.row_model
        self._actor = actor
        self._relations_asked = 0
        self._memo: dict[Any, Any] = {}

    def where(self, where: Mapping[str, Any] | None) -> Q:
        """Give the condition of a ``where`` input; none or an empty one is no condition.

        Column, AND group, OR group and HAS of one object are all required; the members of OR are
        alternatives.

        :raises BadUserInput: if something asked for is unknown, does not fit, or is nested too deep.
        """
        return self._group(where, self._of_row, depth=1)

    def has(self, relation: HasRelation, condition: Mapping[str, Any], *, depth: int = 1) -> Q:
        """Give the condition that a related row exists which meets a condition.

        :raises BadUserInput: as ``where``.
        """
        asked, met = self._related(relation, condition, depth)
        return asked.exists(self._model, self._actor, met)

    def _group(
        self, where: Mapping[str, Any] | None, own: Callable[[Mapping[str, Any], int], Q], *, depth: int
    ) -> Q:
        if depth > DEEPEST_NESTING:
            raise BadUserInput(f"Conditions may be nested {DEEPEST_NESTING} deep at most.")
        if not where:
            return Q()
        result = own(where, depth)
        for member in where.get("AND") or []:
            result &= self._group(member, own, depth=depth + 1)
        alternatives = where.get("OR") or []
        if alternatives:
            either = Q()
            for member in alternatives:
                part = self._group(member, own, depth=depth + 1)
                if not part:
                    # An alternative without a condition is always met.
                    return result
                either |= part
            result &= either
        return result

    def _of_row(self, where: Mapping[str, Any], depth: int) -> Q:
        result = self._of_column(where, self._filterset.columns())
        name = where.get("custom_field")
        if name is not None:
            if where.get("column") is not None:
                raise BadUserInput("Give column or custom_field, not both.")
            result &= self._of_custom_field(name, where)
        counted = where.get("HAS")
        return result if counted is None else result & self._counted(counted, depth)

    def _of_column(self, where: Mapping[str, Any], columns: Mapping[str, Column]) -> Q:
        column = where.get("column")
        if column is None:
            return Q()
        name = getattr(column, "value", column).lower()
        if name not in columns:
            # Enums know their columns; in HAS a column is a text.
            raise BadUserInput("The condition of HAS knows no such column.")
        return self._compared(columns[name], _operator(where, name.upper()), where.get("value"), name)

    def _compared(self, column: Column, operator: SQLOperator, value: Any, name: str) -> Q:
        return column.condition(operator, value, name=name, actor=self._actor)

    def _of_custom_field(self, name: str, where: Mapping[str, Any]) -> Q:
        self._count_relation()
        relation = self._filterset.relations[CUSTOM_FIELDS]
        assert isinstance(relation, CustomFieldsRelation)
        operator = _operator(where, f"CUSTOM_FIELD {name}")
        return relation.field_condition(
            name, operator, where.get("value"), model=self._model, actor=self._actor, memo=self._memo
        )

    def _counted(self, has: Mapping[str, Any], depth: int) -> Q:
        relation = self._relation(has["relation"])
        operator = SQLOperator(getattr(has["operator"], "value", has["operator"]) or SQLOperator.GTE)
        if operator not in COUNTS:
            raise BadUserInput(f"The operator {operator.value} does not compare amounts.")
        amount = 1 if has["amount"] is None else has["amount"]
        if (operator, amount) in ((SQLOperator.GTE, 1), (SQLOperator.GT, 0)):
            return self.has(relation, has.get("condition") or {}, depth=depth + 1)
        asked, met = self._related(relation, has.get("condition") or {}, depth + 1)
        count = asked.count(self._model, self._actor, met)
        return compared(count, operator, amount)

    def _relation(self, name: str) -> HasRelation:
        for known, relation in self._filterset.relations.items():
            if name in (known, relation.also):
                return relation
        raise BadUserInput("HAS knows no such relation.")

    def _related(
        self, relation: HasRelation, condition: Mapping[str, Any], depth: int
    ) -> tuple[HasRelation, Q]:
        self._count_relation()
        asked = relation.asked(condition, self._actor, self._memo)
        return asked, self._group(
            condition, lambda where, _depth: self._of_column(where, asked.columns), depth=depth
        )

    def _count_relation(self) -> None:
        self._relations_asked += 1
        if self._relations_asked > MOST_RELATIONS:
            raise BadUserInput(f"A list is narrowed by {MOST_RELATIONS} relations and custom fields at most.")


def _operator(where: Mapping[str, Any], column: str) -> SQLOperator:
    """Give the operator of a condition, which has the value that it takes."""
    operator = where.get("operator") or SQLOperator.EQ
    operator = SQLOperator(getattr(operator, "value", operator))
    if operator in NULL_TESTS:
        return operator
    if "value" not in where:
        raise BadUserInput(f"Did not receive a value to match the WhereConditions for column {column}.")
    if where["value"] is None and operator is SQLOperator.EQ:
        return SQLOperator.IS_NULL
    if where["value"] is None and operator is SQLOperator.NEQ:
        return SQLOperator.IS_NOT_NULL
    return operator


def condition(where: Mapping[str, Any] | None, filterset: type[ListFilterSet], actor: Actor) -> Q:
    """Give the condition of a ``where`` input alone, as ``Conditions.where`` does.

    :raises BadUserInput: as it does.
    """
    return Conditions(filterset, actor).where(where)
