"""Lookups that match text by patterns, ignoring case in every script."""

import re
from typing import Any, ClassVar

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.sql.compiler import SQLCompiler

from crm.database.statements import CompiledSql


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
        return rf"(?is)\A{first}\Z"
    *middle, last = rest
    # Atomic groups never backtrack, so that a client's pattern cannot take exponential time.
    return rf"(?is)\A{first}" + "".join(f"(?>.*?{piece})" for piece in middle if piece) + rf".*{last}\Z"


def escaped_pattern(pattern: str) -> str:
    """Return a client's LIKE pattern for PostgreSQL; a backslash escapes %, _ and itself only."""
    return "".join(char if wild else as_pattern(char) for wild, char in _pattern_parts(pattern))


def holding_pattern(text: str) -> str:
    """Return the LIKE pattern of texts that contain this text."""
    return f"%{as_pattern(text)}%"


class _PatternLookup(models.Lookup[str]):
    """A comparison with a pattern; a ``Parameter`` stands for the pattern as PostgreSQL reads it."""

    operator: ClassVar[str]

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> CompiledSql:
        column, parameters = self.process_lhs(compiler, connection)
        if not self.rhs_is_direct_value():
            placeholder, more = self.process_rhs(compiler, connection)
            return f"{column} {self.operator} {placeholder}", (*parameters, *more)
        comparison, more = self.compare_with(str(self.rhs), connection.vendor)
        return f"{column} {comparison}", (*parameters, *more)

    def compare_with(self, text: str, vendor: str) -> tuple[str, tuple[str, ...]]:
        """Return the SQL after the column for a known text, and its parameters."""
        raise NotImplementedError


@models.CharField.register_lookup
@models.TextField.register_lookup
class Like(_PatternLookup):
    """LIKE with the client's own % and _, ignoring case in every script; see ``escaped_pattern``."""

    lookup_name = "like"
    operator = "ILIKE"

    def compare_with(self, text: str, vendor: str) -> tuple[str, tuple[str, ...]]:
        if vendor == "sqlite":
            # SQLite's LIKE ignores case in ASCII only. Django's REGEXP is Python's, given escaped text only.
            return "REGEXP %s", (_regex(_pattern_parts(text)),)
        return "ILIKE %s", (escaped_pattern(text),)


@models.CharField.register_lookup
@models.TextField.register_lookup
class Holds(_PatternLookup):
    """Whether text contains another text, with the same case; see ``holding_pattern``."""

    lookup_name = "holds"
    operator = "LIKE"

    def compare_with(self, text: str, vendor: str) -> tuple[str, tuple[str, ...]]:
        return r"LIKE %s ESCAPE '\'", (holding_pattern(text),)


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
