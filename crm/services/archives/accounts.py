"""The accounts of an archive: those that are here under the same name, else new ones without a password."""

from collections.abc import Mapping
from typing import Any

from crm.models import User
from crm.models.accounts import canonical_username


def account_for(values: Mapping[str, Any]) -> tuple[User, bool]:
    """Return the account of an archived one, and whether it is new.

    An account that is here keeps its own columns: its password, name and rights belong to this installation.
    """
    known = User.objects.filter(uuid=values["uuid"]).first() or _named(values["username"])
    if known is not None:
        return known, False
    account = User(**{name: value for name, value in values.items() if name != "id"})
    account.set_unusable_password()
    # As it is: its time of change too.
    account.save_base(raw=True, force_insert=True)
    return account, True


def _named(username: str) -> User | None:
    found: User | None = User.objects.filter(username=username).first()
    if found is None and "@" in username:
        found = User.objects.filter(username_canonical=canonical_username(username)).first()
    return found
