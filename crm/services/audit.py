"""The audit list: who signed in, failed, was locked out, set a password, made a token or was invited."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from django.db import transaction

from crm.database.batches import Batch, delete_in_batches
from crm.models import AuditEntry, AuditEvent, AuditOutcome, User
from crm.request_origin import client_address, user_agent
from crm.texts import single_line

_present_user: ContextVar[User | None] = ContextVar("present_user", default=None)


@contextmanager
def done_by(user: User) -> Iterator[None]:
    """Name a user in the entries that are written within, where no service is handed one."""
    token = _present_user.set(user)
    try:
        yield
    finally:
        _present_user.reset(token)


def record(
    event: AuditEvent,
    *,
    outcome: AuditOutcome = AuditOutcome.DONE,
    user: User | None = None,
    by: int | None = None,
    company: int | None = None,
    detail: str = "",
) -> AuditEntry:
    """Add a line to the audit list, with the address and program of the current request.

    :param detail: never what somebody typed as a password, or as a name that nobody has.
    """
    present = _present_user.get()
    if by is None and present is not None:
        by = present.pk
    return AuditEntry.objects.create(
        event=event,
        outcome=outcome,
        user=user,
        by_id=None if user is not None and by == user.pk else by,
        company_id=company,
        address=client_address(),
        user_agent=user_agent(),
        detail=single_line(detail)[:255],
    )


def prune(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove entries written before a moment; return how many."""
    return delete_in_batches(AuditEntry.objects.filter(created_at__lt=before), batch=batch)
