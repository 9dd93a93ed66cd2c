"""The account of a person whom a provider of OpenID Connect names."""

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from crm.actors import Role
from crm.database.keys import parse_id, parse_uuid
from crm.emails import canonical_email
from crm.errors import Forbidden
from crm.models import Company, Membership, User
from crm.services.companies import find_or_create_user
from crm.services.members import add_member

UNVERIFIED = "Your e-mail address is not verified at the provider of single sign-on."
UNKNOWN = "No account here has your e-mail address. Ask an administrator of your company for one."
SEVERAL = "Several accounts here have your e-mail address. Sign in with your password."
NOT_STAFF = "Your account may not sign in to these pages. Ask an operator of the CRM."


@transaction.atomic
def account_of(claims: Mapping[str, object]) -> User:
    """Return the account of a member with the verified e-mail address of these claims.

    Somebody unknown becomes a member of the company that the settings name, if they do.

    :raises Forbidden: if there is no such account, or more than one.
    """
    email = claims.get("email")
    # A text such as "false" is true in Python.
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise Forbidden(UNVERIFIED)
    address = canonical_email(email)
    if address is None:
        raise Forbidden(UNVERIFIED)
    known = list(User.objects.filter(email_canonical=address)[:2])
    if len(known) > 1:
        raise Forbidden(SEVERAL)
    if not known:
        return _join(email, claims)
    user: User = known[0]
    belongs = user.is_superuser or Membership.objects.active().filter(user=user).exists()
    if not (belongs and user.is_active):
        raise Forbidden(UNKNOWN)
    if not user.is_staff:
        raise Forbidden(NOT_STAFF)
    return user


def _join(email: str, claims: Mapping[str, object]) -> User:
    joined = settings.OIDC
    if joined is None or not joined["join_company"]:
        raise Forbidden(UNKNOWN)
    number, identifier = parse_id(joined["join_company"]), parse_uuid(joined["join_company"])
    named = Q(pk=number) if identifier is None else Q(uuid=identifier)
    found = Company.objects.filter(named, is_active=True).first()
    if found is None:
        raise Forbidden(UNKNOWN)
    user, is_new = find_or_create_user(email)
    # An account that is named so, but has another address, is not proven to be this person's.
    if not is_new:
        raise Forbidden(UNKNOWN)
    user.email = email
    user.first_name, user.last_name = _text(claims, "given_name"), _text(claims, "family_name")
    user.displayname = ""
    user.full_clean(exclude=["password"])
    user.save()
    add_member(found, user, Role(joined["join_role"]))
    return user


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    return value.replace("\x00", "").strip()[:150] if isinstance(value, str) else ""
