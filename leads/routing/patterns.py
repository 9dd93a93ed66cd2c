"""Patterns that managers write for what strangers send: bounded when they are saved and when they match.

Python's own ``re`` knows no time limit, and innocent patterns take minutes on texts made for them. The
package ``regex`` ends a search in time, but not its compilation: what makes that explode is refused before.
"""

import re
import time
from dataclasses import dataclass
from typing import Any

import regex

LONGEST_PATTERN = 200
LONGEST_VALUE = 2_000
LARGEST_COUNT = 1_000
#: What all patterns of one payload may take together, in seconds.
TIME_LIMIT = 1.0

DELIMITED = re.compile(r"/(?P<source>.*)/(?P<flags>[a-z]*)", re.DOTALL)
#: "u" is what every pattern is here: Unicode.
FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "u": 0}
#: What may stand after an opening bracket and "?": what is not read here could hide a repetition.
EXTENSION = re.compile(r":|=|!|>|<[=!]|P?<[^\W\d]\w*>|P=\w+\)|[ims]+(?:-[ims]+)?[:)]")
TOKEN = re.compile(
    r"""
    (?P<escaped> \\. )
    | (?P<characters> \[ \^? \]? (?: \\. | [^\]\\] )* \] )
    | (?P<opened> \( )
    | (?P<closed> \) )
    | (?P<repeat> [*+] | \{ (?P<least> [0-9]* ) (?P<comma> ,? ) (?P<most> [0-9]* ) \} )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)


class SlowPattern(Exception):
    """The patterns of a template did not end in time on a payload."""


@dataclass
class Deadline:
    """The moment at which the patterns of one payload have to be done."""

    ends_at: float

    @classmethod
    def starting_now(cls) -> "Deadline":
        """Give the deadline of a payload whose patterns begin now."""
        return cls(time.monotonic() + TIME_LIMIT)

    @property
    def seconds_left(self) -> float:
        return self.ends_at - time.monotonic()


def compile_pattern(text: str) -> Any:
    """Compile a pattern, which may stand between ``/.../`` with flags after it.

    :raises ValueError: with a sentence that says what is wrong.
    """
    delimited = DELIMITED.fullmatch(text.strip())
    source, letters = (delimited["source"], delimited["flags"]) if delimited else (text, "")
    if not source or len(source) > LONGEST_PATTERN:
        raise ValueError(f"A pattern has 1 to {LONGEST_PATTERN} characters.")
    unknown = sorted(set(letters) - FLAGS.keys())
    if unknown:
        raise ValueError(f"The flags of a pattern are i, m, s and u, not {', '.join(unknown)}.")
    _check_groups(source)
    flags = 0
    for letter in letters:
        flags |= FLAGS[letter]
    try:
        return regex.compile(source, flags)
    except (regex.error, RecursionError, OverflowError) as wrong:
        raise ValueError(f"This pattern cannot be read: {wrong}.") from wrong


def _check_groups(source: str) -> None:
    """Refuse a repeated group in which something is repeated, and all else that grows when it is compiled.

    :raises ValueError: with a sentence that says which.
    """
    repeats = [False]
    ended_group_repeats = False
    for token in TOKEN.finditer(source):
        if token["opened"]:
            if source.startswith("?", token.end()) and not EXTENSION.match(source, token.end() + 1):
                raise ValueError("A pattern has no groups but plain, named, atomic and looking ones.")
            repeats.append(False)
            ended_group_repeats = False
        elif token["closed"]:
            if len(repeats) == 1:
                raise ValueError("A bracket of the pattern is closed that was not opened.")
            ended_group_repeats = repeats.pop()
            repeats[-1] |= ended_group_repeats
        elif token["repeat"] and token["repeat"] not in ("{}", "{,}"):
            if ended_group_repeats:
                raise ValueError("A pattern does not repeat a group in which something is repeated.")
            counts = [int(count) for count in (token["least"], token["most"]) if count]
            if any(count > LARGEST_COUNT for count in counts):
                raise ValueError(f"A pattern repeats something at most {LARGEST_COUNT} times.")
            repeats[-1] = True
        else:
            ended_group_repeats = False


def taken_by(pattern: Any, value: str, deadline: Deadline) -> str | None:
    """Give what a pattern finds in a value: its first group, else all that matches; None for no match.

    :raises ValueError: if the value is longer than patterns are matched against.
    :raises SlowPattern: if the search does not end before the deadline.
    """
    if len(value) > LONGEST_VALUE:
        raise ValueError(f"A value that a pattern is matched against has at most {LONGEST_VALUE} characters.")
    seconds = deadline.seconds_left
    if seconds <= 0:
        raise SlowPattern
    try:
        found = pattern.search(value, timeout=seconds)
    except TimeoutError as late:
        raise SlowPattern from late
    if found is None:
        return None
    first = found[1] if pattern.groups else None
    return str(found[0] if first is None else first)
