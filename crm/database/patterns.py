"""Lookups that match text by patterns, ignoring case in every script and alike on both databases.

Texts are compared in lower case, letter by letter: sigma at the end of a word is like any other, the dotted
capital I counts as "i", and no letter becomes two, as the sharp s would by case folding. PostgreSQL lowers
case by ICU's root locale: what its LOWER and ILIKE know depends on the locale of the database.
"""

import re
from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models.sql.compiler import SQLCompiler
from django.dispatch import receiver

from crm.database.statements import CompiledSql
from crm.texts import normalized

COLLATION = "und-x-icu"
#: The SQL function that Python provides to SQLite.
FOLDED = "crm_folded"
#: "i" with a dot above, which is what lower case makes of the dotted capital I.
_DOTTED_I = "i\u0307"
_SIGMA, _FINAL_SIGMA = "\u03c3", "\u03c2"


def folded(text: str) -> str:
    """Return the form in which patterns and texts are compared."""
    lower = text.lower()
    return lower if lower.isascii() else lower.replace(_DOTTED_I, "i").replace(_FINAL_SIGMA, _SIGMA)


@receiver(connection_created)
def provide_folding(connection: BaseDatabaseWrapper, **_options: object) -> None:
    """Teach a new connection to SQLite what SQLite's own LOWER knows of ASCII only."""
    if connection.vendor == "sqlite":
        connection.connection.create_function(FOLDED, 1, _folded_value, deterministic=True)


def _folded_value(value: object) -> str | None:
    return None if value is None else folded(str(value))


def as_pattern(text: str) -> str:
    """Return the LIKE pattern that matches exactly this text, with %, _ and backslashes escaped."""
    return re.sub(r"([%_\\])", r"\\\1", text)


def _pattern_parts(pattern: str) -> list[tuple[bool, str]]:
    """Split a LIKE pattern into (is wildcard, character); a backslash makes the next % or _ plain."""
    return [
        (match[0] in "%_", match[0][-1]) for match in re.finditer(r"\\[%_\\]|.", pattern, flags=re.DOTALL)
    ]


def _regex(parts: list[tuple[bool, str]]) -> str:
    pieces = [""]
    for wild, char in parts:
        if wild and char == "%":
            pieces.append("")
        else:
            pieces[-1] += "." if wild else re.escape(char)
    first, *rest = pieces
    if not rest:
        return rf"(?s)\A{first}\Z"
    *middle, last = rest
    # Atomic groups never backtrack, so that a client's pattern cannot take exponential time.
    return rf"(?s)\A{first}" + "".join(f"(?>.*?{piece})" for piece in middle if piece) + rf".*{last}\Z"


def folded_pattern(pattern: str) -> str:
    """Return a client's LIKE pattern for PostgreSQL; a backslash escapes %, _ and itself only."""
    parts = _pattern_parts(folded(normalized(pattern)))
    return "".join(char if wild else as_pattern(char) for wild, char in parts)


def holding_pattern(text: str) -> str:
    """Return the LIKE pattern of texts that contain this text."""
    return f"%{as_pattern(text)}%"


class _PatternLookup(models.Lookup[str]):
    """A comparison with a pattern; a ``Parameter`` stands for the pattern as PostgreSQL reads it."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        sql, parameters = self.process_lhs(compiler, connection)
        column = sql, tuple(parameters)
        if self.rhs_is_direct_value():
            return self.compare_with(str(self.rhs), column, connection.vendor)
        sql, parameters = self.process_rhs(compiler, connection)
        return self.compare(column, (sql, tuple(parameters)))

    def compare(self, column: CompiledSql, pattern: CompiledSql) -> CompiledSql:
        """Return the comparison of a column with a pattern that only the database knows."""
        raise NotImplementedError

    def compare_with(self, text: str, column: CompiledSql, vendor: str) -> CompiledSql:
        """Return the comparison of a column with a known text."""
        raise NotImplementedError


@models.CharField.register_lookup
@models.TextField.register_lookup
class Like(_PatternLookup):
    """LIKE with the client's own % and _, ignoring case in every script; see ``folded_pattern``."""

    lookup_name = "like"

    def compare(self, column: CompiledSql, pattern: CompiledSql) -> CompiledSql:
        sql, parameters = _lower(column)
        asked, values = pattern
        # Only for patterns with a sigma, since it takes a seventh of the time of a scan.
        sql = f"CASE WHEN strpos({asked}, '{_SIGMA}') > 0 THEN {_without_final_sigma(sql)} ELSE {sql} END"
        return f"{sql} LIKE {asked}", (*values, *parameters, *parameters, *values)

    def compare_with(self, text: str, column: CompiledSql, vendor: str) -> CompiledSql:
        if vendor == "sqlite":
            # Django's REGEXP is Python's, given escaped text only.
            sql, parameters = column
            pattern = _regex(_pattern_parts(folded(normalized(text))))
            return f"{FOLDED}({sql}) REGEXP %s", (*parameters, pattern)
        sql, parameters = _lower(column)
        pattern = folded_pattern(text)
        return f"{_without_final_sigma(sql) if _SIGMA in pattern else sql} LIKE %s", (*parameters, pattern)


@models.CharField.register_lookup
@models.TextField.register_lookup
class Containing(Like):
    """Whether text contains another text, ignoring case in every script; for a text that is known."""

    lookup_name = "containing"

    def compare_with(self, text: str, column: CompiledSql, vendor: str) -> CompiledSql:
        return super().compare_with(holding_pattern(text), column, vendor)


@models.CharField.register_lookup
@models.TextField.register_lookup
class Folded(models.Transform):
    """A text as ``folded`` returns it, for comparisons without case."""

    lookup_name = "folded"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:  # type: ignore[override]
        sql, parameters = compiler.compile(self.lhs)
        column = sql, tuple(parameters)
        if connection.vendor == "sqlite":
            return f"{FOLDED}({sql})", column[1]
        sql, parameters = _lower(column)
        # Ordered by code points, as on SQLite.
        return f'({_without_final_sigma(sql)} COLLATE "C")', parameters


def _lower(column: CompiledSql) -> CompiledSql:
    sql, parameters = column
    return f"replace(lower(({sql}) COLLATE \"{COLLATION}\"), '{_DOTTED_I}', 'i')", parameters


def _without_final_sigma(sql: str) -> str:
    return f"replace({sql}, '{_FINAL_SIGMA}', '{_SIGMA}')"


@models.CharField.register_lookup
@models.TextField.register_lookup
class Holds(_PatternLookup):
    """Whether text contains another text, with the same case; see ``holding_pattern``."""

    lookup_name = "holds"

    def compare(self, column: CompiledSql, pattern: CompiledSql) -> CompiledSql:
        return f"{column[0]} LIKE {pattern[0]}", (*column[1], *pattern[1])

    def compare_with(self, text: str, column: CompiledSql, vendor: str) -> CompiledSql:
        sql, parameters = column
        return rf"{sql} LIKE %s ESCAPE '\'", (*parameters, holding_pattern(text))


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class OneOf(models.Lookup[Any]):
    """One of the values of an array, for which a single ``Parameter`` stands; PostgreSQL only."""

    lookup_name = "one_of"

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        # IN takes a placeholder for each value: every number of values would be another statement.
        column, parameters = self.process_lhs(compiler, connection)
        placeholder, more = self.process_rhs(compiler, connection)
        return f"{column} = ANY({placeholder})", (*parameters, *more)
