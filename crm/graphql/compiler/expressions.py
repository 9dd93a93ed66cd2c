"""Expressions that make PostgreSQL write JSON: each returns the text of a value, or NULL.

The text is exactly what the standard executor would write. Django's ``JSONObject`` builds ``jsonb``, which
sorts keys; ``json_build_object`` takes at most 50 keys, writes spaces, and is no faster.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Func, Subquery, TextField
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.sql.compiler import SQLCompiler

from crm.database.statements import CompiledSql
from crm.graphql.compiler.bounds import MARKER
from crm.graphql.core.large_columns import LARGEST_COMPRESSION, Size, Stored

#: The attribute of Django's compiler under which rows of ``One`` are collected to be joined.
JOINED = "crm_joined_ones"


class Json(Func):
    """An expression for the text of a JSON value."""

    output_field = TextField()
    function: str | None = None


class Encoded(Json):
    """Text, a date or the value of an enum."""

    template = "to_json(%(expressions)s)::text"


class Plain(Json):
    """A value whose text is JSON already: a whole number, true or false, or JSON itself."""

    template = "(%(expressions)s)::text"


class Quoted(Json):
    """A key, as an ID."""

    template = "('\"' || (%(expressions)s)::text || '\"')"


class Integer(Json):
    """A whole number of 32 bits; PostgreSQL raises an error where it has more, as the standard executor."""

    template = "((%(expressions)s)::integer)::text"


class Float(Json):
    template = "to_json((%(expressions)s)::double precision)::text"


class Bounded(Json):
    """The JSON of a large value, or the marker if the value has more bytes than ``most``."""

    template = f"CASE WHEN %(is_large)s THEN {MARKER} ELSE %(value)s END"

    def __init__(self, column: Combinable, value: Combinable, *, most: int) -> None:
        super().__init__(Size(column), Stored(column), value)
        self.extra["most"] = most

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: object, **_context: object
    ) -> CompiledSql:
        size, stored, value = (compiler.compile(each) for each in self.source_expressions)
        most = self.extra["most"]
        # Stored values are at most so many times smaller. This finds nearly all of them small at no cost.
        is_large = f"{stored[0]} > {most // LARGEST_COMPRESSION} AND {size[0]} > {most}"
        text = self.template % {"is_large": is_large, "value": value[0]}
        return text, (*stored[1], *size[1], *value[1])


class DateTime(Json):
    """A date-time in ISO 8601 and UTC, as Python writes it: with microseconds only if there are any."""

    template = (
        "('\"' || replace(to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'),"
        " '.000000', '') || '+00:00\"')"
    )


class OrNull(Json):
    template = "coalesce(%(expressions)s, 'null')"


class OrError(Json):
    """A value that must not be null: an error makes the standard executor report which field had none."""

    # The cast to json fails. It contains the key of the row, since PostgreSQL evaluates constant expressions
    # when it plans: a constant would fail for every row.
    template = "coalesce(%(value)s, ('missing ' || %(key)s)::json::text)"

    def __init__(self, expression: Combinable, key: Combinable) -> None:
        super().__init__(expression, key)

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: object, **_context: object
    ) -> CompiledSql:
        value, parameters = compiler.compile(self.source_expressions[0])
        key, key_parameters = compiler.compile(self.source_expressions[1])
        return self.template % {"value": value, "key": key}, (*parameters, *key_parameters)


class Name(Json):
    """A name of GraphQL, which needs no escaping."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.extra["name"] = name

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: object, **_context: object
    ) -> CompiledSql:
        return f"'\"{self.extra['name']}\"'", ()

    def get_group_by_cols(self) -> list[BaseExpression]:
        # PostgreSQL refuses to group by a constant.
        return []


class Object(Json):
    """An object; its keys are GraphQL names, in their order."""

    def __init__(self, members: Mapping[str, Combinable]) -> None:
        super().__init__(*members.values())
        self.extra["keys"] = tuple(members)

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: object, **_context: object
    ) -> CompiledSql:
        members: dict[str, str] = {}
        parameters: list[object] = []
        for key, expression in zip(self.extra["keys"], self.source_expressions, strict=True):
            members[key], values = compiler.compile(expression)
            parameters.extend(values)
        return _object(members), tuple(parameters)


class One(Subquery):
    """The row of a query of one column, if there is one.

    For rows of the page it is a lateral join: PostgreSQL can look a small table up once for all rows.
    """

    output_field = TextField()

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **kwargs: Any
    ) -> CompiledSql:
        try:
            text, parameters = super().as_sql(compiler, connection, *args, **kwargs)
        except EmptyResultSet:
            # Django raises it for a condition that no row can meet.
            return "NULL", ()
        joined: list[CompiledSql] | None = getattr(compiler, JOINED, None)
        if joined is None:
            return text, parameters
        # Two fields with the same selection share a join.
        if (text, tuple(parameters)) not in joined:
            joined.append((text, tuple(parameters)))
        return f"one_{joined.index((text, tuple(parameters)))}.value", ()


def join_ones(compiler: SQLCompiler) -> None:
    """Make a compiler join each ``One`` of its columns; ``ones_joined`` returns the joins once it has run."""
    setattr(compiler, JOINED, [])


def ones_joined(compiler: SQLCompiler) -> CompiledSql:
    """Return the joins that the columns of a compiler need."""
    joined: Sequence[CompiledSql] = getattr(compiler, JOINED)
    texts = [f"LEFT JOIN LATERAL {text} one_{at} (value) ON true" for at, (text, _) in enumerate(joined)]
    return " ".join(texts), tuple(value for _, parameters in joined for value in parameters)


class List(Subquery):
    """A list of the rows of a query of one column, in the query's order."""

    template = "('[' || array_to_string(ARRAY(%(subquery)s), ',') || ']')"
    output_field = TextField()

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **kwargs: Any
    ) -> CompiledSql:
        try:
            return super().as_sql(compiler, connection, *args, **kwargs)
        except EmptyResultSet:
            return "'[]'", ()


class Entries(Json):
    """The entries of a JSON object as a list of objects by name; ``keys`` maps their keys to contents."""

    CONTENTS = {"name": "to_json(entry.key)::text", "value": "entry.value::text"}

    def __init__(self, column: Combinable, keys: Mapping[str, str], *, limit: int) -> None:
        super().__init__(column)
        self.extra.update(keys=dict(keys), limit=limit)

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *_: object, **_context: object
    ) -> CompiledSql:
        column, parameters = compiler.compile(self.source_expressions[0])
        members = {key: self.CONTENTS.get(what, f"'\"{what}\"'") for key, what in self.extra["keys"].items()}
        # COLLATE "C" sorts by code points, as Python does.
        text = (
            f"('[' || array_to_string(ARRAY(SELECT {_object(members)} FROM jsonb_each({column}) entry"  # noqa: S608 - names and columns
            f" ORDER BY entry.key COLLATE \"C\" LIMIT {self.extra['limit']}), ',') || ']')"
        )
        return text, parameters


def _object(members: Mapping[str, str]) -> str:
    """Concatenate the texts of members; keys are names of GraphQL, which need no escaping."""
    if not members:
        return "'{}'"
    pieces = [
        f"'{'{,'[index > 0]}\"{key}\":' || {value}" for index, (key, value) in enumerate(members.items())
    ]
    return f"({' || '.join(pieces)} || '}}')"
