"""Writes that the ties of the database would refuse, to see what reads make of such rows."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def untied() -> Iterator[None]:
    """Leave out PostgreSQL's triggers and checks of foreign keys for what is written within."""
    if connection.vendor != "postgresql":
        # SQLite has no tie to a company, and checks that a row exists, which it does.
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        try:
            yield
        finally:
            cursor.execute("SET session_replication_role = origin")
