"""Deadlines of clients, from the settings; the same for both servers."""

from typing import NamedTuple

from django.conf import settings


class Patience(NamedTuple):
    """Seconds that a client has for each part of a request."""

    head: float
    #: For a body, and for taking an answer: so many seconds, and one more for each ``rate`` bytes that moved.
    body: float
    rate: int

    def for_bytes(self, moved: int) -> float:
        """Return the seconds for a body or an answer of which so many bytes have moved."""
        return self.body + moved / self.rate


def patience() -> Patience:
    return Patience(settings.CLIENT_HEAD_SECONDS, settings.CLIENT_BODY_SECONDS, settings.CLIENT_BYTE_RATE)
