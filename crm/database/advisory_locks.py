"""Locks on names, for what has no row to lock."""

from django.db import connection


def take_turn(name: str) -> None:
    """Wait for other transactions that took the same name; it is free again at the end of this one.

    SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [name])
