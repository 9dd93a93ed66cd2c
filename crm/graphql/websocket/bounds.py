"""Limits of one socket: sizes, numbers and times."""

from dataclasses import dataclass

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

LONGEST_RIGHTS_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class SocketLimits:
    """The limits of a socket; the fields are the keys of the setting ``GRAPHQL_SOCKET_LIMITS``."""

    #: Seconds from the handshake to ``connection_init``.
    init_seconds: float = 10
    #: Seconds between our own ``ping`` messages, and without any frame before the peer counts as gone.
    ping_seconds: float = 20
    silence_seconds: float = 40
    #: Seconds between two comments of an event stream.
    comment_seconds: float = 12
    #: Seconds for which a client that fell behind may take nothing.
    stalled_seconds: float = 30
    #: Seconds between two checks of credential and rights.
    rights_seconds: float = 30
    #: Seconds for sending a close frame to a client that does not read.
    close_seconds: float = 1
    #: Most bytes of one message.
    frame: int = 65_536
    #: Most operations at a time on one socket.
    operations: int = 100
    #: Most sockets at a time of one user in this process.
    sockets_per_user: int = 20
    #: Most events that wait for a slow client; then they are dropped and read again from the log. Most other
    #: messages that wait to be sent.
    waiting_events: int = 256
    waiting_answers: int = 256

    def __post_init__(self) -> None:
        if not 0 < self.rights_seconds <= LONGEST_RIGHTS_SECONDS:
            raise ImproperlyConfigured(
                f"GRAPHQL_SOCKET_LIMITS: rights_seconds must be above 0 and at most {LONGEST_RIGHTS_SECONDS}."
            )


def socket_limits() -> SocketLimits:
    return SocketLimits(**getattr(settings, "GRAPHQL_SOCKET_LIMITS", {}))
