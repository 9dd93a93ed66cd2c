"""The input types of ``where``, and the condition that such an input makes."""

from collections.abc import Callable, Mapping

import graphene
from django.db.models import Q

from crm.actors import Actor
from crm.errors import BadUserInput
from crm.graphql.core.arguments import Values, column_enum, enum_value, studly
from crm.graphql.core.scalars import Mixed
from crm.graphql.lists.columns import Column, HasRelation, ListFilterSet, Memo
from crm.graphql.lists.custom_field_columns import CUSTOM_FIELDS, CustomFieldsRelation
from crm.graphql.lists.operators import COUNTS, NULL_TESTS, SQLOperator, expression_condition

DEEPEST_NESTING = 10
#: Each is a subquery for every row of the list.
MOST_RELATIONS = 20

SQLOperatorEnum = graphene.Enum.from_enum(SQLOperator)


_where_inputs: dict[tuple[str, str], type[graphene.InputObjectType]] = {}


def where_input(parent: str, field: str, filterset: type[ListFilterSet]) -> type[graphene.InputObjectType]:
    """Return the input type of a list's ``where`` argument, under Lighthouse's generated names."""
    # Mutations and subscriptions have the ``where`` of a list too, and graphene allows one type of a name.
    if (parent, field) not in _where_inputs:
        _where_inputs[parent, field] = _make_where_input(parent, field, filterset)
    return _where_inputs[parent, field]


def _make_where_input(
    parent: str, field: str, filterset: type[ListFilterSet]
) -> type[graphene.InputObjectType]:
    base = f"{parent}{studly(field)}Where"
    name = f"{base}WhereConditions"
    own: dict[str, graphene.InputField] = {}
    if CUSTOM_FIELDS in filterset.relations:
        own["custom_field"] = graphene.InputField(graphene.String)
    if filterset.relations:
        own["HAS"] = graphene.InputField(_relation_input(name))
    return conditions_input(name, column_enum(f"{base}Column", filterset.columns()), **own)


def conditions_input(name: str, column: object, **own: graphene.InputField) -> type[graphene.InputObjectType]:
    """Make an input type for conditions on columns of an enum or text, nested by AND and OR."""

    # A function, since the type refers to itself.
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
    """Makes the conditions of one list for one actor; all of them share one limit on relations."""

    def __init__(self, filterset: type[ListFilterSet], actor: Actor) -> None:
        self._filterset = filterset
        self._model = filterset.row_model
        self._actor = actor
        self._relation_count = 0
        self._memo: Memo = {}

    def where(self, where: Values | None) -> Q:
        """Return the condition of a ``where`` input; null and an empty input are no condition.

        Column, AND group, OR group and HAS of one object must all hold; of OR, one member must.
        """
        return self._group(where, self._of_row, depth=1)

    def has(self, relation: HasRelation, condition: Values, *, depth: int = 1) -> Q:
        relation, met = self._related(relation, condition, depth)
        return relation.exists(self._model, self._actor, met)

    def _group(self, where: Values | None, own: Callable[[Values, int], Q], *, depth: int) -> Q:
        if depth > DEEPEST_NESTING:
            raise BadUserInput(f"Conditions may be nested at most {DEEPEST_NESTING} levels deep.")
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
                    # An empty alternative always holds; Django would leave it out of the OR instead.
                    return result
                either |= part
            result &= either
        return result

    def _of_row(self, where: Values, depth: int) -> Q:
        result = self._of_column(where, self._filterset.columns())
        name = where.get("custom_field")
        if name is not None:
            if where.get("column") is not None:
                raise BadUserInput("Use column or custom_field, not both.")
            result &= self._of_custom_field(name, where)
        has = where.get("HAS")
        return result if has is None else result & self._of_count(has, depth)

    def _of_column(self, where: Values, columns: Mapping[str, Column]) -> Q:
        column = where.get("column")
        if column is None:
            return Q()
        name = enum_value(column).lower()
        if name not in columns:
            # Only in HAS, where a column is text; elsewhere it is an enum, which coercion has checked.
            raise BadUserInput("The relation of HAS has no such column.")
        return self._compared(columns[name], _operator(where, name.upper()), where.get("value"), name)

    def _compared(self, column: Column, operator: SQLOperator, value: object, name: str) -> Q:
        return column.condition(operator, value, name=name, actor=self._actor)

    def _of_custom_field(self, name: str, where: Values) -> Q:
        self._count_relation()
        relation = self._filterset.relations[CUSTOM_FIELDS]
        assert isinstance(relation, CustomFieldsRelation)
        operator = _operator(where, f"CUSTOM_FIELD {name}")
        return relation.field_condition(
            name, operator, where.get("value"), model=self._model, actor=self._actor, memo=self._memo
        )

    def _of_count(self, has: Values, depth: int) -> Q:
        relation = self._relation(has["relation"])
        operator = SQLOperator(enum_value(has["operator"]) or SQLOperator.GTE)
        if operator not in COUNTS:
            raise BadUserInput(f"The operator {operator.value} cannot compare an amount.")
        amount = 1 if has["amount"] is None else has["amount"]
        # EXISTS stops at the first row.
        if (operator, amount) in ((SQLOperator.GTE, 1), (SQLOperator.GT, 0)):
            return self.has(relation, has.get("condition") or {}, depth=depth + 1)
        relation, met = self._related(relation, has.get("condition") or {}, depth + 1)
        return expression_condition(relation.count(self._model, self._actor, met), operator, amount)

    def _relation(self, name: str) -> HasRelation:
        for each, relation in self._filterset.relations.items():
            if name in (each, relation.also):
                return relation
        raise BadUserInput("The list has no such relation for HAS.")

    def _related(self, relation: HasRelation, condition: Values, depth: int) -> tuple[HasRelation, Q]:
        self._count_relation()
        relation = relation.for_condition(condition, self._actor, self._memo)
        return relation, self._group(
            condition, lambda where, _depth: self._of_column(where, relation.columns), depth=depth
        )

    def _count_relation(self) -> None:
        self._relation_count += 1
        if self._relation_count > MOST_RELATIONS:
            raise BadUserInput(
                f"A list can be filtered by at most {MOST_RELATIONS} relations and custom fields."
            )


def _operator(where: Values, column: str) -> SQLOperator:
    """Return the operator of a condition, which has a value if the operator needs one."""
    operator = SQLOperator(enum_value(where.get("operator") or SQLOperator.EQ))
    if operator in NULL_TESTS:
        return operator
    if "value" not in where:
        raise BadUserInput(f"Did not receive a value to match the WhereConditions for column {column}.")
    if where["value"] is None and operator is SQLOperator.EQ:
        return SQLOperator.IS_NULL
    if where["value"] is None and operator is SQLOperator.NEQ:
        return SQLOperator.IS_NOT_NULL
    return operator


def condition(where: Values | None, filterset: type[ListFilterSet], actor: Actor) -> Q:
    """Return the condition of a ``where`` input that is the only filter."""
    return Conditions(filterset, actor).where(where)


def names_column(where: Values | None, name: str) -> bool:
    """Return whether a ``where`` input compares a column of the list, at any depth."""
    if not where:
        return False
    column = where.get("column")
    if column is not None and enum_value(column).lower() == name:
        return True
    members = [*(where.get("AND") or []), *(where.get("OR") or [])]
    return any(names_column(member, name) for member in members)
