"""One spelling for e-mail addresses and phone numbers, so that equal ones are found."""

import re
import unicodedata

import phonenumbers
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

SEARCH_JOINER = "\n"
#: Folding case makes some texts longer; the columns of canonical e-mails hold this many characters.
LONGEST_EMAIL = 254
LONGEST_NAME_KEY = 255


def canonical_email(text: str | None) -> str | None:
    """Give an e-mail address trimmed and without case; None for none."""
    trimmed = (text or "").strip()
    return trimmed.casefold()[:LONGEST_EMAIL] or None


def has_email_form(text: str) -> bool:
    """Tell whether a text is an e-mail address by its form; no look-up is made."""
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return True


def check_email(text: str) -> None:
    """Validate the form of an e-mail address.

    :raises ValidationError: if it has none.
    """
    if not has_email_form(text):
        raise ValidationError("Enter a valid email address.", code="invalid")


def digits_of(text: str) -> str:
    """Give the ASCII digits of a text, in order."""
    return re.sub(r"[^0-9]", "", text)


def canonical_phone(text: str | None, region: str | None) -> str | None:
    """Give a phone number in E.164, or its bare digits where it is not a possible number.

    :param region: country code that numbers without an international prefix belong to.
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
    """Give letters and digits of a name without case and punctuation, by which like names are equal."""
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    # Letters, the marks on them, and numbers.
    kept = (char for char in folded if unicodedata.category(char)[0] in "LMN")
    return "".join(kept)[:LONGEST_NAME_KEY]


def search_text(*parts: str | None) -> str:
    """Join the texts that a record is searched by, without case."""
    return SEARCH_JOINER.join(part.casefold() for part in parts if part)


def search_words(text: str) -> list[tuple[str, ...]]:
    """Split a search into words without case; one of digits and punctuation may also stand as its digits."""
    words: list[tuple[str, ...]] = []
    for word in text.casefold().split():
        digits = digits_of(word)
        is_number = digits and digits != word and re.fullmatch(r"[0-9()+./-]+", word)
        words.append((word, digits) if is_number else (word,))
    return words
