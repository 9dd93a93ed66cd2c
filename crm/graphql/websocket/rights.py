"""Watches the credential of a long-lived connection."""

import asyncio
import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.utils import timezone

from crm.credentials import Credential
from crm.graphql.execution.threads import EVENTS, in_thread

logger = logging.getLogger(__name__)


async def wait_until_withdrawn(
    credential: Credential, is_still_good: Callable[[], bool], *, seconds: float
) -> None:
    """Wait until a credential expires, or a regular check finds it revoked or its rights changed."""
    is_good = True
    while is_good:
        pause = seconds
        if credential.expires_at is not None:
            remaining = (credential.expires_at - timezone.now()).total_seconds()
            pause = min(seconds, max(remaining, 0))
        await asyncio.sleep(pause)
        # Expiry needs no database, so it holds even while the database is away.
        if credential.has_expired(timezone.now()):
            return
        try:
            is_good = await in_thread(EVENTS, is_still_good)
        except (OperationalError, InterfaceError):
            logger.warning("The rights of a connection could not be checked: the database does not answer.")
