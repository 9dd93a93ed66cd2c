"""Django's PostgreSQL backend with fewer health checks, and statements that end with their request."""

import os
import socket
import time
import weakref
from typing import Any

from django.db.backends.postgresql import base

from crm.database.bounded import BoundedConnection
from crm.database.deadlines import Interruption

#: Seconds after an error-free request in which a connection needs no health check.
FRESH = 1.0
#: Seconds for telling the server to cancel a statement.
CANCEL_SECONDS = 1.0

#: A second descriptor of each connection's socket. The driver's own may be closed, and its number be used
#: again, while the watchdog thread looks at it.
_wires: "weakref.WeakKeyDictionary[Any, int]" = weakref.WeakKeyDictionary()


class DatabaseWrapper(BoundedConnection, base.DatabaseWrapper):
    """A connection to PostgreSQL without Django's health check where it proves nothing.

    That check is a statement before the first one of each request; under load the last one worked
    milliseconds ago. A restart takes longer than ``FRESH``, so connections lost by it are still detected.
    """

    _was_good_at = 0.0

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        raw = super().get_new_connection(conn_params)
        # A pool hands out the same connections again.
        if raw not in _wires:
            _wires[raw] = wire = os.dup(raw.pgconn.socket)
            weakref.finalize(raw, os.close, wire)
        return raw

    def interruption(self) -> Interruption | None:
        raw = self.connection
        return None if raw is None else _Interruption(raw)

    def _throw_away(self) -> None:
        if self.connection is not None:
            # Closed by the driver first, so that a pool does not keep it.
            self.connection.close()
        super()._throw_away()

    def close_if_unusable_or_obsolete(self) -> None:
        # Django sets this flag at the first use in a request; super() clears it.
        if self.health_check_done and not self.errors_occurred:
            self._was_good_at = time.monotonic()
        super().close_if_unusable_or_obsolete()

    def close_if_health_check_failed(self) -> None:
        if time.monotonic() - self._was_good_at < FRESH:
            self.health_check_done = True
        super().close_if_health_check_failed()


class _Interruption:
    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def cancel(self) -> None:
        self._raw.cancel_safe(timeout=CANCEL_SECONDS)

    def cut(self) -> None:
        # The connection is held here, so its second descriptor stays open.
        with socket.socket(fileno=os.dup(_wires[self._raw])) as shared:
            shared.shutdown(socket.SHUT_RDWR)
