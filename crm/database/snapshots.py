"""Reads many rows as they are at one moment."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from django.db import connection, transaction

from crm.database import deadlines

#: Outside of requests, whose deadline ends them: a long read may wait for a slow reader.
NO_TIMEOUT = {"statement_timeout": "0"}


@contextmanager
def snapshot(settings: Mapping[str, str] | None = None) -> Iterator[None]:
    """Read within a transaction that sees no later change; one that is open already stays as it is.

    :param settings: of PostgreSQL, until the end of the transaction.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            timeout = {} if deadlines.current() else NO_TIMEOUT
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                for name, value in {**(settings or {}), **timeout}.items():
                    cursor.execute(f"SET LOCAL {name} = '{value}'")
        yield
