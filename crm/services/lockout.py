"""Lockout: so many failed sign-ins to an account, or from an address, and no password is looked at any more.

A try is counted before its password is checked and taken back if it was right, so that parallel tries cannot
exceed the limit. The count is in the database, which all processes share also where Redis is away.
"""

import hashlib
import hmac
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from crm.database.batches import Batch, delete_in_batches
from crm.emails import canonical_email
from crm.models import AuditEvent, AuditOutcome, SignInFailures, User
from crm.request_origin import address_block, client_address
from crm.services import audit
from crm.texts import name_key

#: How much of the hash of an unknown name the audit list shows: enough to tell names apart.
SHOWN_OF_HASH = 10


class LockedOut(Exception):
    """Too many sign-ins failed: nothing is checked, right or wrong, for so many ``seconds``."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(f"Too many failed sign-ins; locked for {seconds} s.")


@dataclass(frozen=True)
class Try:
    """A counted try: the keys that it was counted for, and its time."""

    keys: tuple[str, ...]
    time: float


def begin_try(name: str | None) -> Try:
    """Count a try to sign in with this name, from the address of the current request.

    Whoever checks a password or a code calls this first, and ``take_back`` if it was right.

    :raises LockedOut: if the account or the address has reached its limit.
    """
    locked, is_noted = _look(name)
    tried = None
    # Whoever floods a locked account takes no lock of the database, and writes nothing.
    if not is_noted:
        locked, tried = _count(name)
    if tried is None:
        raise LockedOut(locked)
    return tried


def take_back(tried: Try) -> None:
    """Uncount a try that turned out right."""
    with transaction.atomic():
        for row in _locked_rows(tried.keys):
            if tried.time in row.times:
                row.times.remove(tried.time)
                row.save()


def refuse_if_locked(name: str | None) -> None:
    """Refuse what a locked account or address asks for, without counting a try.

    :raises LockedOut: if the account or the address has reached its limit.
    """
    seconds, _ = _look(name)
    if seconds:
        raise LockedOut(seconds)


def clear(user: User) -> bool:
    """Forget the failures of an account, by each name that it signs in with; return whether it had any."""
    keys = {_account_key(name) for name in (user.username, user.email) if name}
    return _forget(keys)


def unlock(user: User, *, by: int | None = None) -> bool:
    """Let somebody sign in again at once; return whether there were failures to forget."""
    had_failures = clear(user)
    if had_failures:
        audit.record(AuditEvent.UNLOCK, user=user, by=by)
    return had_failures


def unlock_address(address: str) -> bool:
    """Let an address sign in again at once; return whether there were failures to forget."""
    had_failures = _forget({_address_key(address)})
    if had_failures:
        audit.record(AuditEvent.UNLOCK, detail=address)
    return had_failures


def fingerprint(name: str) -> str:
    """Return a text that stands for a name nobody has: equal for equal names, and no way back to the name."""
    return f"#{_account_key(name)[:SHOWN_OF_HASH]}"


def account_of(name: str | None) -> User | None:
    """Return the account that signs in with a name, for the audit list."""
    # PostgreSQL refuses a NUL, and no database takes half a surrogate pair.
    if not name or re.search("[\x00\ud800-\udfff]", name):
        return None
    found: User | None = User.objects.filter(username=name).first()
    return found


def prune(*, before: datetime, batch: Batch = transaction.atomic) -> int:
    """Remove counters without a failure since a moment, which locks nobody any more; return how many."""
    old = SignInFailures.objects.filter(updated_at__lt=min(before, timezone.now() - _window()))
    return delete_in_batches(old, batch=batch)


def _look(name: str | None) -> tuple[int, bool]:
    """Return for how many seconds a sign-in is locked, and whether the audit list tells of it already."""
    limits = _limits(name)
    now = timezone.now().timestamp()
    rows = list(SignInFailures.objects.filter(key__in=limits))
    waits = {row.key: _seconds_to_wait(row, limits[row.key], now) for row in rows}
    is_noted = any(waits[row.key] and row.noted_until > now for row in rows)
    return max(waits.values(), default=0), is_noted


@transaction.atomic
def _count(name: str | None) -> tuple[int, Try | None]:
    """Count a try unless it is locked; return for how many seconds, or the try."""
    limits = _limits(name)
    rows = _locked_rows(limits)
    now = timezone.now().timestamp()
    waits = {row.key: _seconds_to_wait(row, limits[row.key], now) for row in rows}
    seconds = max(waits.values(), default=0)
    if not seconds:
        for row in rows:
            since = now - _window().total_seconds()
            row.times = [*(time for time in row.times if time > since), now][-limits[row.key] :]
            row.save()
    for row in rows:
        # One line for a lock: else anybody could fill the list as fast as requests are refused.
        if waits[row.key] and row.noted_until <= now:
            row.noted_until = now + waits[row.key]
            row.save()
            _note_lock(name, is_account=name is not None and row.key == _account_key(name))
    return seconds, None if seconds else Try(tuple(row.key for row in rows), now)


def _note_lock(name: str | None, *, is_account: bool) -> None:
    if not is_account or name is None:
        audit.record(AuditEvent.LOCKOUT, outcome=AuditOutcome.REFUSED, detail="address")
        return
    user = account_of(name)
    detail = "account" if user is not None else f"unknown name {fingerprint(name)}"
    audit.record(AuditEvent.LOCKOUT, outcome=AuditOutcome.REFUSED, user=user, detail=detail)


def _limits(name: str | None) -> dict[str, int]:
    """Return the limit of each key that a try counts for."""
    limits = {}
    address = client_address()
    if name is not None and settings.SIGN_IN_ACCOUNT_FAILURES:
        limits[_account_key(name)] = settings.SIGN_IN_ACCOUNT_FAILURES
    # A server behind a UNIX socket knows no address.
    if address is not None and settings.SIGN_IN_ADDRESS_FAILURES:
        limits[_address_key(address)] = settings.SIGN_IN_ADDRESS_FAILURES
    return limits


def _seconds_to_wait(row: SignInFailures, limit: int, now: float) -> int:
    window = _window().total_seconds()
    if len(row.times) < limit:
        return 0
    # The limit is open again once the oldest of the last failures is out of the window.
    oldest: float = row.times[-limit]
    return max(0, math.ceil(oldest + window - now))


def _locked_rows(keys: Iterable[str]) -> list[SignInFailures]:
    """Return the rows of these keys, made if absent, each locked until the transaction ends."""
    wanted = sorted(keys)
    while wanted:
        SignInFailures.objects.bulk_create([SignInFailures(key=key) for key in wanted], ignore_conflicts=True)
        # Everybody locks in the order of the keys, so that nobody waits in a circle.
        rows = list(SignInFailures.objects.select_for_update().filter(key__in=wanted).order_by("key"))
        # Otherwise one was pruned in between.
        if len(rows) == len(wanted):
            return rows
    return []


def _forget(keys: Iterable[str]) -> bool:
    # Not deleted: a try that runs at the same time would lose the row that it has locked.
    found = SignInFailures.objects.filter(key__in=set(keys)).exclude(times=[])
    return bool(found.update(times=[], noted_until=0, updated_at=timezone.now()))


def _account_key(name: str) -> str:
    """Return the key of a name, in any spelling: a function of the text alone.

    A look at the accounts would treat known names otherwise than unknown ones, which tells them apart.
    """
    folded = name_key(unicodedata.normalize("NFKC", name))
    return _key("account", canonical_email(folded) or "" if "@" in folded else folded)


def _address_key(address: str) -> str:
    return _key("address", address_block(address))


def _key(kind: str, text: str) -> str:
    # Half a surrogate pair has no UTF-8, but may be sent.
    message = f"sign-in {kind} {text}".encode("utf-8", "surrogatepass")
    return hmac.new(settings.SECRET_KEY.encode(), message, hashlib.sha256).hexdigest()


def _window() -> timedelta:
    return timedelta(minutes=settings.SIGN_IN_WINDOW_MINUTES)
