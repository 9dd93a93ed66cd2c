"""The loops of notifications: one makes them, the other sends their mails, until they are stopped."""

import math
import threading
import time
from collections.abc import Callable

from django.db import close_old_connections

from crm.notifications.consuming import look_at, prepare, read_log
from crm.notifications.mails import make_digests, send_next
from crm.notifications.sources import timed_sources

POLL_SECONDS = 1.0
DIGEST_SECONDS = 30.0

#: Told of each look for work, with the number of what was made or sent.
OnLook = Callable[[int], None]


def run_maker(stopped: threading.Event, on_look: OnLook, *, seconds: float = POLL_SECONDS) -> None:
    """Make notifications until stopped."""
    prepare()
    next_looks = dict.fromkeys((source.name for source in timed_sources()), -math.inf)
    next_digests = -math.inf
    while not stopped.is_set():
        made = read_log()
        now = time.monotonic()
        for source in timed_sources():
            if next_looks[source.name] <= now and not stopped.is_set():
                made += look_at(source)
                next_looks[source.name] = now + source.every.total_seconds()
        if next_digests <= now:
            make_digests()
            next_digests = now + DIGEST_SECONDS
        on_look(made)
        # A lost connection is replaced at the next look.
        close_old_connections()
        stopped.wait(seconds)


def make_once() -> int:
    """Make all notifications and daily mails that are due, and return how many notifications."""
    prepare()
    made = read_log() + sum(look_at(source) for source in timed_sources())
    make_digests()
    return made


def run_sender(stopped: threading.Event, on_look: OnLook, *, seconds: float = POLL_SECONDS) -> None:
    """Send the mails of notifications until stopped."""
    while not stopped.is_set():
        on_look(send_due(stopped))
        close_old_connections()
        stopped.wait(seconds)


def send_due(stopped: threading.Event) -> int:
    """Send the mails that are due, until stopped; return how many went out."""
    sent = 0
    while not stopped.is_set() and (went_out := send_next()) is not None:
        sent += went_out
    return sent
