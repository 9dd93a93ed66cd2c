"""Sets whether a commit waits for the disk."""

from django.db import connection


def commit_without_waiting() -> None:
    """Have this transaction's commit return before it is on disk, on PostgreSQL.

    For what is done anew if the database server loses its last half second: the server keeps commits in their
    order, so that the next usual one makes this one safe too.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL synchronous_commit = off")
