"""Phone numbers: their canonical form, and what is no phone number."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

import phonenumbers
from django.core.exceptions import ValidationError

from crm.texts import has_controls, single_line

#: Stands between a number and its extension, as in tel URIs (RFC 3966).
EXTENSION = ";ext="
#: A number that fits no known pattern still counts if it is as long as a whole number, with its area code.
SHORTEST_UNKNOWN = 7
LONGEST_NUMBER = 15
FEWEST_DIGITS = 3
#: The length of columns that hold a dialled number: the digits of a long text may be more.
LONGEST_DIALLED = 64

NO_PHONE = "Enter a phone number, with at least three digits."
SEVERAL = "Enter one phone number here, and each further one as a contact of its own."
DAMAGED = "A spreadsheet shortened this number and its digits are lost: format the column as text."
CONTROLS = "A phone number holds no line ends or other control characters."

#: What a spreadsheet makes of a number: 4.9E+11 has lost digits, 4155550177.0 has not.
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE]\+?[0-9]{1,3}")
_WITH_FRACTION = re.compile(r"(\+?[0-9]{5,})[.,]0+")
#: Names of extensions that phonenumbers does not know, and those that it does.
_FURTHER_NAMES = r"durchwahl|dw|nst|app(?:arat)?|poste|toestel|tst|ramal|interno|wewn|linea?"
EXTENSION_NAMES = rf"ext(?:ensi[oó]n|n)?|int|anexo|доб|x|{_FURTHER_NAMES}"
_EXTENSION = re.compile(
    rf"[\s,;(]+(?:{_FURTHER_NAMES})\.?\s*:?\s*(?=[0-9]{{1,7}}\)?\s*$)",
    re.IGNORECASE,
)
_NO_DIGITS = re.compile(r"[^0-9]+")
_TRUNK_IN_BRACKETS = re.compile(r"\(\s*0\s*\)")
_PREFIX = re.compile(r"^\s*(?:00|011)(?=[\s0-9(./-])")
_BETWEEN_NUMBERS = re.compile(r"[/;,|&\n\r]|(?<=[0-9)])\s+(?=\+)|\s(?:or|and|oder|und|ou|et|o|y|e|u)\s")


@dataclass(frozen=True)
class Phone:
    """A phone number that a numbering plan knows: E.164, and the digits of its extension or an empty text."""

    number: str
    extension: str = ""
    #: Whether the number is in use by its plan, and not only as long as one.
    is_valid: bool = field(default=False, compare=False)

    @property
    def canonical(self) -> str:
        """The text by which equal numbers are found; other extensions are other numbers."""
        return f"{self.number}{EXTENSION}{self.extension}" if self.extension else self.number


def digits_of(text: str) -> str:
    """Return the digits of a text, in every script, as ASCII."""
    if text.isascii():
        return _NO_DIGITS.sub("", text)
    return str(phonenumbers.normalize_digits_only(text))


@lru_cache(maxsize=4096)
def cleaned_phone(text: str) -> str:
    """Return a phone number as it is stored: on one line, without the fraction that a spreadsheet adds."""
    line = single_line(text)
    with_fraction = _WITH_FRACTION.fullmatch(line)
    return with_fraction[1] if with_fraction else line


def check_phone(text: str) -> None:
    """Refuse a text that is no phone number, several, or one that has lost digits.

    A number that no numbering plan knows is none of these: it is kept as typed.
    """
    fault = phone_fault(text)
    if fault is not None:
        raise ValidationError(fault, code="invalid")


@lru_cache(maxsize=4096)
def phone_fault(text: str) -> str | None:
    """Return the sentence that says why a text is no phone number; None if it is one."""
    stripped = text.strip()
    if _SCIENTIFIC.fullmatch(stripped):
        return DAMAGED
    if holds_several(stripped):
        return SEVERAL
    if has_controls(stripped):
        return CONTROLS
    return NO_PHONE if len(digits_of(stripped)) < FEWEST_DIGITS else None


def is_bare_phone(text: str) -> bool:
    """Return whether a text is a phone number without any other words."""
    words = re.sub(rf"(?<![^\W\d_])(?:{EXTENSION_NAMES})(?=[\d\W]|$)", "", text.lower())
    return phone_fault(text) is None and "@" not in text and not any(char.isalpha() for char in words)


def holds_several(text: str) -> bool:
    """Return whether a text holds more than one whole phone number."""
    return len(parted(text)) > 1


def parted(text: str) -> list[str]:
    """Return the phone numbers of a text; one alone if its parts are no whole numbers."""
    parts = [part.strip() for part in _BETWEEN_NUMBERS.split(text)]
    if len(parts) == 1 and len(digits_of(text)) > LONGEST_NUMBER:
        parts = text.split()
    parts = [part for part in parts if part]
    whole = all(len(digits_of(part)) >= SHORTEST_UNKNOWN for part in parts)
    return parts if whole and len(parts) > 1 else [text.strip()]


def parse_phone(text: str | None, region: str | None) -> Phone | None:
    """Return the number that a text spells; None for one that no numbering plan knows.

    :param region: country code for numbers without an international prefix.
    """
    if text and region and text.startswith("+"):
        # Most such numbers mean the same in every region: read once for all.
        found = _parsed(text, None)
        if found is not None and found.is_valid:
            return found
    return _parsed(text, region)


# A request reads a number several times: to match by it, to store it and to search by it.
@lru_cache(maxsize=4096)
def _parsed(text: str | None, region: str | None) -> Phone | None:
    raw = cleaned_phone(text or "")
    if len(digits_of(raw)) < FEWEST_DIGITS:
        return None
    raw = _EXTENSION.sub(" ext. ", raw)
    possible = None
    for spelling in _spellings(raw):
        parsed = _parse(spelling, region)
        if parsed is not None and phonenumbers.is_valid_number(parsed):
            return _phone(parsed, is_valid=True)
        if possible is None and parsed is not None and _is_whole(parsed):
            possible = parsed
    return _phone(possible) if possible is not None else None


def without_extension(canonical: str) -> str:
    """Return the number of a canonical phone, as it is dialled."""
    return canonical.partition(EXTENSION)[0]


def canonical_phone(text: str | None, region: str | None) -> str | None:
    """Return a phone number in E.164, with ``;ext=`` before an extension; None if no plan knows it.

    :param region: country code for numbers without an international prefix.
    """
    phone = parse_phone(text, region)
    return None if phone is None else phone.canonical


def dialled_number(text: str | None, region: str | None) -> str | None:
    """Return the number that a text is looked up by: E.164 without the extension, else its bare digits."""
    phone = parse_phone(text, region)
    if phone is not None:
        return phone.number
    return digits_of(text or "") or None


def looked_up_number(text: str, region: str | None) -> str:
    """Return what a text is compared with: the canonical form of a number, else its bare digits."""
    return canonical_phone(text, region) or digits_of(text)


def national_digits(text: str) -> list[str]:
    """Return the digits of a number, or of its beginning, without what people dial or write before it.

    Each is part of the number's international form in some spelling: without zeros in front, without 011, and
    without a zero in brackets.
    """
    texts = [_TRUNK_IN_BRACKETS.sub("", text)]
    if _PREFIX.match(texts[0]):
        texts.append(_PREFIX.sub("", texts[0]))
    stripped = [digits_of(each).lstrip("0") for each in texts]
    return [each for each in stripped if each] or [digits_of(text)]


def significant_digits(phone: Phone) -> str:
    """Return the digits of a number as they are dialled within its country, without a trunk prefix."""
    return phonenumbers.national_significant_number(phonenumbers.parse(phone.number, None))


def _spellings(raw: str) -> list[str]:
    """Return the ways in which a text may be meant, the likeliest first."""
    spellings = [raw]
    # 00 and 011 are prefixes of other countries than the region's too.
    if _PREFIX.match(raw):
        spellings.append(_PREFIX.sub("+", raw))
    if _TRUNK_IN_BRACKETS.search(raw):
        spellings += [_TRUNK_IN_BRACKETS.sub("", spelling) for spelling in spellings]
    return spellings


def _parse(spelling: str, region: str | None) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(spelling, region)
    except phonenumbers.NumberParseException:
        return None


def _is_whole(parsed: phonenumbers.PhoneNumber) -> bool:
    digits = len(phonenumbers.national_significant_number(parsed))
    reason = phonenumbers.is_possible_number_with_reason(parsed)
    if digits < SHORTEST_UNKNOWN or reason != phonenumbers.ValidationResult.IS_POSSIBLE:
        return False
    # Of zeros alone, E.164 would be read as another number.
    again = _parse(_phone(parsed).number, None)
    return again is not None and _phone(again).number == _phone(parsed).number


def _phone(parsed: phonenumbers.PhoneNumber, *, is_valid: bool = False) -> Phone:
    number = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return Phone(number, parsed.extension or "", is_valid)
