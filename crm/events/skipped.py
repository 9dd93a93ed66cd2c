"""The debug log of events that a reader does not receive."""

import logging

from crm.actors import Actor
from crm.events.audience import Event

logger = logging.getLogger("crm.events.delivery")


def is_logged() -> bool:
    """Return whether the log is on: it has a line for each event and reader, so it is off by default."""
    return logger.isEnabledFor(logging.DEBUG)


def log_skipped(event: Event, actor: Actor, reason: str) -> None:
    # On the path of every event: nothing is built while the log is off.
    if logger.isEnabledFor(logging.DEBUG):
        logger.debug("Event %s is not delivered to user %s: %s.", event.seq, actor.user_id, reason)
