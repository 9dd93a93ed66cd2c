"""JSON that PostgreSQL writes, as expressions of Django: each gives the text of a value, or NULL.

Texts are put together by hand, in the spelling of the standard executor. Django's own ``JSONObject`` builds
``jsonb``, which sorts keys; ``json_build_object`` takes 50 keys at most, writes spaces, and is no faster.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import Func, Subquery, TextField

#: The attribute of a compiler that gathers what is joined.
JOINED = "crm_joined_ones"


class Json(Func):
    """An expression that gives the text of a JSON value."""

    output_field = TextField()
    function: str | None = None


class Encoded(Json):
    """A text, a day or the value of an enum."""

    template = "to_json(%(expressions)s)::text"


class Plain(Json):
    """What is JSON already: a whole number, true or false, or JSON itself."""

    template = "(%(expressions)s)::text"


class Quoted(Json):
    """A key, for the type ID."""

    template = "('\"' || (%(expressions)s)::text || '\"')"


class Integer(Json):
    """A whole number of 32 bits; an error of the database where it has more."""

    template = "((%(expressions)s)::integer)::text"


class Float(Json):
    """A number in double precision."""

    template = "to_json((%(expressions)s)::double precision)::text"


class Moment(Json):
    """A date-time in ISO 8601 at UTC, as Python writes it: microseconds only where there are any."""

    template = (
        "('\"' || replace(to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US'),"
        " '.000000', '') || '+00:00\"')"
    )


class OrNull(Json):
    """A value, or null."""

    template = "coalesce(%(expressions)s, 'null')"


class OrError(Json):
    """A value that must be there: an error of the database where it is missing.

    The standard executor then answers instead, and says which field had no value. The key of the row stands
    in the failing cast, since a constant one would fail when the statement is planned.
    """

    def __init__(self, expression: Any, key: Any) -> None:
        super().__init__(expression, key)

    template = "coalesce(%(value)s, ('missing ' || %(key)s)::json::text)"

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        value, parameters = compiler.compile(self.source_expressions[0])
        key, of_key = compiler.compile(self.source_expressions[1])
        return self.template % {"value": value, "key": key}, [*parameters, *of_key]


class Name(Json):
    """A name of GraphQL."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.extra["name"] = name

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        return f"'\"{self.extra['name']}\"'", []


class Object(Json):
    """An object; its keys are GraphQL names, in their order."""

    def __init__(self, members: Mapping[str, Any]) -> None:
        super().__init__(*members.values())
        self.extra["keys"] = tuple(members)

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        members, parameters = {}, []
        for key, expression in zip(self.extra["keys"], self.source_expressions, strict=True):
            members[key], given = compiler.compile(expression)
            parameters.extend(given)
        return _object(members), parameters


class One(Subquery):
    """The one row of a query of one column, if there is one.

    Of a row of the page it is joined: PostgreSQL then looks small tables up once for all rows, and not once
    for each. Below that it stays a sub-select.
    """

    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            text, parameters = super().as_sql(compiler, connection, *args, **kwargs)
        except EmptyResultSet:
            # Nothing can be there, and the database need not look.
            return "NULL", ()
        joined: list[tuple[str, tuple[Any, ...]]] | None = getattr(compiler, JOINED, None)
        if joined is None:
            return text, parameters
        if (text, tuple(parameters)) not in joined:
            joined.append((text, tuple(parameters)))
        return f"one_{joined.index((text, tuple(parameters)))}.value", ()


def join_ones(compiler: Any) -> None:
    """Have a compiler join each ``One`` of its columns; ``ones_joined`` gives the joins once it has run."""
    setattr(compiler, JOINED, [])


def ones_joined(compiler: Any) -> tuple[str, list[Any]]:
    """Give the joins that the columns of a compiler need, and their parameters."""
    joined = getattr(compiler, JOINED)
    texts = [f"LEFT JOIN LATERAL {text} one_{at} (value) ON true" for at, (text, _) in enumerate(joined)]
    return " ".join(texts), [value for _, parameters in joined for value in parameters]


class List(Subquery):
    """A list of the rows of a query of one column, in the query's order."""

    template = "('[' || array_to_string(ARRAY(%(subquery)s), ',') || ']')"
    output_field = TextField()

    def as_sql(self, compiler: Any, connection: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return super().as_sql(compiler, connection, *args, **kwargs)
        except EmptyResultSet:
            return "'[]'", ()


class Entries(Json):
    """The entries of a JSON object as a list of objects, by name in the order of code points.

    :param keys: of each object, in order, with what stands there: ``name``, ``value`` or a type's name.
    """

    STANDS = {"name": "to_json(entry.key)::text", "value": "entry.value::text"}

    def __init__(self, column: Any, keys: Mapping[str, str]) -> None:
        super().__init__(column)
        self.extra["keys"] = dict(keys)

    def as_sql(self, compiler: Any, connection: Any, **_context: Any) -> tuple[str, list[Any]]:  # type: ignore[override]
        column, parameters = compiler.compile(self.source_expressions[0])
        members = {key: self.STANDS.get(what, f"'\"{what}\"'") for key, what in self.extra["keys"].items()}
        text = (
            f"('[' || array_to_string(ARRAY(SELECT {_object(members)} FROM jsonb_each({column}) entry"  # noqa: S608 - names and columns
            " ORDER BY entry.key COLLATE \"C\"), ',') || ']')"
        )
        return text, parameters


def _object(members: Mapping[str, str]) -> str:
    """Put the texts of members together; keys are names of GraphQL, which need no escaping."""
    if not members:
        return "'{}'"
    pieces = [
        f"'{'{,'[index > 0]}\"{key}\":' || {value}" for index, (key, value) in enumerate(members.items())
    ]
    return f"({' || '.join(pieces)} || '}}')"
