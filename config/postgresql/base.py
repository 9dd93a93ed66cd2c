"""Django's PostgreSQL backend with fewer health checks of persistent connections."""

import time

from django.db.backends.postgresql import base

#: Seconds after an error-free request in which a connection needs no health check.
FRESH = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL.

    Django's health check is a statement before the first one of each request. Under load it follows a
    successful statement by milliseconds and proves nothing. A restart of the server takes longer than
    ``FRESH``, so connections lost by it are still detected.
    """

    _was_good_at = 0.0

    def close_if_unusable_or_obsolete(self) -> None:
        """Note a connection that worked, at the beginning and end of each request."""
        # Django sets this flag at the first use in a request; super() clears it.
        if self.health_check_done and not self.errors_occurred:
            self._was_good_at = time.monotonic()
        super().close_if_unusable_or_obsolete()

    def close_if_health_check_failed(self) -> None:
        """Check the connection at its first use in a request, unless it worked a moment ago."""
        if time.monotonic() - self._was_good_at < FRESH:
            self.health_check_done = True
        super().close_if_health_check_failed()
