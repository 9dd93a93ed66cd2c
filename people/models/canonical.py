"""Canonical forms of e-mail addresses, phone numbers and names, by which equal ones are found."""

import re
import unicodedata

import phonenumbers
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

SEARCH_JOINER = "\n"
#: The length of the column. Case folding makes some texts longer ("ß" becomes "ss").
LONGEST_EMAIL = 254
LONGEST_NAME_KEY = 255


def canonical_email(text: str | None) -> str | None:
    """Return an e-mail address trimmed and case-folded, or None if it is empty."""
    trimmed = (text or "").strip()
    return trimmed.casefold()[:LONGEST_EMAIL] or None


def has_email_form(text: str) -> bool:
    """Return whether a text has the form of an e-mail address; no DNS query is made."""
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def check_email(text: str) -> None:
    """Validate the form of an e-mail address."""
    if not has_email_form(text):
        raise ValidationError("Enter a valid email address.", code="invalid")


def digits_of(text: str) -> str:
    # Not \d, which also matches the digits of other scripts.
    return re.sub(r"[^0-9]", "", text)


def canonical_phone(text: str | None, region: str | None) -> str | None:
    """Return a phone number in E.164, or its bare digits if no numbering plan allows it.

    :param region: country code for numbers without an international prefix.
    """
    raw = (text or "").strip()
    if not raw:
        return None
    try:
        parsed = phonenumbers.parse(raw, region)
    except phonenumbers.NumberParseException:
        return digits_of(raw) or None
    if not phonenumbers.is_possible_number(parsed):
        return digits_of(raw) or None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def name_key(text: str | None) -> str:
    """Return a name reduced to case-folded letters and digits; equal names have equal keys."""
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    # Marks too: they are part of letters in many scripts.
    kept = (char for char in folded if unicodedata.category(char)[0] in "LMN")
    return "".join(kept)[:LONGEST_NAME_KEY]


def search_text(*parts: str | None) -> str:
    """Return the case-folded texts that a record is searched by, joined into one."""
    return SEARCH_JOINER.join(part.casefold() for part in parts if part)


def search_words(text: str) -> list[tuple[str, ...]]:
    """Return the case-folded words of a search, each with its alternatives.

    A word of digits and punctuation, such as a phone number, may also match as bare digits.
    """
    words: list[tuple[str, ...]] = []
    for word in text.casefold().split():
        digits = digits_of(word)
        is_number = digits and digits != word and re.fullmatch(r"[0-9()+./-]+", word)
        words.append((word, digits) if is_number else (word,))
    return words
