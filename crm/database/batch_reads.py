"""Read rows of several models by one statement: a UNION whose rows travel as JSON arrays."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import (
    BooleanField,
    DateTimeField,
    F,
    Field,
    Func,
    JSONField,
    Model,
    QuerySet,
    TextField,
)
from django.db.models.sql.compiler import SQLCompiler

from crm.actors import Actor
from crm.database.actor_cache_key import actor_cache_key, symbolic_actor
from crm.database.statements import CompiledSql, Parameter, Sql, Statement

#: Statements that a BatchRead keeps, one for each actor cache key and set of value names.
MOST_STATEMENTS = 1000


@dataclass(frozen=True)
class BatchPart:
    """Some rows of one model; ``columns`` may be annotations, or of related rows, as ``pipeline__name``."""

    rows: QuerySet[Any]
    columns: tuple[str, ...]

    @property
    def model(self) -> type[Model]:
        model: type[Model] = self.rows.model
        return model


class _Line(Func):
    """The name of a part and the columns of one of its rows, as the text of a JSON array."""

    output_field = TextField()

    def __init__(self, name: str, *columns: F | Func) -> None:
        super().__init__(*columns, name=name)

    def as_sqlite(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> CompiledSql:
        template = "json_array('%(name)s', %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> CompiledSql:
        template = "json_build_array('%(name)s', %(expressions)s)::text"
        return self.as_sql(compiler, connection, template=template, **context)


class _Document(Func):
    """A JSON column inside a JSON array; on SQLite it is text, which would become a JSON string."""

    function = "JSON"
    output_field = TextField()

    def as_postgresql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **context: Any
    ) -> CompiledSql:
        return self.as_sql(compiler, connection, template="%(expressions)s", **context)


#: Makes an instance from the values of one row.
_Reader = Callable[[Sequence[Any]], Any]


@dataclass
class BatchRead:
    """A statement that reads rows of several models.

    ``build`` returns the parts by name for an actor and values by name. On PostgreSQL it is called once for
    each actor cache key and set of value names, with symbolic ones; on SQLite each time.
    """

    build: Callable[..., Mapping[str, BatchPart]]
    _statements: dict[object, tuple[Statement, dict[str, _Reader]]] = field(default_factory=dict)

    def read(self, actor: Actor, **values: object) -> dict[str, list[Any]]:
        """Return the instances of each part; columns that were not read are deferred."""
        if connection.vendor == "postgresql":
            statement, readers = self._statement(actor, tuple(values))
            lines = statement.rows({**values, "company": actor.company_id, "user": actor.user_id})
        else:
            parts = self.build(actor, **values)
            readers = _readers(parts)
            lines = list(_query(parts))
        found: dict[str, list[Any]] = {name: [] for name in readers}
        for (line,) in lines:
            name, *row = orjson.loads(line)
            found[name].append(readers[name](row))
        return found

    def _statement(self, actor: Actor, names: tuple[str, ...]) -> tuple[Statement, dict[str, _Reader]]:
        key = (actor_cache_key(actor), names)
        if key not in self._statements:
            if len(self._statements) >= MOST_STATEMENTS:
                self._statements.clear()
            parts = self.build(symbolic_actor(actor), **{name: Parameter(name) for name in names})
            text, parameters = _query(parts).query.sql_with_params()
            statement = Statement.of(Sql(text, tuple(parameters))).refuse_moments()
            self._statements[key] = statement, _readers(parts)
        return self._statements[key]


def _query(parts: Mapping[str, BatchPart]) -> QuerySet[Any, tuple[str]]:
    lines = [
        # SQLite refuses an ORDER BY in a part of a UNION.
        part.rows.order_by().values_list(
            _Line(name, *(_expression(part.model, path) for path in part.columns))
        )
        for name, part in parts.items()
    ]
    return lines[0].union(*lines[1:], all=True)


def _expression(model: type[Model], path: str) -> F | Func:
    return _Document(F(path)) if isinstance(_columns(model).get(path), JSONField) else F(path)


def _columns(model: type[Model]) -> dict[str, "Field[object, object]"]:
    return {column.attname: column for column in model._meta.concrete_fields}


def _readers(parts: Mapping[str, BatchPart]) -> dict[str, _Reader]:
    return {name: _reader(part.model, part.columns) for name, part in parts.items()}


@cache
def _reader(model: type[Model], paths: tuple[str, ...]) -> _Reader:
    columns = _columns(model)
    positions = {path: position for position, path in enumerate(paths)}
    # ``from_db`` expects the names in the order of the model's columns.
    names = [name for name in columns if name in positions]
    own = [(positions[name], _CONVERTERS.get(type(columns[name]))) for name in names]
    annotations = [(path, positions[path]) for path in paths if "__" not in path and path not in columns]
    related = _related_readers(model, paths)

    def read(row: Sequence[Any]) -> Model:
        values = [row[position] if convert is None else convert(row[position]) for position, convert in own]
        instance = model.from_db(connection.alias, names, values)
        for name, position in annotations:
            instance.__dict__[name] = row[position]
        for name, key_position, read_related, related_positions in related:
            is_null = row[key_position] is None
            values = [row[position] for position in related_positions]
            setattr(instance, name, None if is_null else read_related(values))
        return instance

    return read


def _related_readers(model: type[Model], paths: tuple[str, ...]) -> list[tuple[str, int, _Reader, list[int]]]:
    """Return for each related row its name, the position of its key, its reader, and its positions."""
    found = []
    for name in dict.fromkeys(path.partition("__")[0] for path in paths if "__" in path):
        inner = tuple(path.removeprefix(f"{name}__") for path in paths if path.startswith(f"{name}__"))
        target: Any = model._meta.get_field(name).related_model
        positions = [paths.index(f"{name}__{column}") for column in inner]
        found.append((name, paths.index(f"{name}__id"), _reader(target, inner), positions))
    return found


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    # SQLite stores UTC without an offset.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


#: JSON has no date-times, and SQLite returns 0 and 1 for booleans.
_CONVERTERS: dict[type, Callable[[Any], object]] = {BooleanField: bool, DateTimeField: _moment}
