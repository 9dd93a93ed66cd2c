"""Matching text by patterns, without case in every script."""

import re
from typing import Any

from django.db import models


def as_pattern(text: str) -> str:
    """Give the LIKE pattern that matches a text itself: its %, _ and backslashes are plain."""
    return re.sub(r"([%_\\])", r"\\\1", text)


def _pattern_parts(pattern: str) -> list[tuple[bool, str]]:
    """Split a LIKE pattern into (is wildcard, character); a backslash makes the next % or _ plain."""
    return [
        (match[0] in "%_", match[0][-1]) for match in re.finditer(r"\\[%_\\]|.", pattern, flags=re.DOTALL)
    ]


def _regex(parts: list[tuple[bool, str]]) -> str:
    """Give the regular expression of a pattern; what was matched between two % is never tried again."""
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
    return rf"(?is)\A{first}" + "".join(f"(?>.*?{piece})" for piece in middle if piece) + rf".*{last}\Z"


def escaped_pattern(pattern: str) -> str:
    """Give a client's LIKE pattern as PostgreSQL reads it: a backslash before anything else is plain."""
    return "".join(char if wild else as_pattern(char) for wild, char in _pattern_parts(pattern))


def holding_pattern(text: str) -> str:
    """Give the LIKE pattern of texts that hold another one."""
    return f"%{as_pattern(text)}%"


@models.CharField.register_lookup
@models.TextField.register_lookup
class Like(models.Lookup[str]):
    """LIKE with the client's own % and _, without case in every script.

    A marker on the right stands for an ``escaped_pattern``.
    """

    lookup_name = "like"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        if not self.rhs_is_direct_value():
            place, marked = self.process_rhs(compiler, connection)
            return f"{column} ILIKE {place}", (*parameters, *marked)
        if connection.vendor == "sqlite":
            # SQLite's LIKE folds ASCII only; Django's REGEXP is Python's, fed with escaped text alone.
            return f"{column} REGEXP %s", (*parameters, _regex(_pattern_parts(str(self.rhs))))
        return f"{column} ILIKE %s", (*parameters, escaped_pattern(str(self.rhs)))


@models.CharField.register_lookup
@models.TextField.register_lookup
class Holds(models.Lookup[str]):
    """Text that holds another one, letter for letter.

    A marker on the right stands for a ``holding_pattern``.
    """

    lookup_name = "holds"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        if not self.rhs_is_direct_value():
            place, marked = self.process_rhs(compiler, connection)
            return f"{column} LIKE {place}", (*parameters, *marked)
        return rf"{column} LIKE %s ESCAPE '\'", (*parameters, holding_pattern(str(self.rhs)))


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class OneOf(models.Lookup[Any]):
    """One of a list of values whose number is not known: a marker on the right stands for them."""

    lookup_name = "one_of"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        place, marked = self.process_rhs(compiler, connection)
        return f"{column} = ANY({place})", (*parameters, *marked)
