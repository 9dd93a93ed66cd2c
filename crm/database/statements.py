"""PostgreSQL statements that are compiled once by Django's ORM and run with new values each time."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import BigIntegerField, Expression, Field, JSONField, QuerySet
from psycopg.abc import Transformer
from psycopg.pq.abc import PGresult

from crm.database.execution import execute

#: Placeholders of Django's compiler: a value, or a percent sign.
PLACEHOLDER = re.compile(r"%([%s])")
#: A row as the database sends it, and as Python values.
Row = tuple[bytes | None, ...]
PythonRow = tuple[Any, ...]
#: What ``as_sql`` of Django's expressions returns: SQL and its parameters.
CompiledSql = tuple[str, tuple[Any, ...]]
#: The values of parameters, by name.
Values = Mapping[str, object]


class NotCompilable(Exception):
    """No reusable statement can be made; the text is the reason, which the metric counts by."""


class Parameter(Expression):
    """A value that is known only when the statement runs; by default a whole number.

    Comparing it in Python is refused: the statement serves actors with other values too. Testing whether
    there is one is allowed, since that is part of the cache key.
    """

    def __init__(self, name: str, output_field: "Field[object, object] | None" = None) -> None:
        super().__init__(output_field=output_field or BigIntegerField())
        self.name = name

    def as_sql(self, compiler: object, connection: object) -> CompiledSql:
        return "%s", (self,)

    def __eq__(self, other: object) -> bool:
        # Django compares every value of a filter with the empty text, which a parameter never is.
        if not isinstance(other, Expression) and other != "":
            raise NotCompilable(f"value of {self.name}")
        return super().__eq__(other)

    __hash__ = Expression.__hash__


@dataclass(frozen=True)
class Sql:
    """SQL as Django's compiler writes it: one ``%s`` for each constant or ``Parameter``."""

    text: str
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True, eq=False)
class Statement:
    """A PostgreSQL statement with numbered placeholders, each for a constant or a ``Parameter``."""

    text: bytes
    values: tuple[object, ...]

    @classmethod
    def of(cls, *pieces: Sql | str) -> "Statement":
        """Join pieces of SQL; a parameter that occurs several times gets one placeholder."""
        values: list[object] = []
        parameters = iter([each for piece in pieces if isinstance(piece, Sql) for each in piece.parameters])

        def number(match: re.Match[str]) -> str:
            if match[1] == "%":
                return "%"
            value = next(parameters)
            if isinstance(value, Parameter):
                # PostgreSQL takes two placeholders for two values: in SELECT and GROUP BY they must be one.
                names = [known.name if isinstance(known, Parameter) else None for known in values]
                if value.name in names:
                    return f"${names.index(value.name) + 1}"
            values.append(value)
            return f"${len(values)}"

        text = "".join(piece.text if isinstance(piece, Sql) else piece for piece in pieces)
        numbered = PLACEHOLDER.sub(number, text)
        return cls(numbered.encode(), tuple(values))

    def refuse_moments(self) -> "Statement":
        """Return the statement; refuse it if a constant is a moment, as the time of the first request."""
        if any(isinstance(value, date | datetime) for value in self.values):
            raise NotCompilable("moment")
        return self

    def texts(self, values: Values) -> list[Row]:
        """Run the statement and return its rows as texts; after an error a transaction stays usable."""
        result, _ = self.result(values)
        columns = range(result.nfields)
        return [tuple([result.get_value(row, each) for each in columns]) for row in range(result.ntuples)]

    def result(self, values: Values) -> tuple[PGresult, Transformer]:
        """Run the statement, and return the result and what converts its texts to Python values."""
        wrapper = connections[DEFAULT_DB_ALIAS]
        if wrapper.in_atomic_block:
            with wrapper.connection.transaction():
                return self._run(values)
        return self._run(values)

    def rows(self, values: Values) -> list[PythonRow]:
        """Run the statement and return its rows as Python values."""
        result, transformer = self._run(values)
        transformer.set_pgresult(result)
        return transformer.load_rows(0, result.ntuples, tuple)

    def _run(self, values: Values) -> tuple[PGresult, Transformer]:
        return execute(
            self.text,
            [values[value.name] if isinstance(value, Parameter) else value for value in self.values],
        )


def as_text(column: "Field[object, object]", value: object) -> str | None:
    """Return a value as text that PostgreSQL reads as the column's type.

    Python values bring types that depend on which are null: each combination would be prepared anew.
    """
    if value is None:
        return None
    if isinstance(column, JSONField):
        return json.dumps(value, cls=column.encoder)
    return value.isoformat() if isinstance(value, date) else str(value)


@dataclass
class Prepared:
    """A query of which only the values change; compiled once for PostgreSQL, on SQLite each time.

    ``build`` makes the query, with ``values_list``, from values by name, which may be parameters.
    """

    build: Callable[..., QuerySet[Any, PythonRow]]
    _compiled: dict[tuple[str, ...], tuple[Statement, int]] = field(default_factory=dict)

    def rows(self, **values: object) -> list[PythonRow]:
        """Return the rows for some values; JSON columns are texts on PostgreSQL."""
        if connection.vendor != "postgresql":
            return list(self.build(**values))
        return self.compiled(*sorted(values))[0].rows(values)

    def compiled(self, *names: str) -> tuple[Statement, int]:
        """Return the statement for the sorted names of the values, and the number of its columns."""
        if names not in self._compiled:
            query = self.build(**{name: Parameter(name) for name in names}).query
            compiler = query.get_compiler(DEFAULT_DB_ALIAS)
            text, parameters = compiler.as_sql()
            statement = Statement.of(Sql(text, tuple(parameters))).refuse_moments()
            self._compiled[names] = statement, compiler.col_count or 0
        return self._compiled[names]
