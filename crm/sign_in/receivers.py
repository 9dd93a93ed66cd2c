"""Receivers of Django's signals: they settle counted tries, and write the audit list."""

from typing import Any

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from crm.models import AuditEvent, AuditOutcome, User
from crm.services import audit, lockout
from crm.sign_in.backend import signed_name, take_counted_try


@receiver(user_logged_in)
def note_sign_in(request: HttpRequest | None, user: User, **_: Any) -> None:
    tried = take_counted_try(request)
    if tried is not None:
        lockout.take_back(tried)
    lockout.clear(user)
    audit.record(AuditEvent.SIGN_IN, user=user)


@receiver(user_logged_out)
def note_sign_out(user: User | None, **_: Any) -> None:
    # Somebody whose session had ended already signs out too.
    if user is not None:
        audit.record(AuditEvent.SIGN_OUT, user=user)


@receiver(user_login_failed)
def note_failure(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    """Write a failure to the audit list; count it, if it is one of something else than a password.

    :raises LockedOut: if the account or the address has reached its limit already.
    """
    name = signed_name(credentials)
    is_counted = take_counted_try(request) is not None
    # Such as a wrong code of the second factor. Without a request, only a guarded backend sends this.
    if request is not None and not is_counted:
        lockout.begin_try(name)
    user = lockout.account_of(name)
    # People type passwords into the field for the name: an unknown one is never stored.
    unknown = "" if user is not None or name is None else f"unknown name {lockout.fingerprint(name)}"
    audit.record(AuditEvent.SIGN_IN, outcome=AuditOutcome.FAILED, user=user, detail=unknown)


@receiver(post_save, sender=User)
def note_password(instance: User, **_: Any) -> None:
    """Unlock an account whose password was set, whichever way: page, command, reset or invitation."""
    # Django keeps the new password here until the row is stored; a new hash of the same one is not among it.
    if vars(instance).get("_password") is not None:
        lockout.clear(instance)
        audit.record(AuditEvent.PASSWORD, user=instance)
