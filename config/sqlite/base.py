"""Django's SQLite backend, with statements that end with their request."""

import sqlite3

from django.db.backends.sqlite3 import base

from crm.database.bounded import BoundedConnection
from crm.database.deadlines import Interruption


class DatabaseWrapper(BoundedConnection, base.DatabaseWrapper):
    """A connection to SQLite."""

    def interruption(self) -> Interruption | None:
        raw = self.connection
        return None if raw is None else _Interruption(raw)


class _Interruption:
    def __init__(self, raw: sqlite3.Connection) -> None:
        self._raw = raw

    def cancel(self) -> None:
        self._raw.interrupt()

    # There is no server that could hang; a wait for another writer ends after its own timeout.
    cut = cancel
