"""Questions to the database about single custom fields, the same on SQLite and PostgreSQL.

A record's custom fields are one JSON object; here its entries are rows with a name and a value. A value is
only ever compared with values of its own JSON type, so that nothing is cast that cannot be.
"""

import json
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import models
from django.db.models import Expression, F, Q

from crm.database.patterns import Like

ENTRY = "custom_field"
LARGEST_INTEGER = 2**63 - 1
#: How the comparisons are written in SQL.
SIGNS = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


class EntryName(Expression):
    """The name of an entry, inside a condition of ``Entries``."""

    output_field = models.CharField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return f"{ENTRY}.key", ()


class _EntryText(Expression):
    """The text that an entry's value is."""

    output_field = models.TextField()

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if connection.vendor == "postgresql":
            return f"({ENTRY}.value #>> '{{}}')", ()
        return f"{ENTRY}.value", ()


class _Condition(Expression):
    conditional = True
    output_field = models.BooleanField()


class ValueIsGiven(_Condition):
    """Whether an entry's value is another than JSON's null."""

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if connection.vendor == "postgresql":
            return f"{ENTRY}.value <> 'null'::jsonb", ()
        return f"{ENTRY}.type <> 'null'", ()


class ValueMatches(_Condition):
    """Whether an entry's value is of the same JSON type as another, and compares with it like that.

    :param lookup: a key of ``SIGNS``, or ``like`` for a pattern of text.
    :param value: text, a finite number or a boolean, the last to be equal to only.
    """

    def __init__(self, lookup: str, value: str | float | bool) -> None:
        super().__init__()
        self.lookup = lookup
        self.value = value

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if isinstance(self.value, bool):
            return self._boolean(connection)
        if isinstance(self.value, str):
            return self._text(self.value, compiler, connection)
        return self._number(self.value, connection)

    def _boolean(self, connection: Any) -> tuple[str, tuple[Any, ...]]:
        word = "true" if self.value else "false"
        if connection.vendor == "postgresql":
            return f"{ENTRY}.value = '{word}'::jsonb", ()
        return f"{ENTRY}.type = '{word}'", ()

    def _text(self, value: str, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if self.lookup == "like":
            compared, parameters = compiler.compile(Like(_EntryText(), value))
        else:
            text, parameters = compiler.compile(_EntryText())
            if connection.vendor == "postgresql":
                # As SQLite compares: by code points, whatever the language of the database.
                text += ' COLLATE "C"'
            compared, parameters = f"{text} {SIGNS[self.lookup]} %s", (*parameters, value)
        if connection.vendor == "postgresql":
            return f"(jsonb_typeof({ENTRY}.value) = 'string' AND {compared})", tuple(parameters)
        return f"({ENTRY}.type = 'text' AND {compared})", tuple(parameters)

    def _number(self, value: float, connection: Any) -> tuple[str, tuple[Any, ...]]:
        sign = SIGNS[self.lookup]
        if connection.vendor == "postgresql":
            is_number = f"jsonb_typeof({ENTRY}.value) = 'number'"
            return f"({is_number} AND {ENTRY}.value {sign} %s::jsonb)", (json.dumps(value),)
        bound = float(value) if abs(value) > LARGEST_INTEGER else value
        return f"({ENTRY}.type IN ('integer', 'real') AND {ENTRY}.value {sign} %s)", (bound,)


class _Asked(Expression):
    """A question to the custom fields of a row, with what it asks of them."""

    def __init__(self, output_field: models.Field[Any, Any], *asked: Any) -> None:
        super().__init__(output_field=output_field)
        self._asked: list[Any] = [F("custom_fields"), *asked]

    def get_source_expressions(self) -> list[Any]:
        return self._asked

    def set_source_expressions(self, exprs: Any) -> None:
        self._asked = list(exprs)


class Contains(_Asked):
    """Whether custom fields hold these entries, by the index on PostgreSQL; SQLite does not narrow by it.

    It stands beside an exact condition, which it spares the most work.
    """

    conditional = True

    def __init__(self, entries: Mapping[str, Any]) -> None:
        super().__init__(models.BooleanField())
        self.entries = entries

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        if connection.vendor != "postgresql":
            return "1 = 1", ()
        column, parameters = compiler.compile(self._asked[0])
        return f"{column} @> %s::jsonb", (*parameters, json.dumps(self.entries))


class Entries(_Asked):
    """The entries of a record's custom fields that meet a condition: whether there is one, or how many.

    :param name: the one name that the condition allows, where it does; the others are not looked at then.
    """

    def __init__(self, condition: Q, *, name: str | None = None, counted: bool = False) -> None:
        super().__init__(models.IntegerField() if counted else models.BooleanField(), condition)
        self.name = name
        self.counted = counted

    @property
    def conditional(self) -> bool:
        return not self.counted

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, condition = self._asked
        source, parameters = compiler.compile(column)
        source, parameters = self._rows(source, list(parameters), connection)
        try:
            met, more = compiler.compile(condition)
        except FullResultSet:
            met, more = "1 = 1", ()
        except EmptyResultSet:
            met, more = "1 = 0", ()
        what = "COUNT(*)" if self.counted else "1"
        sql = f"(SELECT {what} FROM {source} WHERE {met})"  # noqa: S608 - made of compiled parts
        return sql if self.counted else f"EXISTS{sql}", (*parameters, *more)

    def _rows(self, column: str, parameters: list[Any], connection: Any) -> tuple[str, list[Any]]:
        if connection.vendor != "postgresql":
            return f"json_each({column}) AS {ENTRY}", parameters
        if self.name is None:
            return f"jsonb_each({column}) AS {ENTRY}(key, value)", parameters
        entry = f"SELECT %s::text AS key, {column} -> %s::text AS value"
        narrowed = f"(SELECT * FROM ({entry}) AS named WHERE value IS NOT NULL)"  # noqa: S608 - as above
        return f"{narrowed} AS {ENTRY}", [self.name, *parameters, self.name]
