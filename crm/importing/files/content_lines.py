"""Reads content lines, of which vCards are made: folded, with groups, parameters and encodings."""

import quopri
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from crm.charsets import codec_of
from crm.importing.files.options import LONGEST_CELL, FileRefused
from crm.importing.files.texts import TextFile

#: A card may hold a picture; its lines are joined up to this many characters.
LONGEST_VALUE = 32 * LONGEST_CELL
_HEAD = re.compile(r"(?:(?P<group>[A-Za-z0-9-]+)\.)?(?P<name>[A-Za-z0-9-]+)(?=[;:])")
_PARAMETER = re.compile(r';(?P<name>[A-Za-z0-9-]+)(?:=(?P<value>(?:"[^"]*"|[^";:])*))?')
#: Encodings that version 2.1 names without ENCODING=.
_BARE_ENCODINGS = {"QUOTED-PRINTABLE", "BASE64", "8BIT", "7BIT", "B"}
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class ContentLine:
    """A property: its name in capitals, its parameters by name in capitals, and its value, still escaped."""

    line: int
    group: str
    name: str
    parameters: Mapping[str, Sequence[str]]
    value: str

    @property
    def types(self) -> frozenset[str]:
        """Return the kinds of phone, address and so on that it names, in capitals."""
        return frozenset(name.upper() for name in self.parameters.get("TYPE", ()))

    def parts(self, separator: str = ";") -> list[str]:
        """Return the parts of a structured value, unescaped."""
        parts, begin = list[str](), 0
        # A backslash belongs to the sign behind it, whatever that is.
        for found in re.finditer(rf"\\.|{re.escape(separator)}", self.value, re.DOTALL):
            if found[0] == separator:
                parts.append(self.value[begin : found.start()])
                begin = found.end()
        return [unescaped(part) for part in (*parts, self.value[begin:])]


def unescaped(text: str) -> str:
    """Return a text without the backslashes before line ends, commas, semicolons and themselves."""
    return _ESCAPE.sub(lambda found: "\n" if found.group(1) in "nN" else found.group(1), text).strip()


def content_lines(text: TextFile) -> Iterator[ContentLine]:
    """Yield the properties of a file.

    :raises FileRefused: at a line that is none.
    """
    for number, line in _unfolded(text):
        yield _parsed(number, line)


def _unfolded(text: TextFile) -> Iterator[tuple[int, str]]:
    """Yield logical lines: one that begins with a space goes on, as does quoted-printable ending in ``=``."""
    began, parts, length = 0, list[str](), 0
    for number, raw in enumerate(text.lines(), 1):
        line = raw.rstrip("\r\n")
        if parts and _is_open(parts[0], parts[-1]):
            parts[-1] = parts[-1].removesuffix("=")
            parts.append(line)
        elif parts and line[:1] in (" ", "\t"):
            parts.append(line[1:])
        else:
            if parts:
                yield began, "".join(parts)
            began, parts, length = number, [line] if line.strip() else [], 0
        length += len(line)
        if length > LONGEST_VALUE:
            raise FileRefused(f"Line {began}: a property has {LONGEST_VALUE:,} characters at most.")
    if parts:
        yield began, "".join(parts)


def _is_open(first: str, last: str) -> bool:
    return last.endswith("=") and "QUOTED-PRINTABLE" in first.partition(":")[0].upper()


def _parsed(number: int, line: str) -> ContentLine:
    head = _HEAD.match(line)
    if head is None:
        raise FileRefused(f"Line {number}: no property of a vCard, such as TEL:+46812345678.")
    place = head.end()
    parameters: dict[str, list[str]] = {}
    while line[place : place + 1] == ";":
        found = _PARAMETER.match(line, place)
        if found is None or found.end() == place:
            raise FileRefused(f"Line {number}: a parameter of {head['name']} cannot be read.")
        _note(parameters, found["name"], found["value"])
        place = found.end()
    if line[place : place + 1] != ":":
        raise FileRefused(f"Line {number}: {head['name']} has no value after a colon.")
    return ContentLine(
        line=number,
        group=head["group"] or "",
        name=head["name"].upper(),
        parameters=parameters,
        value=_decoded(number, line[place + 1 :], parameters),
    )


def _note(parameters: dict[str, list[str]], name: str, value: str | None) -> None:
    if value is None:
        # Version 2.1 names types and encodings without saying what they are.
        key = "ENCODING" if name.upper() in _BARE_ENCODINGS else "TYPE"
        parameters.setdefault(key, []).append(name)
        return
    values = [part.strip().strip('"') for part in value.strip('"').split(",")]
    parameters.setdefault(name.upper(), []).extend(values)


def _decoded(number: int, value: str, parameters: Mapping[str, Sequence[str]]) -> str:
    encoding = "".join(parameters.get("ENCODING", [])).upper()
    if encoding != "QUOTED-PRINTABLE":
        return value
    charset = "".join(parameters.get("CHARSET", [])) or "utf-8"
    try:
        text = quopri.decodestring(value.encode()).decode(codec_of(charset).name)
    except LookupError:
        raise FileRefused(f"Line {number}: {charset} is not a known charset.") from None
    except UnicodeError:
        raise FileRefused(f"Line {number}: the value is not in {charset}.") from None
    # Line ends within a value are written as =0D=0A: below they are escaped as in later versions.
    text = text.replace("\r\n", "\n").replace("\n", "\\n")
    if "\0" in text:
        raise FileRefused(f"Line {number}: there is a NUL character.")
    return text
