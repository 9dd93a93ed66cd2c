"""The common part of both database backends: their statements end with the request that sent them."""

from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper

from crm.database import deadlines


class BoundedConnection(BaseDatabaseWrapper):
    """A connection that the watchdog of ``deadlines`` can end; a mixin for a backend.

    A connection that was interrupted serves no other request: the cancellation may arrive later.
    """

    _deadline: deadlines.Deadline | None = None

    def ensure_connection(self) -> None:
        # Raises nothing of its own: Django also comes here to clean up after a transaction.
        deadline = deadlines.current()
        if deadline is not self._deadline:
            self._take_over(deadline)
        # Called three times in each request, and nearly always there is one.
        if self.connection is None:
            super().ensure_connection()

    def create_cursor(self, name: str | None = None) -> Any:
        deadlines.check()
        return super().create_cursor(name)

    def close_if_unusable_or_obsolete(self) -> None:
        if self._deadline is not None and self._was_interrupted():
            self._throw_away()
        super().close_if_unusable_or_obsolete()

    def interruption(self) -> deadlines.Interruption | None:
        """Return what ends the present statement of the connection that is open; for the watchdog."""
        raise NotImplementedError

    def commit(self) -> None:
        # Not a context manager for commands and workers, which have no deadline.
        if self._deadline is None:
            super().commit()
            return
        with self._deadline.commit():
            super().commit()

    def _take_over(self, deadline: deadlines.Deadline | None) -> None:
        if self._was_interrupted() and not self.in_atomic_block:
            self._throw_away()
        self._deadline = deadline
        if deadline is not None:
            deadline.connection = self

    def _was_interrupted(self) -> bool:
        return self._deadline is not None and self._deadline.interrupted_at is not None

    def _throw_away(self) -> None:
        self._deadline = None
        self.close()
