"""The comparison operators of ``where``, and what each means in SQL."""

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
#: What a number of rows is compared by.
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
NEGATIONS = frozenset({SQLOperator.NEQ, SQLOperator.NOT_LIKE, SQLOperator.NOT_IN, SQLOperator.NOT_BETWEEN})


def compared(expression: Any, operator: SQLOperator, value: Any) -> Q:
    """Give the condition on an expression that is never null.

    :param expression: with an output field of its own.
    """
    if operator in NULL_TESTS:
        return Q(pk__isnull=operator is SQLOperator.IS_NULL)

    def met(lookup: str, wanted: Any) -> Q:
        return Q(expression.output_field.get_lookup(lookup)(expression, wanted))

    if operator in RANGES:
        condition = met("gte", value[0]) & met("lte", value[1])
    else:
        condition = met(LOOKUPS[operator], value)
    return ~condition if operator in NEGATIONS else condition


def compare(column: str, operator: SQLOperator, value: Any) -> Q:
    """Give the condition; a negation leaves out rows without a value, as SQL does.

    :param column: name of the field, with ``__`` through relations.
    :param value: what is compared with, or a marker; for ranges two of them.
    """
    if operator in NULL_TESTS:
        return Q(**{f"{column}__isnull": operator is SQLOperator.IS_NULL})
    if operator in RANGES:
        # Foreign keys know no range.
        condition = Q(**{f"{column}__gte": value[0], f"{column}__lte": value[1]})
    else:
        is_marker = isinstance(value, Expression)
        lookup = "one_of" if is_marker and operator in LISTS else LOOKUPS[operator]
        condition = Q(**{f"{column}__{lookup}": value})
    if operator in NEGATIONS:
        return ~condition & Q(**{f"{column}__isnull": False})
    return condition
