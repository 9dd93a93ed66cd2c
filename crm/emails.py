"""E-mail addresses: their canonical form, and what is no address."""

import re
from functools import lru_cache

import idna
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

from crm.texts import has_controls, normalized

#: An address of 64 characters, "@" and a domain of 253, whose letters of other scripts are spelled in ASCII.
LONGEST_EMAIL = 320
LONGEST_LOCAL_PART = 64
#: The greatest length of an address in ASCII as a mail server takes it (RFC 5321).
LONGEST_USUAL = 254
#: Words of ASCII before the @, and a domain of ASCII in lower case.
_USUAL = re.compile(
    rf"(?=.{{1,{LONGEST_LOCAL_PART}}}@)[A-Za-z0-9]+(?:[._+-][A-Za-z0-9]+)*@([a-z0-9]+(?:[.-]+[a-z0-9]+)+)"
)
NO_EMAIL = "Enter a valid email address."


@lru_cache(maxsize=4096)
def canonical_email(text: str | None) -> str | None:
    """Return an e-mail address in lower case with its domain in ASCII, or None if it is empty.

    The local part is not case-folded and the domain is encoded by IDNA 2008 (UTS 46, non-transitional), so
    that "ß" and "ss" stay two addresses.
    """
    trimmed = normalized((text or "").strip())
    if not trimmed:
        return None
    local, at, domain = trimmed.rpartition("@")
    return f"{_lower(local)}{at}{ascii_domain(domain)}"[:LONGEST_EMAIL]


def _lower(text: str) -> str:
    return normalized(text.lower())


def ascii_domain(domain: str) -> str:
    """Return a domain in ASCII by IDNA 2008; in lower case alone if it can have no such name."""
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode()
    except idna.IDNAError:
        # Not a name that can be registered, such as one with an emoji: it is equal to itself alone.
        return _lower(domain)


# A request looks at an address several times: to match by it, to store it, and as one of the contacts.
@lru_cache(maxsize=4096)
def has_email_form(text: str) -> bool:
    """Return whether a text has the form of an e-mail address; no DNS query is made."""
    if len(text) <= LONGEST_USUAL and (usual := _USUAL.fullmatch(text)):
        # Whether such an address is valid is up to its domain, which very many addresses of a file share.
        return _has_form(f"a@{usual[1]}")
    return _has_form(text)


@lru_cache(maxsize=4096)
def _has_form(text: str) -> bool:
    try:
        validated = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return len(validated.local_part) <= LONGEST_LOCAL_PART and not has_controls(text)


def email_fault(text: str) -> str | None:
    """Return the sentence that says why a text is no e-mail address; None if it is one."""
    if has_controls(text):
        return "An e-mail address holds no line ends or other control characters."
    if has_email_form(text):
        return None
    if len(text.rpartition("@")[0]) > LONGEST_LOCAL_PART:
        return f"The part of an e-mail address before the @ has at most {LONGEST_LOCAL_PART} characters."
    return NO_EMAIL


def check_email(text: str) -> None:
    """Validate the form of an e-mail address."""
    fault = email_fault(text)
    if fault is not None:
        raise ValidationError(fault, code="invalid")
