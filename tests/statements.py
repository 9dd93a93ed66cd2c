"""List the verbs and tables of the SQL statements that a function runs."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

#: Rows of several models that are read by one statement.
GATHERED = "SELECT of several"


def statements(act: Callable[[], Any]) -> list[str]:
    """Return the statements that a function runs, without the start and end of its transaction."""
    with CaptureQueriesContext(connection) as captured:
        act()
    texts = [query["sql"] for query in captured]
    return [_shape(text) for text in texts if not text.startswith(("BEGIN", "COMMIT"))]


def together(*tables: str) -> Sequence[str]:
    """Return the statements that insert rows into several tables: one on PostgreSQL, else one per table."""
    if connection.vendor == "postgresql":
        return [f"INSERT {' '.join(tables)}"]
    return [f"INSERT {table}" for table in tables]


class Trace:
    """An execute wrapper that records statements, with their values filled in the way that simple ones do."""

    def __init__(self) -> None:
        self.statements: list[str] = []

    def __call__(
        self, execute: Callable[..., object], sql: str, params: Any, many: bool, context: Mapping[str, object]
    ) -> object:
        assert context["connection"] is connections["default"]
        self.statements.append(sql % params if params else sql)
        return execute(sql, params, many, context)

    @property
    def shapes(self) -> list[str]:
        return shapes(self.statements)


def shapes(statements: Iterable[str]) -> list[str]:
    """Return the verbs and tables of statements, without those of savepoints."""
    return [_shape(each) for each in statements if "SAVEPOINT" not in each]


def _shape(text: str) -> str:
    if re.search("JSON(_BUILD)?_ARRAY", text, re.IGNORECASE):
        return GATHERED
    inserted = re.findall(r'INSERT (?:OR IGNORE )?INTO "(\w+)"', text)
    if inserted:
        return f"INSERT {' '.join(inserted)}"
    verb = text.lstrip("( ").partition(" ")[0]
    table = re.search(r'(?:FROM|UPDATE) "(\w+)"', text)
    return f"{verb} {table[1]}" if table else verb
