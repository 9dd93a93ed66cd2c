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


@models.CharField.register_lookup
@models.TextField.register_lookup
class Like(models.Lookup[str]):
    """LIKE with the client's own % and _, without case in every script."""

    lookup_name = "like"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        column, parameters = self.process_lhs(compiler, connection)
        parts = _pattern_parts(str(self.rhs))
        if connection.vendor == "sqlite":
            # SQLite's LIKE folds ASCII only; Django's REGEXP is Python's, fed with escaped text alone.
            return f"{column} REGEXP %s", (*parameters, _regex(parts))
        pattern = "".join(char if wild else as_pattern(char) for wild, char in parts)
        return f"{column} ILIKE %s", (*parameters, pattern)
