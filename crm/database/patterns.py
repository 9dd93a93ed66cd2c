"""Matching text by patterns, without case in every script."""

import re
from typing import Any, ClassVar

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


class _Pattern(models.Lookup[str]):
    """A comparison by a pattern; a marker on the right stands for the pattern as PostgreSQL reads it."""

    operator: ClassVar[str]

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        if not self.rhs_is_direct_value():
            place, marked = self.process_rhs(compiler, connection)
            return f"{column} {self.operator} {place}", (*parameters, *marked)
        compared, given = self.of_text(str(self.rhs), connection.vendor)
        return f"{column} {compared}", (*parameters, *given)

    def of_text(self, text: str, vendor: str) -> tuple[str, tuple[str, ...]]:
        """Give what stands behind the column for a text that is known."""
        raise NotImplementedError


@models.CharField.register_lookup
@models.TextField.register_lookup
class Like(_Pattern):
    """LIKE with the client's own % and _, without case in every script; see ``escaped_pattern``."""

    lookup_name = "like"
    operator = "ILIKE"

    def of_text(self, text: str, vendor: str) -> tuple[str, tuple[str, ...]]:
        if vendor == "sqlite":
            # SQLite's LIKE folds ASCII only; Django's REGEXP is Python's, fed with escaped text alone.
            return "REGEXP %s", (_regex(_pattern_parts(text)),)
        return "ILIKE %s", (escaped_pattern(text),)


@models.CharField.register_lookup
@models.TextField.register_lookup
class Holds(_Pattern):
    """Text that holds another one, letter for letter; see ``holding_pattern``."""

    lookup_name = "holds"
    operator = "LIKE"

    def of_text(self, text: str, vendor: str) -> tuple[str, tuple[str, ...]]:
        return r"LIKE %s ESCAPE '\'", (holding_pattern(text),)


@models.ForeignObject.register_lookup
@models.Field.register_lookup
class OneOf(models.Lookup[Any]):
    """One of a list of values whose number is not known: a marker on the right stands for them."""

    lookup_name = "one_of"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        place, marked = self.process_rhs(compiler, connection)
        return f"{column} = ANY({place})", (*parameters, *marked)
