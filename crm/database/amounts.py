"""Sums of money that are exact on both databases: SQLite stores decimals as floating point numbers."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.db.models import Aggregate, Field, Func
from django.db.models.expressions import Combinable

#: The smallest amount that is stored.
CENT = Decimal("0.01")


class _Summed(Field[Decimal, Decimal]):
    def from_db_value(self, value: Any, _expression: object, connection: Any) -> Decimal | None:
        if value is None:
            return None
        return (Decimal(value) / 100 if connection.vendor == "sqlite" else value).quantize(CENT)


class _Exact(Func):
    """An amount as PostgreSQL stores it, and in SQLite as a whole number of cents."""

    template = "%(expressions)s"
    output_field = _Summed()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="CAST(ROUND(%(expressions)s * 100) AS INTEGER)", **context
        )


class AmountSum(Aggregate):
    """The sum of amounts of two places, each multiplied by whole numbers; null if there are none."""

    function = "SUM"
    arg_joiner = " * "
    output_field = _Summed()

    def __init__(self, amount: str, *factors: Combinable | str, **extra: Any) -> None:
        super().__init__(_Exact(amount), *factors, **extra)


def weighted(total: Decimal) -> Decimal:
    """Return a sum of amounts times percents as an amount, rounded half up to two places."""
    return (total / 100).quantize(CENT, ROUND_HALF_UP)
