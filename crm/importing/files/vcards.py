"""Reads vCards of the versions 2.1, 3.0 and 4.0: a card is a row, its properties are cells.

The titles of the columns are those of ``crm/importing/products/tables/vcard.toml``, numbered where a card
may have several: ``TEL``, ``TEL 2``, ``ADR 2 city``.
"""

import re
from collections.abc import Iterator

from crm.importing.files.content_lines import ContentLine, content_lines
from crm.importing.files.options import LONGEST_CELL, MOST_COLUMNS, FileRefused
from crm.importing.files.rows import Description, RawRow, Table
from crm.importing.files.texts import TextFile

NAMES = ("lastname", "firstname", "middlename", "prefix", "suffix")
ADDRESS = ("box", "address 2", "address", "city", "state", "zip", "country")
#: Properties about the card itself, and pictures, sounds and keys: not a person's data.
PASSED_OVER = frozenset({"BEGIN", "END", "VERSION", "PRODID", "REV", "PROFILE", "X-ABLABEL", "CLASS", "KIND"})
BINARY = frozenset({"PHOTO", "LOGO", "SOUND", "KEY"})
MOBILE = frozenset({"CELL", "MOBILE", "IPHONE"})
NO_PHONE = frozenset({"FAX", "PAGER", "BBS", "MODEM"})
_DAY = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})(?:[T ].*)?")
#: By which Apple says that a birthday has no year.
NO_YEAR = "X-APPLE-OMIT-YEAR"


def vcard_table(text: TextFile) -> Table:
    """Return the cards of a file as a table.

    :raises FileRefused: at a line that belongs to no card, or is no property.
    """
    columns: dict[str, int] = {}
    for line, cells in _cards(text):
        for title in cells:
            columns.setdefault(title, len(columns))
        if len(columns) > MOST_COLUMNS:
            raise FileRefused(f"Line {line}: more than {MOST_COLUMNS:,} different properties.")
    if not columns:
        raise FileRefused("The file holds no card with a property.")

    def raw_rows() -> Iterator[RawRow]:
        for line, cells in _cards(text):
            yield line, [cells.get(title, "") for title in columns], {}

    description = Description(format="vCard", encoding=text.encoding)
    return Table(description=description, columns=list(columns), raw_rows=raw_rows, has_header=False)


def _cards(text: TextFile) -> Iterator[tuple[int, dict[str, str]]]:
    began, cells = 0, dict[str, str]()
    for line in content_lines(text):
        word = line.value.strip().upper()
        if line.name == "BEGIN" and word == "VCARD":
            if began:
                raise FileRefused(f"Line {line.line}: a card begins within that of line {began}.")
            began, cells = line.line, {}
        elif not began:
            raise FileRefused(f"Line {line.line}: {line.name} stands outside of a card.")
        elif line.name == "END" and word == "VCARD":
            yield began, cells
            began = 0
        else:
            _note(line, cells)
    if began:
        raise FileRefused(f"Line {began}: the card that begins here never ends.")


def _note(line: ContentLine, cells: dict[str, str]) -> None:
    if line.name in PASSED_OVER:
        return
    if line.name == "N":
        for name, part in zip(NAMES, line.parts(), strict=False):
            _set(line, cells, f"N {name}", part)
    elif line.name == "ADR":
        _add_address(line, cells)
    elif line.name == "ORG":
        name, *units = line.parts()
        _set(line, cells, "ORG", name)
        _set(line, cells, "ORG unit", ", ".join(unit for unit in units if unit))
    elif line.name in ("TEL", "EMAIL", "URL", "IMPP", "NICKNAME"):
        _add(line, cells, _title_of(line), _bare(line))
    elif line.name == "BDAY":
        _set(line, cells, *_birthday(line))
    elif line.name == "CATEGORIES":
        names = [name for name in line.parts(",") if name]
        cells["CATEGORIES"] = ";".join([*filter(None, [cells.get("CATEGORIES")]), *names])
    elif line.name in BINARY:
        # Listed as a column, but never kept: a picture would be larger than all else.
        cells[line.name] = "yes"
    else:
        _add(line, cells, line.name, line.parts("\0")[0])


def _title_of(line: ContentLine) -> str:
    if line.name != "TEL":
        return line.name
    if line.types & NO_PHONE:
        return f"TEL {min(line.types & NO_PHONE).lower()}"
    return "TEL cell" if line.types & MOBILE else "TEL"


def _bare(line: ContentLine) -> str:
    """Return a value without the scheme that version 4.0 writes before it."""
    text = line.parts("\0")[0]
    scheme, _, rest = text.partition(":")
    return rest if scheme.lower() in ("tel", "mailto") else text


def _add_address(line: ContentLine, cells: dict[str, str]) -> None:
    parts = dict(zip(ADDRESS, line.parts(), strict=False))
    if not any(parts.values()):
        return
    # By any part: an address may lack a street.
    taken = {title.rpartition(" ")[0] for title in cells if title.startswith("ADR")}
    taken = {title.removesuffix(" address") for title in taken}
    number = 1
    while _numbered("ADR", number) in taken:
        number += 1
    for name, part in parts.items():
        _set(line, cells, f"{_numbered('ADR', number)} {name}", " ".join(part.split()))


def _birthday(line: ContentLine) -> tuple[str, str]:
    """Return the column and the day, in ISO 8601 where it has a year."""
    text = line.parts("\0")[0]
    found = _DAY.fullmatch(text)
    if found is None or found.group(1) in line.parameters.get(NO_YEAR, ()):
        return ("BDAY", text) if not text.startswith("--") and found is None else ("BDAY without year", text)
    return "BDAY", "-".join(found.groups())


def _numbered(title: str, number: int) -> str:
    return title if number == 1 else f"{title} {number}"


def _add(line: ContentLine, cells: dict[str, str], title: str, text: str) -> None:
    """Set the first free column of a title; a value that is there already is not repeated."""
    number = 1
    while (name := _numbered(title, number)) in cells:
        if cells[name] == text:
            return
        number += 1
    _set(line, cells, name, text)


def _set(line: ContentLine, cells: dict[str, str], title: str, text: str) -> None:
    if not text:
        return
    if len(text) > LONGEST_CELL:
        raise FileRefused(f"Line {line.line}: a value has {LONGEST_CELL:,} characters at most.")
    # Here, since a card with more would take ever longer to number.
    if len(cells) >= MOST_COLUMNS:
        raise FileRefused(f"Line {line.line}: a card has {MOST_COLUMNS:,} properties at most.")
    cells[title] = text
