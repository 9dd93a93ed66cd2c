"""The median of durations, by PostgreSQL itself; on SQLite, which has none, by Python."""

from statistics import median
from typing import Any

from django.db.models import Aggregate, FloatField, Func
from django.db.models.expressions import Combinable

SECONDS_A_DAY = 86_400


class _Seconds(Func):
    """A duration in seconds."""

    # EXTRACT would make it a numeric, which takes longer to sort.
    template = "DATE_PART('epoch', %(expressions)s)"
    output_field = FloatField()

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        # Django stores durations there in microseconds.
        return self.as_sql(compiler, connection, template="(%(expressions)s / 1000000.0)", **context)


class MedianDays(Aggregate):
    """The median of durations, in days and rounded to two places; null without any."""

    template = "PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = FloatField()

    def __init__(self, duration: Combinable, **extra: Any) -> None:
        super().__init__(_Seconds(duration), **extra)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="GROUP_CONCAT(%(expressions)s)", **context)

    @property
    def convert_value(self) -> Any:
        def convert(value: Any, _expression: object, _connection: object) -> float | None:
            if isinstance(value, str):
                value = median(map(float, value.split(",")))
            return None if value is None else round(value / SECONDS_A_DAY, 2)

        return convert
