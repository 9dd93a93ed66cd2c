"""The addresses of receivers: that of the mailbox, with the key of a receiver behind a plus sign."""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings

from crm.database.keys import parse_uuid
from crm.emails import canonical_email

PLUS = "+"


def receiver_address(identifier: UUID) -> str | None:
    """Return the address of a receiver; None without the setting MAIL_ADDRESS."""
    if not settings.MAIL_ADDRESS:
        return None
    local, _, domain = settings.MAIL_ADDRESS.rpartition("@")
    return f"{local}{PLUS}{identifier.hex}@{domain}"


def is_own(address: str) -> bool:
    """Return whether an address is that of the mailbox, with or without a key."""
    return _key_in(address) is not None


def receivers_in(addresses: Iterable[str]) -> list[UUID]:
    """Return the UUIDs of the receivers that addresses name, each once."""
    keys = (_key_in(address) for address in addresses)
    found = (parse_uuid(key) for key in keys if key)
    return list(dict.fromkeys(each for each in found if each is not None))


def _key_in(address: str) -> str | None:
    """Return what stands behind the plus sign of an address of the mailbox; None for any other address."""
    own_local, _, own_domain = (canonical_email(settings.MAIL_ADDRESS) or "").rpartition("@")
    local, _, domain = (canonical_email(address) or "").rpartition("@")
    name, _, key = local.partition(PLUS)
    return key if own_local and (name, domain) == (own_local, own_domain) else None
