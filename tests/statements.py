"""What a piece of work asks of the database, as a list of verbs and tables."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

#: Rows of several models that are read by one statement.
GATHERED = "SELECT of several"


def statements(act: Callable[[], Any]) -> list[str]:
    """Give the statements of a piece of work, without the beginning and the end of its transaction."""
    with CaptureQueriesContext(connection) as captured:
        act()
    texts = [query["sql"] for query in captured]
    return [shape(text) for text in texts if not text.startswith(("BEGIN", "COMMIT"))]


def together(*tables: str) -> Sequence[str]:
    """Give the statements that insert rows of several tables: one on PostgreSQL, else one for each table."""
    if connection.vendor == "postgresql":
        return [f"INSERT {' '.join(tables)}"]
    return [f"INSERT {table}" for table in tables]


def shape(text: str) -> str:
    if re.search("JSON(_BUILD)?_ARRAY", text, re.IGNORECASE):
        return GATHERED
    inserted = re.findall(r'INSERT (?:OR IGNORE )?INTO "(\w+)"', text)
    if inserted:
        return f"INSERT {' '.join(inserted)}"
    verb = text.lstrip("( ").partition(" ")[0]
    table = re.search(r'(?:FROM|UPDATE) "(\w+)"', text)
    return f"{verb} {table[1]}" if table else verb
