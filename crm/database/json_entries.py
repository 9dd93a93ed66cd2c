"""Conditions on single custom fields, with the same meaning on SQLite and PostgreSQL.

The entries of the JSON object are rows with a name and a value, and a value is only compared with values of
its own JSON type, so that no cast can fail.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import EmptyResultSet, FullResultSet
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BooleanField, CharField, Expression, F, Field, IntegerField, Model, Q, TextField
from django.db.models.sql.compiler import SQLCompiler

from crm.database.patterns import Like
from crm.database.statements import CompiledSql

#: The alias of the entries in SQL.
ENTRY = "custom_field"
LARGEST_INTEGER = 2**63 - 1
#: The SQL operator of each lookup.
OPERATORS = {"exact": "=", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def entry_names(model: type[Model], company_id: int) -> list[str]:
    """Return the names of the custom fields that records of a company have, each once."""
    each = "jsonb_each" if connection.vendor == "postgresql" else "json_each"
    table = connection.ops.quote_name(model._meta.db_table)
    source = f"{table} AS holder, {each}(holder.custom_fields) AS {ENTRY}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT DISTINCT {ENTRY}.key FROM {source} WHERE holder.company_id = %s",  # noqa: S608 - names of models only
            [company_id],
        )
        return [name for (name,) in cursor.fetchall()]


class EntryName(Expression):
    """The name of an entry, inside a condition of ``Entries``."""

    output_field = CharField()

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        return f"{ENTRY}.key", ()


class _EntryText(Expression):
    """The text of an entry whose value is a JSON string."""

    output_field = TextField()

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        if connection.vendor == "postgresql":
            return f"({ENTRY}.value #>> '{{}}')", ()
        return f"{ENTRY}.value", ()


class _Condition(Expression):
    conditional = True
    output_field = BooleanField()


class ValueIsGiven(_Condition):
    """Whether an entry's value is not JSON's null."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        if connection.vendor == "postgresql":
            return f"{ENTRY}.value <> 'null'::jsonb", ()
        return f"{ENTRY}.type <> 'null'", ()


class ValueMatches(_Condition):
    """Whether an entry's value has the JSON type of another value and compares with it by the lookup."""

    def __init__(self, lookup: str, value: str | float | bool) -> None:
        super().__init__()
        self.lookup = lookup
        self.value = value

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        if isinstance(self.value, bool):
            return self._boolean(connection)
        if isinstance(self.value, str):
            return self._text(self.value, compiler, connection)
        return self._number(self.value, connection)

    def _boolean(self, connection: BaseDatabaseWrapper) -> CompiledSql:
        word = "true" if self.value else "false"
        if connection.vendor == "postgresql":
            return f"{ENTRY}.value = '{word}'::jsonb", ()
        return f"{ENTRY}.type = '{word}'", ()

    def _text(self, value: str, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        if self.lookup == "like":
            compared, parameters = compiler.compile(Like(_EntryText(), value))
        else:
            text, parameters = compiler.compile(_EntryText())
            if connection.vendor == "postgresql":
                # Compare by code points, as SQLite does, whatever collation the database has.
                text += ' COLLATE "C"'
            compared, parameters = f"{text} {OPERATORS[self.lookup]} %s", (*parameters, value)
        if connection.vendor == "postgresql":
            return f"(jsonb_typeof({ENTRY}.value) = 'string' AND {compared})", tuple(parameters)
        return f"({ENTRY}.type = 'text' AND {compared})", tuple(parameters)

    def _number(self, value: float, connection: BaseDatabaseWrapper) -> CompiledSql:
        operator = OPERATORS[self.lookup]
        if connection.vendor == "postgresql":
            is_number = f"jsonb_typeof({ENTRY}.value) = 'number'"
            return f"({is_number} AND {ENTRY}.value {operator} %s::jsonb)", (json.dumps(value),)
        # SQLite's driver refuses an int that does not fit 64 bits.
        bound = float(value) if abs(value) > LARGEST_INTEGER else value
        return f"({ENTRY}.type IN ('integer', 'real') AND {ENTRY}.value {operator} %s)", (bound,)


class _OnCustomFields(Expression):
    """An expression over the custom fields of a row and further expressions."""

    def __init__(self, output_field: "Field[object, object]", *further: Q) -> None:
        super().__init__(output_field=output_field)
        self._sources: Sequence[Any] = [F("custom_fields"), *further]

    def get_source_expressions(self) -> list[Any]:
        return list(self._sources)

    def set_source_expressions(self, exprs: Sequence[Any]) -> None:
        self._sources = exprs


class Contains(_OnCustomFields):
    """Whether custom fields hold these entries, by an index; always true on SQLite, so add an exact test."""

    conditional = True

    def __init__(self, entries: Mapping[str, object]) -> None:
        super().__init__(BooleanField())
        self.entries = entries

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        if connection.vendor != "postgresql":
            return "1 = 1", ()
        column, parameters = compiler.compile(self._sources[0])
        return f"{column} @> %s::jsonb", (*parameters, json.dumps(self.entries))


class Entries(_OnCustomFields):
    """Whether entries meet a condition, or how many do; ``name`` is the only name that it admits, if any."""

    def __init__(self, condition: Q, *, name: str | None = None, counted: bool = False) -> None:
        super().__init__(IntegerField() if counted else BooleanField(), condition)
        self.name = name
        self.counted = counted

    @property
    def conditional(self) -> bool:
        return not self.counted

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        column, condition = self._sources
        source, parameters = compiler.compile(column)
        source, parameters = self._rows(source, tuple(parameters), connection)
        try:
            met, more = compiler.compile(condition)
        except FullResultSet:
            met, more = "1 = 1", ()
        except EmptyResultSet:
            met, more = "1 = 0", ()
        selected = "COUNT(*)" if self.counted else "1"
        sql = f"(SELECT {selected} FROM {source} WHERE {met})"  # noqa: S608 - made of compiled parts
        return sql if self.counted else f"EXISTS{sql}", (*parameters, *more)

    def _rows(
        self, column: str, parameters: tuple[object, ...], connection: BaseDatabaseWrapper
    ) -> CompiledSql:
        if connection.vendor != "postgresql":
            return f"json_each({column}) AS {ENTRY}", parameters
        if self.name is None:
            return f"jsonb_each({column}) AS {ENTRY}(key, value)", parameters
        # Reading one entry by its name is cheaper than unfolding the object.
        entry = f"SELECT %s::text AS key, {column} -> %s::text AS value"
        named = f"(SELECT * FROM ({entry}) AS named WHERE value IS NOT NULL)"  # noqa: S608 - as above
        return f"{named} AS {ENTRY}", (self.name, *parameters, self.name)
