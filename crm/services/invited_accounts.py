"""The account of an invited person: found by its e-mail address, else made without a password."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import Q

from crm.emails import canonical_email, email_fault
from crm.errors import Conflict, ConflictReason
from crm.models import User
from crm.services.members import MemberValues


def find_or_create_account(values: MemberValues) -> User:
    """Return the account of an address, or a new one that is named by it and has no password.

    :raises ValidationError: if the address has no such form.
    :raises Conflict: if several accounts have the address.
    """
    email = (values.get("email") or "").strip()
    fault = email_fault(email)
    if fault is not None:
        raise ValidationError({"email": [fault]})
    known = accounts_of(email)
    # Emails of accounts are not unique: a guess could invite the wrong person.
    if len(known) > 1:
        raise Conflict(
            ConflictReason.MATCH, "Several accounts have this e-mail address: add one of them by its name."
        )
    return known[0] if known else _create(email, values)


def _create(email: str, values: MemberValues) -> User:
    user = User(
        username=email,
        email=email,
        first_name=values.get("firstname") or "",
        last_name=values.get("lastname") or "",
    )
    user.set_unusable_password()
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as refused:
        # Invited by two administrators at once: the other one has made the account since it was looked for.
        if made := accounts_of(email):
            return made[0]
        names = {"first_name": "firstname", "last_name": "lastname", "username": "email"}
        messages = refused.message_dict
        raise ValidationError({names.get(key, key): messages[key] for key in messages}) from refused
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError:
        # Likewise, since it was validated.
        known = accounts_of(email)
        if not known:
            raise
        return known[0]
    return user


def accounts_of(email: str) -> list[User]:
    """Return the accounts with an e-mail address, in any of its spellings, else those that are named so."""
    canonical = canonical_email(email)
    named = Q(username_canonical=canonical) | Q(username=email)
    return list(User.objects.filter(email_canonical=canonical)[:2]) or list(User.objects.filter(named)[:2])


def has_signed_up(user: User) -> bool:
    """Return whether an account is somebody's: such a person signs in, and sets no password by a link."""
    return user.has_usable_password() or user.last_login is not None
