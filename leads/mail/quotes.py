"""Parts the new text of a reply from the messages that it quotes. Nothing is thrown away."""

import re
from typing import NamedTuple

#: The begin of a quotation in mail programs that do not mark its lines, such as Outlook.
_DIVIDER = re.compile(
    r"-{2,}\s*(?:Original Message|Original-Nachricht|Ursprüngliche Nachricht|Message d'origine"
    r"|Mensaje original|Messaggio originale|Oorspronkelijk bericht|元のメッセージ)\s*-{2,}",
    re.IGNORECASE,
)
#: The headers that Outlook puts above a quotation, in the languages of its users.
_FROM = re.compile(r"\*?(?:From|Von|De|Da|Van|Från|Fra|差出人)\s?\*?[:\uff1a].*\S", re.IGNORECASE)
_SENT = re.compile(
    r"\*?(?:Sent|Gesendet|Envoyé|Enviado(?: el)?|Inviato|Verzonden|Skickat|Sendt|Date|Datum|送信日時)"
    r"\s?\*?[:\uff1a]",
    re.IGNORECASE,
)
#: Of the introduction above quoted lines, such as "On Tuesday Ann wrote:", which may be wrapped.
MOST_LINES_OF_INTRODUCTION = 3
#: Characters of a line that could begin a quotation.
LONGEST_SIGN = 300
#: Lines under a From in which its Sent is looked for.
NEAR = 3
_FORWARDED = re.compile(
    r"-{2,}\s*(?:Forwarded message|Weitergeleitete Nachricht|Message transféré)\s*-{2,}"
    r"|(?:Begin forwarded message|Anfang der weitergeleiteten Nachricht)\s*:",
    re.IGNORECASE,
)


class Parted(NamedTuple):
    """A text in two: what its sender wrote, and what stands below as a quotation; either may be empty."""

    text: str
    quoted: str


def part_quotes(text: str) -> Parted:
    """Part a text at the begin of the quotation at its end.

    A forwarded message is no quotation, and a text of nothing else stays whole.
    """
    lines = text.strip().split("\n")
    begin = _begin_of_quotation(lines)
    new, quoted = "\n".join(lines[:begin]).rstrip(), "\n".join(lines[begin:]).strip()
    return Parted(new, quoted) if new else Parted(quoted, "")


def _begin_of_quotation(lines: list[str]) -> int:
    # Answers between quoted lines belong to the text: of those, only what is quoted to the end is parted.
    own = [number for number, line in enumerate(lines) if line.strip() and not line.startswith(">")]
    last_own = own[-1] if own else -1
    for number, line in enumerate(lines):
        if line.startswith(">") and number > last_own:
            return _above_introduction(lines, number)
        if len(line) > LONGEST_SIGN:
            continue
        if _FORWARDED.search(line):
            return len(lines)
        if _DIVIDER.fullmatch(line.strip()) or _is_outlook(lines, number):
            return _above_rule(lines, number)
    return len(lines)


def _is_outlook(lines: list[str], number: int) -> bool:
    if not _FROM.fullmatch(lines[number].strip()):
        return False
    return any(_SENT.match(line.strip()[:LONGEST_SIGN]) for line in lines[number + 1 : number + 1 + NEAR])


def _above_rule(lines: list[str], number: int) -> int:
    """Take the rule of underscores above it with it."""
    above = number - 1
    while above > 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and set(lines[above].strip()) == {"_"} else number


def _above_introduction(lines: list[str], number: int) -> int:
    last = number - 1
    while last >= 0 and not lines[last].strip():
        last -= 1
    if last < 0 or not lines[last].rstrip().endswith((":", "\uff1a")):
        return number
    first = last
    # A long introduction is wrapped, and begins after an empty line.
    while first > 0 and lines[first - 1].strip() and last - first < MOST_LINES_OF_INTRODUCTION:
        first -= 1
    return first if first == 0 or not lines[first - 1].strip() else last
