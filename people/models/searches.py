"""The words of a search: folded as the texts of records are, with further spellings of e-mails and phones."""

import re
import unicodedata

from crm.emails import ascii_domain, canonical_email
from crm.texts import name_key
from people.models.canonical import LINE_END
from people.models.national_phones import SHORTEST_WHOLE, other_digits, shortest
from people.models.phones import (
    EXTENSION_NAMES,
    SHORTEST_UNKNOWN,
    digits_of,
    parse_phone,
)

#: Fewer digits are part of too many phone numbers to look for them in other spellings.
SHORTEST_NUMBER = 4

#: Signs that stand in phone numbers although Unicode does not call them punctuation, and the other way round.
_PHONE_SIGNS = frozenset("+|\uff0b\u2212\u00b7`\u00b4")
_OTHER_PUNCTUATION = frozenset("@%&!?\u00a7\u00b6")
_EXTENSION = re.compile(rf"\W*(?:{EXTENSION_NAMES})[.:=]*\d{{0,9}}\W*")
_LETTER = re.compile(r"[^\W\d_]")


def search_words(text: str, region: str | None = None) -> list[tuple[str, ...]]:
    """Return the folded words of a search, each with its alternatives.

    Words in a row that spell a phone number may also match as that number, in any of its spellings; a number
    with an extension matches as that alone.

    :param region: country code for numbers without an international prefix.
    """
    words: list[tuple[str, ...]] = []
    run: list[str] = []
    for raw in text.split():
        word = name_key(raw)
        if _is_phone_like(word) or (run and _EXTENSION.fullmatch(word)):
            run.append(word)
            continue
        words += [*_phone_words(run, region), shortest(word, _other_email(raw))]
        run = []
    return [word for word in [*words, *_phone_words(run, region)] if word]


def _is_phone_like(word: str) -> bool:
    """Return whether a word of a search has digits and punctuation only, perhaps with an extension."""
    word = word.removeprefix("tel:")
    letter = _LETTER.search(word)
    digits, extension = (word, "") if letter is None else (word[: letter.start()], word[letter.start() :])
    if extension and not (digits_of(digits) and _EXTENSION.fullmatch(extension)):
        return False
    return bool(digits) and all(
        char.isdecimal()
        or char in _PHONE_SIGNS
        or (unicodedata.category(char)[0] == "P" and char not in _OTHER_PUNCTUATION)
        for char in digits
    )


def _other_email(word: str) -> str:
    """Return another spelling of an e-mail address or domain, or of a part of one; empty if there is none."""
    if "@" in word:
        # Not of the folded word: in a domain, "\u00df" and "ss" are two letters.
        return name_key(canonical_email(word))
    return ascii_domain(word) if "." in word and not word.isascii() else ""


def _phone_words(run: list[str], region: str | None) -> list[tuple[str, ...]]:
    """Return the words of a possible phone number: as they are, or all of them as the number."""
    text = " ".join(run)
    if len(digits_of(text)) < SHORTEST_NUMBER:
        return [(word,) for word in run]
    # Shorter ones are part of the international form as they are: no need to read the number.
    phone = parse_phone(text, region) if len(digits_of(text)) >= SHORTEST_UNKNOWN else None
    if phone is not None and phone.extension:
        # Up to the end of the line, so that extension 10 does not find 101.
        return [(f"{phone.canonical}{LINE_END}",)]
    numbers = [digits for digits in other_digits(text, phone) if len(digits) >= SHORTEST_NUMBER]
    if phone is not None and phone.is_valid and len(digits_of(text)) >= SHORTEST_WHOLE:
        # Together: groups of two digits, as in France, are part of many other numbers.
        return [shortest(text, *numbers)]
    return [shortest(word, *numbers) for word in run]
