"""Rows of several models, read by one statement; each model brings the columns that are wanted of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any

import orjson
from django.db import connection
from django.db.models import BooleanField, DateTimeField, F, Func, JSONField, QuerySet, TextField

from crm.actors import Actor
from crm.database.actor_cache_key import actor_class, class_key
from crm.database.statements import Parameter, Sql, Statement

#: Most shapes of a statement that are kept compiled.
MOST_STATEMENTS = 1000


@dataclass(frozen=True)
class BatchPart:
    """Some rows of one model.

    :param columns: what is read of each row: its columns, annotations, and columns of a row that it belongs
        to as ``pipeline__name``.
    """

    rows: QuerySet[Any]
    columns: tuple[str, ...]


class _Line(Func):
    """The name of a part and the columns of one of its rows, as the text of a JSON array."""

    output_field = TextField()

    def __init__(self, name: str, *columns: Any) -> None:
        super().__init__(*columns, name=name)

    def as_sqlite(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "json_array('%(name)s', %(expressions)s)"
        return self.as_sql(compiler, connection, template=template, **context)

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "json_build_array('%(name)s', %(expressions)s)::text"
        return self.as_sql(compiler, connection, template=template, **context)


class _Document(Func):
    """A JSON column as a part of a document; on SQLite it is a text."""

    function = "JSON"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template="%(expressions)s", **context)


@dataclass
class BatchRead:
    """A statement that reads rows of several models.

    On PostgreSQL it is compiled once for each class of actors and each set of names; elsewhere each time.

    :param build: makes the parts, by name, of an actor and of values by name, both of which may be symbolic.
    """

    build: Callable[..., Mapping[str, BatchPart]]
    _statements: dict[Any, tuple[Statement, dict[str, "_Reader"]]] = field(default_factory=dict)

    def read(self, actor: Actor, **values: Any) -> dict[str, list[Any]]:
        """Give the rows of each part; what was not read of a row is read when it is asked for."""
        if connection.vendor == "postgresql":
            statement, readers = self._statement(actor, tuple(values))
            lines = statement.rows({**values, "company": actor.company_id, "user": actor.user_id})
        else:
            parts = self.build(actor, **values)
            readers = {name: _reader(_of(part), part.columns) for name, part in parts.items()}
            lines = list(_query(parts))
        found: dict[str, list[Any]] = {name: [] for name in readers}
        for (line,) in lines:
            name, *row = orjson.loads(line)
            found[name].append(readers[name](row))
        return found

    def _statement(self, actor: Actor, names: tuple[str, ...]) -> tuple[Statement, dict[str, "_Reader"]]:
        key = (class_key(actor), names)
        known = self._statements.get(key)
        if known is None:
            if len(self._statements) >= MOST_STATEMENTS:
                self._statements.clear()
            parts = self.build(actor_class(actor), **{name: Parameter(name) for name in names})
            text, parameters = _query(parts).query.sql_with_params()
            readers = {name: _reader(_of(part), part.columns) for name, part in parts.items()}
            statement = Statement.of(Sql(text, tuple(parameters))).refuse_moments()
            known = self._statements[key] = statement, readers
        return known


def _query(parts: Mapping[str, BatchPart]) -> QuerySet[Any, tuple[str]]:
    lines = [
        part.rows.order_by().values_list(
            _Line(name, *(_expression(part.rows.model, path) for path in part.columns))
        )
        for name, part in parts.items()
    ]
    return lines[0].union(*lines[1:], all=True)


def _expression(model: Any, path: str) -> Any:
    column = _columns(model).get(path)
    return _Document(F(path)) if isinstance(column, JSONField) else F(path)


def _columns(model: Any) -> dict[str, Any]:
    return {column.attname: column for column in model._meta.concrete_fields}


_Reader = Callable[[Sequence[Any]], Any]


def _of(part: BatchPart) -> Any:
    """Give the model of the rows of a part."""
    return part.rows.model


@cache
def _reader(model: Any, columns: tuple[str, ...]) -> _Reader:
    """Give the function that makes an instance of the values of some columns."""
    known = _columns(model)
    places = {name: place for place, name in enumerate(columns)}
    # In the order in which the model takes them.
    names = [name for name in known if name in places]
    reads = [(places[name], _CONVERTERS.get(type(known[name]))) for name in names]
    annotated = [(name, places[name]) for name in columns if "__" not in name and name not in known]
    related = _related(model, columns)

    def read(row: Sequence[Any]) -> Any:
        values = [row[place] if convert is None else convert(row[place]) for place, convert in reads]
        instance = model.from_db(connection.alias, names, values)
        for name, place in annotated:
            instance.__dict__[name] = row[place]
        for name, key_place, read_related, related_places in related:
            one = None if row[key_place] is None else read_related([row[place] for place in related_places])
            setattr(instance, name, one)
        return instance

    return read


def _related(model: Any, columns: tuple[str, ...]) -> list[tuple[str, int, _Reader, list[int]]]:
    found = []
    for name in dict.fromkeys(path.partition("__")[0] for path in columns if "__" in path):
        inner = tuple(path.removeprefix(f"{name}__") for path in columns if path.startswith(f"{name}__"))
        target = model._meta.get_field(name).related_model
        found_places = [columns.index(f"{name}__{column}") for column in inner]
        found.append((name, columns.index(f"{name}__id"), _reader(target, inner), found_places))
    return found


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    # SQLite keeps them in UTC without saying so.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


#: JSON has no moments, and SQLite no truth.
_CONVERTERS: dict[Any, Callable[[Any], Any]] = {BooleanField: bool, DateTimeField: _moment}
