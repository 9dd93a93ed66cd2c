"""The second factor of sign-in: codes of an authenticator app, and recovery codes.

django-allauth makes and compares the codes. That a code counts once, and who must have a factor, is decided
here.
"""

import logging

from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db import transaction

from crm.actors import Action, Actor
from crm.errors import Forbidden
from crm.models import Membership, User
from crm.services import encryption
from crm.services.browser_sessions import end_sessions

logger = logging.getLogger(__name__)

CODES = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
#: Where a row keeps what its codes are made from.
SECRETS = ("secret", "seed")


def has_factor(user: AbstractBaseUser | AnonymousUser) -> bool:
    return bool(Authenticator.objects.filter(user=user.pk, type=Authenticator.Type.TOTP).exists())


def is_required(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether a company that the user can work in requires a second factor."""
    memberships = Membership.objects.active().filter(user=user.pk)
    return memberships.filter(company__second_factor_required=True).exists()


def is_missing(user: AbstractBaseUser | AnonymousUser) -> bool:
    """Return whether the user has to set up a second factor before anything else."""
    return user.pk is not None and is_required(user) and not has_factor(user)


def time_step_of(secret: str, code: str) -> int | None:
    """Return the number of the half minute that a code of an authenticator app belongs to, if it is near."""
    # Imported here: it loads half of django-allauth, which requests of the API do not need.
    from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time

    for step in yield_hotp_counters_from_time():
        if compare_user_code(actual=code, expected=format_hotp_value(hotp_value(secret, step))):
            return int(step)
    return None


@transaction.atomic
def accept_code(user: User, code: str) -> Authenticator | None:
    """Use a code of a user; return the row that it belongs to, None if it is wrong or was used before."""
    # Locked: of two requests with one code, the second sees that it was used.
    rows = Authenticator.objects.select_for_update().filter(user=user, type__in=CODES).order_by("-type")
    for row in rows:
        try:
            accepted = _accept(row, code)
        except encryption.Undecipherable:
            logger.error(
                "The second factor of user %s was encrypted with a secret key that is not known any more.",
                user.pk,
            )
            continue
        if accepted:
            return row
    return None


def _accept(row: Authenticator, code: str) -> bool:
    if row.type == Authenticator.Type.RECOVERY_CODES:
        return bool(row.wrap().validate_code(code))
    secret = encryption.decrypt(row.data["secret"])
    step = time_step_of(secret, code)
    # Older than the last one: seen by somebody else, perhaps.
    if step is None or step <= row.data.get("last_step", 0):
        return False
    _note_step(row, step)
    return True


def note_first_code(user: User, step: int) -> None:
    """Store that a code of this half minute set up the app of a user, so that it is not accepted again."""
    _note_step(Authenticator.objects.get(user=user, type=Authenticator.Type.TOTP), step)


def _note_step(row: Authenticator, step: int) -> None:
    row.data["last_step"] = step
    row.save(update_fields=["data"])


@transaction.atomic
def reset(user: User, *, actor: Actor | None) -> bool:
    """Remove the second factor of a user who lost it, and end the user's sessions; return if there was one.

    :param actor: an administrator of the user's company; None for an operator.
    :raises Forbidden: if the account opens more than the actor's company.
    """
    if actor is not None:
        actor.require(Action.MANAGE_COMPANY)
        user = User.objects.find(actor, str(user.pk), argument="user_id")
        others = Membership.objects.active().filter(user=user).exclude(company=actor.company_id)
        if user.is_superuser or others.exists():
            raise Forbidden("This account opens more than your company: ask an operator of the CRM.")
    count, _rows = Authenticator.objects.filter(user=user).delete()
    end_sessions(user)
    return bool(count)


@transaction.atomic
def encrypt_anew(user: User) -> None:
    """Encrypt the secrets of a user with the present secret key, so that a former one can be dropped."""
    if not settings.SECRET_KEY_FALLBACKS:
        return
    for row in Authenticator.objects.select_for_update().filter(user=user):
        for name in SECRETS:
            if name in row.data and not encryption.is_current(row.data[name]):
                row.data[name] = encryption.encrypt(encryption.decrypt(row.data[name]))
                row.save(update_fields=["data"])
