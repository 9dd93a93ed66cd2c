"""Canonical forms of e-mail addresses and names, and the texts that records are searched by."""

import unicodedata

from crm.emails import LONGEST_EMAIL as LONGEST_EMAIL
from crm.emails import canonical_email as canonical_email
from crm.emails import check_email as check_email
from crm.emails import email_fault as email_fault
from crm.emails import has_email_form as has_email_form
from crm.texts import name_key
from people.models.phones import digits_of

#: Ends each of the texts that a record is searched by.
LINE_END = "\n"
LONGEST_COMPARABLE = 255


def comparable_key(text: str | None) -> str:
    """Return a name reduced to case-folded letters and digits, by which alike names are found."""
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    # Marks too: they are part of letters in many scripts.
    kept = (char for char in folded if unicodedata.category(char)[0] in "LMN")
    return "".join(kept)[:LONGEST_COMPARABLE]


def search_text(*parts: str | None) -> str:
    """Return the folded texts that a record is searched by, each once and on a line of its own."""
    # Many parts are the same text already, such as an address that is stored as it is compared.
    lines = dict.fromkeys(name_key(part) for part in dict.fromkeys(parts) if part)
    return "".join(f"{line}{LINE_END}" for line in lines if line)


def email_spellings(email: str | None) -> list[str | None]:
    """Return the texts that an e-mail address is searched by."""
    return [canonical_email(email), email]


def contact_spellings(value: str, canonical: str | None, *, is_phone: bool) -> list[str | None]:
    """Return the texts that a contact is searched by."""
    # A phone number may be stored as an e-mail: it is found by its digits.
    return phone_spellings(value, canonical) if is_phone or "@" not in value else [canonical, value]


def phone_spellings(value: str | None, canonical: str | None) -> list[str | None]:
    """Return the texts that a phone number is searched by."""
    return [canonical, value, digits_of(value or ""), digits_of(canonical or "")]
