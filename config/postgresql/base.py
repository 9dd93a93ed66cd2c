"""Django's backend for PostgreSQL, asking less often whether a connection that a thread keeps is alive."""

import time

from django.db.backends.postgresql import base

#: Seconds for which a connection is taken to be alive after a request that used it without an error.
FRESH = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL.

    Django's check before the first statement of a request is a statement of its own. Under load it would
    follow the last good one by milliseconds, and tell nothing. A server that is started anew takes longer
    than ``FRESH``, so that connections of before are noticed as ever.
    """

    _was_good_at = 0.0

    def close_if_unusable_or_obsolete(self) -> None:
        """End a request's use of the connection, or begin the next one's."""
        # Django notes a check at the first use in a request, and forgets it here.
        if self.health_check_done and not self.errors_occurred:
            self._was_good_at = time.monotonic()
        super().close_if_unusable_or_obsolete()

    def close_if_health_check_failed(self) -> None:
        """Check the connection before its first use in a request, if it was idle for a while."""
        if time.monotonic() - self._was_good_at < FRESH:
            self.health_check_done = True
        super().close_if_health_check_failed()
