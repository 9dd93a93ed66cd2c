"""Regular expressions that managers write and that strangers' texts are matched against, both bounded.

Python's own ``re`` has no time limit, and a harmless pattern can take minutes on a text made for it. The
package ``regex`` ends a search in time, but not a compilation: what compiles slowly is refused when saved.
"""

import re
import time
from dataclasses import dataclass

import regex

LONGEST_PATTERN = 200
LONGEST_VALUE = 2_000
LARGEST_COUNT = 1_000
#: The time for all patterns of one payload together, in seconds.
TIME_LIMIT = 1.0

#: A pattern as other languages write it, with flags.
DELIMITED = re.compile(r"/(?P<source>.*)/(?P<flags>[a-z]*)", re.DOTALL)
#: "u" changes nothing, since every pattern is a Unicode pattern.
FLAGS = {"i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "u": 0}
#: The extensions that may follow "(?". Others, such as comments or recursion, could hide a repetition.
EXTENSION = re.compile(r":|=|!|>|<[=!]|P?<[^\W\d]\w*>|P=\w+\)|[ims]+(?:-[ims]+)?[:)]")
#: The tokens of a pattern that matter to repetitions.
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
    """The patterns of a template did not finish in time on a payload."""


@dataclass
class Deadline:
    """The moment by which all patterns of one payload must finish."""

    ends_at: float

    @classmethod
    def starting_now(cls) -> "Deadline":
        return cls(time.monotonic() + TIME_LIMIT)

    @property
    def seconds_left(self) -> float:
        return self.ends_at - time.monotonic()


def compile_pattern(text: str) -> regex.Pattern[str]:
    """Compile a pattern, which may be written as ``/.../flags``.

    :raises ValueError: with a message for the manager who wrote it.
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
    """Refuse a repeated group that itself repeats something, and whatever makes a compilation explode.

    :raises ValueError: with a message for the manager who wrote it.
    """
    # For each open group, the outermost first: whether something in it is repeated.
    repeats = [False]
    ended_group_repeats = False
    for token in TOKEN.finditer(source):
        if token["opened"]:
            if source.startswith("?", token.end()) and not EXTENSION.match(source, token.end() + 1):
                raise ValueError("A pattern may have plain, named, atomic and lookaround groups only.")
            repeats.append(False)
            ended_group_repeats = False
        elif token["closed"]:
            if len(repeats) == 1:
                raise ValueError("The pattern closes a bracket that it did not open.")
            ended_group_repeats = repeats.pop()
            # A group that repeats makes the group around it repeat too.
            repeats[-1] |= ended_group_repeats
        # Empty braces are plain characters; "{,}" means any number of times.
        elif token["repeat"] and token["repeat"] != "{}":
            if ended_group_repeats:
                raise ValueError("A pattern may not repeat a group that repeats something itself.")
            counts = [int(count) for count in (token["least"], token["most"]) if count]
            if any(count > LARGEST_COUNT for count in counts):
                raise ValueError(f"A pattern may repeat something at most {LARGEST_COUNT} times.")
            repeats[-1] = True
        else:
            ended_group_repeats = False


def extract(pattern: regex.Pattern[str], value: str, deadline: Deadline) -> str | None:
    """Return the first group of a pattern's match in a value, else the whole match; None for no match.

    :raises ValueError: if the value is too long to be matched.
    :raises SlowPattern: if the search does not end before the deadline.
    """
    if len(value) > LONGEST_VALUE:
        raise ValueError(f"A value that a pattern is matched against has at most {LONGEST_VALUE} characters.")
    seconds = deadline.seconds_left
    # A timeout of 0 would mean none.
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
