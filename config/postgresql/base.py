"""Django's PostgreSQL backend with fewer health checks of persistent connections."""

import time

from django.db.backends.postgresql import base

#: Seconds after an error-free request in which a connection needs no health check.
FRESH = 1.0


class DatabaseWrapper(base.DatabaseWrapper):
    """A connection to PostgreSQL without Django's health check where it proves nothing.

    That check is a statement before the first one of each request; under load the last one worked
    milliseconds ago. A restart takes longer than ``FRESH``, so connections lost by it are still detected.
    """

    _was_good_at = 0.0

    def close_if_unusable_or_obsolete(self) -> None:
        # Django sets this flag at the first use in a request; super() clears it.
        if self.health_check_done and not self.errors_occurred:
            self._was_good_at = time.monotonic()
        super().close_if_unusable_or_obsolete()

    def close_if_health_check_failed(self) -> None:
        if time.monotonic() - self._was_good_at < FRESH:
            self.health_check_done = True
        super().close_if_health_check_failed()
