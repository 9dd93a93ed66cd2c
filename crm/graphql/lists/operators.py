"""The comparison operators of ``where``, and the condition that each makes."""

from enum import Enum
from typing import Any

from django.db.models import Expression, Q

import crm.database.patterns  # noqa: F401 - registers "like" and "one_of"


class SQLOperator(Enum):
    """How a column is compared with a value."""

    EQ = "EQ"
    NEQ = "NEQ"
    GT = "GT"
    GTE = "GTE"
    LT = "LT"
    LTE = "LTE"
    LIKE = "LIKE"
    NOT_LIKE = "NOT_LIKE"
    IN = "IN"
    NOT_IN = "NOT_IN"
    BETWEEN = "BETWEEN"
    NOT_BETWEEN = "NOT_BETWEEN"
    IS_NULL = "IS_NULL"
    IS_NOT_NULL = "IS_NOT_NULL"


NULL_TESTS = frozenset({SQLOperator.IS_NULL, SQLOperator.IS_NOT_NULL})
LISTS = frozenset({SQLOperator.IN, SQLOperator.NOT_IN, SQLOperator.BETWEEN, SQLOperator.NOT_BETWEEN})
RANGES = frozenset({SQLOperator.BETWEEN, SQLOperator.NOT_BETWEEN})
PATTERNS = frozenset({SQLOperator.LIKE, SQLOperator.NOT_LIKE})
MEMBERSHIP = frozenset({SQLOperator.EQ, SQLOperator.NEQ, SQLOperator.IN, SQLOperator.NOT_IN}) | NULL_TESTS
COMPARISONS = frozenset(SQLOperator) - PATTERNS
EVERY = frozenset(SQLOperator)
#: Operators for a number of rows.
COUNTS = COMPARISONS - LISTS - NULL_TESTS

LOOKUPS = {
    SQLOperator.EQ: "exact",
    SQLOperator.NEQ: "exact",
    SQLOperator.GT: "gt",
    SQLOperator.GTE: "gte",
    SQLOperator.LT: "lt",
    SQLOperator.LTE: "lte",
    SQLOperator.LIKE: "like",
    SQLOperator.NOT_LIKE: "like",
    SQLOperator.IN: "in",
    SQLOperator.NOT_IN: "in",
}
#: What a comparison for equality negates.
EQUAL = {SQLOperator.NEQ: SQLOperator.EQ, SQLOperator.NOT_IN: SQLOperator.IN}
NEGATIONS = frozenset({SQLOperator.NEQ, SQLOperator.NOT_LIKE, SQLOperator.NOT_IN, SQLOperator.NOT_BETWEEN})


def _lookup_of(operator: SQLOperator, operand: Any) -> str:
    # Django's ``in`` makes one placeholder per value: a Parameter stands for a list of any length.
    is_parameter = isinstance(operand, Expression)
    return "one_of" if is_parameter and operator in LISTS else LOOKUPS[operator]


def expression_condition(expression: Expression, operator: SQLOperator, operand: Any) -> Q:
    """Return the condition on an expression with an output field that is never null."""
    if operator in NULL_TESTS:
        # A key is never null either: the condition that all rows meet, or none.
        return Q(pk__isnull=operator is SQLOperator.IS_NULL)

    field: Any = expression.output_field

    def lookup(name: str, value: object) -> Q:
        return Q(field.get_lookup(name)(expression, value))

    if operator in RANGES:
        condition = lookup("gte", operand[0]) & lookup("lte", operand[1])
    else:
        condition = lookup(_lookup_of(operator, operand), operand)
    return ~condition if operator in NEGATIONS else condition


def column_condition(column: str, operator: SQLOperator, operand: Any) -> Q:
    """Return the condition on a column; a negation leaves out rows without a value, as SQL does.

    ``operand`` is a value or a ``Parameter``, or two of them for a range.
    """
    if operator in NULL_TESTS:
        return Q(**{f"{column}__isnull": operator is SQLOperator.IS_NULL})
    if operator in RANGES:
        # Django's ``range`` does not work on a foreign key.
        condition = Q(**{f"{column}__gte": operand[0], f"{column}__lte": operand[1]})
    else:
        condition = Q(**{f"{column}__{_lookup_of(operator, operand)}": operand})
    if operator in NEGATIONS:
        # Django's exclude would keep the rows without a value.
        return ~condition & Q(**{f"{column}__isnull": False})
    return condition
