"""Unicode forms of texts: how they are stored, and by which key equal names are found."""

import re
import unicodedata
from typing import Any

#: Characters that show nothing: controls, format characters, and those that Unicode lets a font ignore.
_INVISIBLE = re.compile(
    r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u00ad\u034f\u0600-\u0605\u061c\u06dd\u070f\u115f\u1160\u17b4\u17b5"
    r"\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
#: Control characters that have no place in a text of one line; tabs and line ends become spaces.
_BREAKS = re.compile(r"[\t\n\v\f\r\x1c-\x1f\x85\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")


def normalized(text: str) -> str:
    """Return a text in Unicode's form NFC, in which the same letters are the same characters."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def normalized_json(value: Any) -> Any:
    """Return a copy of a JSON value with all its texts in NFC, the names of objects too."""
    if isinstance(value, str):
        return normalized(value)
    if isinstance(value, list):
        return [normalized_json(item) for item in value]
    if isinstance(value, dict):
        return {normalized(name): normalized_json(item) for name, item in value.items()}
    return value


def single_line(text: str) -> str:
    """Return a text in NFC on one line: trimmed, without control characters."""
    if text.isprintable():
        return normalized(text.strip())
    return normalized(_CONTROLS.sub("", _BREAKS.sub(" ", text)).strip())


def without_controls(text: str) -> str:
    """Return a text of several lines, which end in LF, without other control characters."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def has_controls(text: str) -> bool:
    """Return whether a text holds control characters, line ends and tabs included."""
    return not text.isprintable() and bool(_BREAKS.search(text) or _CONTROLS.search(text))


def name_key(text: str | None) -> str:
    """Return the key by which equal names are found; empty for a text that shows nothing.

    Names are equal if they differ only in case, white space, invisible characters, or in how Unicode spells
    their letters. Computed here and stored, since each database folds the case of other letters.
    """
    folded = _folded(text or "")
    # Case folding may undo the normal form, and the other way round: a second round settles both.
    return folded if folded.isascii() else _folded(folded)


def _folded(text: str) -> str:
    if text.isascii():
        lower = text.lower()
        return " ".join((lower if lower.isprintable() else _INVISIBLE.sub("", lower)).split())
    # Decomposed first, as Unicode's caseless matching demands (D145).
    folded = unicodedata.normalize("NFD", _INVISIBLE.sub("", text)).casefold()
    return unicodedata.normalize("NFC", " ".join(_INVISIBLE.sub("", folded).split()))


def is_blank(text: str) -> bool:
    """Return whether a text shows nothing: it is empty, or of white space and invisible characters only."""
    first = text[:1]
    is_sign = "!" <= first <= "~"
    shows = is_sign or (first.isalnum() and not _INVISIBLE.match(text))
    return not shows and not name_key(text)
