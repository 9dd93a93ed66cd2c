"""Canonical forms of e-mail addresses and names, by which equal ones are found, and the texts of searches."""

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from email_validator import EmailNotValidError, validate_email

from crm.texts import has_controls, name_key, normalized
from people.models.phones import digits_of, parse_phone

SEARCH_JOINER = "\n"
#: An address of 64 characters, "@" and a domain of 253, whose letters of other scripts are spelled in ASCII.
LONGEST_EMAIL = 320
LONGEST_LOCAL_PART = 64
LONGEST_COMPARABLE = 255
#: Shorter digits without their leading zeros would be part of most phone numbers.
SHORTEST_STRIPPED = 4

_PHONE_LIKE = re.compile(r"[0-9()+][0-9()+./\-\u2010-\u2015]*")
_EXTENSION_LIKE = re.compile(r"(?:;?ext\.?[:=]?|extension|x|#)[0-9]{0,9}")


def canonical_email(text: str | None) -> str | None:
    """Return an e-mail address in lower case with its domain in ASCII, or None if it is empty.

    The local part is not case-folded and the domain is encoded by IDNA 2008 (UTS 46, non-transitional), so
    that "ß" and "ss" stay two addresses.
    """
    trimmed = normalized((text or "").strip())
    if not trimmed:
        return None
    local, at, domain = trimmed.rpartition("@")
    return f"{_lower(local)}{at}{_ascii_domain(domain)}"[:LONGEST_EMAIL]


def _lower(text: str) -> str:
    return normalized(text.lower())


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    try:
        return idna.encode(domain, uts46=True, transitional=False).decode()
    except idna.IDNAError:
        # Not a name that can be registered, such as one with an emoji: it is equal to itself alone.
        return _lower(domain)


def has_email_form(text: str) -> bool:
    """Return whether a text has the form of an e-mail address; no DNS query is made."""
    try:
        validated = validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return False
    return len(validated.local_part) <= LONGEST_LOCAL_PART and not has_controls(text)


def check_email(text: str) -> None:
    """Validate the form of an e-mail address."""
    if not has_email_form(text):
        raise ValidationError("Enter a valid email address.", code="invalid")


def comparable_key(text: str | None) -> str:
    """Return a name reduced to case-folded letters and digits, by which alike names are found."""
    folded = unicodedata.normalize("NFKC", text or "").casefold()
    # Marks too: they are part of letters in many scripts.
    kept = (char for char in folded if unicodedata.category(char)[0] in "LMN")
    return "".join(kept)[:LONGEST_COMPARABLE]


def search_text(*parts: str | None) -> str:
    """Return the folded texts that a record is searched by, each once, joined into one."""
    return SEARCH_JOINER.join(dict.fromkeys(name_key(part) for part in parts if part))


def email_spellings(email: str | None) -> list[str | None]:
    """Return the texts that an e-mail address is searched by."""
    return [canonical_email(email), email]


def phone_spellings(value: str | None, canonical: str | None) -> list[str | None]:
    """Return the texts that a phone number is searched by."""
    # The canonical form first: a search with an extension looks for the end of its line.
    return [canonical, value, digits_of(value or ""), digits_of(canonical or "")]


def search_words(text: str, region: str | None = None) -> list[tuple[str, ...]]:
    """Return the folded words of a search, each with its alternatives.

    Words in a row that spell a phone number may also match as that number, in any of its spellings.

    :param region: country code for numbers without an international prefix.
    """
    words: list[tuple[str, ...]] = []
    run: list[str] = []
    for word in name_key(text).split():
        if _PHONE_LIKE.fullmatch(word) or (run and _EXTENSION_LIKE.fullmatch(word)):
            run.append(word)
            continue
        words += _phone_words(run, region)
        run = []
        words.append(_with_canonical_email(word))
    return words + _phone_words(run, region)


def _with_canonical_email(word: str) -> tuple[str, ...]:
    canonical = canonical_email(word) if "@" in word else None
    return (word,) if canonical in (None, word) else (word, str(canonical))


def _phone_words(run: list[str], region: str | None) -> list[tuple[str, ...]]:
    """Return the words of a possible phone number: each word as it is, or all of them as the number."""
    numbers = _numbers(" ".join(run), region) if run else []
    return [tuple(dict.fromkeys([word, *numbers])) for word in run]


def _numbers(text: str, region: str | None) -> list[str]:
    phone = parse_phone(text, region)
    if phone is not None and phone.extension:
        # Up to the end of the line, so that extension 10 does not find 101.
        return [f"{phone.canonical}{SEARCH_JOINER}"]
    digits = digits_of(text)
    stripped = digits.lstrip("0") if digits.startswith("0") else digits
    numbers = [digits, stripped if len(stripped) >= SHORTEST_STRIPPED else digits]
    return [*numbers, digits_of(phone.number)] if phone is not None else numbers
