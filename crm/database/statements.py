"""Statements that are compiled once and bound each time: queries of Django's ORM with places for values."""

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import BigIntegerField, Expression, Field, JSONField, QuerySet
from psycopg import RawCursor
from psycopg.adapt import Transformer
from psycopg.pq.abc import PGresult
from psycopg.sql import Literal
from psycopg.types.numeric import Int8

from crm.database.driver import Loader, can_send, send

PLACEHOLDER = re.compile(r"%([%s])")
PLACED = re.compile(r"\$([0-9]+)")
#: A row as the database sends it.
Row = tuple[bytes | None, ...]


class NotCompilable(Exception):
    """Something that no statement can be made of once and for all; the text is the reason, for the metric."""


class Parameter(Expression):
    """The place of a value that is known when the statement runs, and not before.

    To compare it in Python is refused: a value that decided something would belong into the plan's key, and
    the plan of one actor would serve another. That there is one may be tested: the key tells.

    :param output_field: what the value is; a whole number unless it is said.
    """

    def __init__(self, name: str, output_field: Field[Any, Any] | None = None) -> None:
        super().__init__(output_field=output_field or BigIntegerField())
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)

    def __eq__(self, other: object) -> bool:
        # Django asks whether it is the empty text, which no value of a marker is.
        if not isinstance(other, Expression) and other != "":
            raise NotCompilable(f"value of {self.name}")
        return super().__eq__(other)

    __hash__ = Expression.__hash__


@dataclass(frozen=True)
class Sql:
    """A piece of SQL as Django's compiler gives it: ``%s`` for each parameter, some of which are markers."""

    text: str
    parameters: tuple[Any, ...] = ()


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement of PostgreSQL with numbered placeholders; each value is a constant or a marker."""

    text: bytes
    values: tuple[Any, ...]

    @classmethod
    def of(cls, *pieces: Sql | str) -> "Statement":
        """Put pieces together."""
        values: list[Any] = []
        parameters = iter([each for piece in pieces if isinstance(piece, Sql) for each in piece.parameters])

        def number(match: re.Match[str]) -> str:
            if match[1] == "%":
                return "%"
            value = next(parameters)
            if isinstance(value, Parameter):
                names = [known.name if isinstance(known, Parameter) else None for known in values]
                if value.name in names:
                    return f"${names.index(value.name) + 1}"
            values.append(value)
            return f"${len(values)}"

        text = "".join(piece.text if isinstance(piece, Sql) else piece for piece in pieces)
        numbered = PLACEHOLDER.sub(number, text)
        return cls(numbered.encode(), tuple(values))

    def refuse_moments(self) -> "Statement":
        """Give the statement itself, for one that is kept.

        :raises NotCompilable: if a constant is a moment, which would be that of the first request for ever.
        """
        if any(isinstance(value, date | datetime) for value in self.values):
            raise NotCompilable("moment")
        return self

    def texts(self, values: Mapping[str, Any]) -> list[Row]:
        """Run the statement; give its rows as the texts that the database sends.

        :param values: those of the markers by name.
        :raises django.db.Error: as Django's own cursors do; a transaction stays as it was, for another try.
        """
        result, _ = self.result(values)
        columns = range(result.nfields)
        return [tuple([result.get_value(row, each) for each in columns]) for row in range(result.ntuples)]

    def result(self, values: Mapping[str, Any]) -> tuple[PGresult, Loader]:
        """Run the statement as ``texts`` does; give what the database sends, and what makes values of it."""
        wrapper = connections[DEFAULT_DB_ALIAS]
        if wrapper.in_atomic_block:
            with wrapper.connection.transaction():
                return self._run(values)
        return self._run(values)

    def rows(self, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run the statement; give its rows as values of Python.

        :param values: those of the markers by name.
        :raises django.db.Error: as Django's own cursors do.
        """
        result, loader = self._run(values)
        loader.set_pgresult(result)
        found: list[tuple[Any, ...]] = loader.load_rows(0, result.ntuples, tuple)
        return found

    def _run(self, values: Mapping[str, Any]) -> tuple[PGresult, Loader]:
        bound = [
            _sent(values[value.name] if isinstance(value, Parameter) else value) for value in self.values
        ]
        # Django's name for it looks it up anew at each use.
        wrapper = connections[DEFAULT_DB_ALIAS]
        wrapper.ensure_connection()
        raw = wrapper.connection
        started = time.monotonic()
        try:
            with wrapper.wrap_database_errors:
                if can_send(raw):
                    return send(raw, self.text, bound)
                with RawCursor(raw) as cursor:
                    cursor.execute(self.text, bound)
                    assert cursor.pgresult is not None
                    return cursor.pgresult, Transformer.from_context(raw)
        finally:
            if wrapper.queries_logged:
                _log(self.text.decode(), bound, time.monotonic() - started)


def _sent(value: Any) -> Any:
    # By default the type follows the size of a number, and each would be a statement of its own.
    if isinstance(value, list):
        return [_sent(each) for each in value]
    return Int8(value) if type(value) is int else value


def as_text(column: Any, value: Any) -> str | None:
    """Give a value as the text that PostgreSQL reads as the column's type.

    As values of Python they would have types of their own, which change with what is null, and each mixture
    would be a statement of its own.
    """
    if value is None:
        return None
    if isinstance(column, JSONField):
        return json.dumps(value, cls=column.encoder)
    return value.isoformat() if isinstance(value, date) else str(value)


def _log(text: str, bound: Sequence[Any], seconds: float) -> None:
    """Note a statement where Django notes its own, with its values in it."""
    # One that was lost cannot say how it spells text.
    raw = None if connection.connection.closed else connection.connection
    written = PLACED.sub(lambda match: Literal(bound[int(match[1]) - 1]).as_string(raw), text)
    connection.queries_log.append({"sql": written, "time": f"{seconds:.3f}"})


@dataclass
class Prepared:
    """A query of some columns that differs from call to call in its values alone.

    On PostgreSQL it is compiled once in a process; elsewhere Django makes it each time.

    :param build: makes the query, of ``values_list``, of the values by name, which may be markers.
    """

    build: Callable[..., QuerySet[Any, tuple[Any, ...]]]
    _compiled: dict[tuple[str, ...], tuple[Statement, int]] = field(default_factory=dict)

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """Give the rows for some values; JSON columns are texts on PostgreSQL."""
        if connection.vendor != "postgresql":
            return list(self.build(**values))
        return self.compiled(*sorted(values))[0].rows(values)

    def compiled(self, *names: str) -> tuple[Statement, int]:
        """Give the statement of the query, and how many columns it has.

        :param names: those of the values, in the order of the alphabet.
        """
        if names not in self._compiled:
            query = self.build(**{name: Parameter(name) for name in names}).query
            compiler = query.get_compiler(connection=connection)
            text, parameters = compiler.as_sql()
            statement = Statement.of(Sql(text, tuple(parameters))).refuse_moments()
            self._compiled[names] = statement, compiler.col_count or 0
        return self._compiled[names]
