"""Reads CSV and its relatives: cells between commas, semicolons, bars or tabs."""

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import takewhile
from typing import Any

from crm.importing.files.headers import IsKnown, header_place, known_titles
from crm.importing.files.options import DELIMITERS, HEADER_LINES, LONGEST_CELL, FileOptions, FileRefused
from crm.importing.files.rows import Description, RawRow, Table, check_columns
from crm.importing.files.texts import TextFile

#: A line that some spreadsheets write and read above the header.
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)


def delimited_table(text: TextFile, options: FileOptions, is_known: IsKnown) -> Table:
    """Return a CSV file as a table.

    :raises FileRefused: if it has no header.
    """
    first = next(text.lines(), "")
    told = _SEP_LINE.fullmatch(first)
    skipped = 1 if told else 0
    delimiter = options.delimiter or (told.group(1) if told else _delimiter_of(text, is_known))
    # Faults beyond the header are found by whoever reads the rows.
    head = _head(text, delimiter, skipped, may_break=True) or _head(text, delimiter, skipped, may_break=False)
    place = header_place(head, is_known, options.header_row)
    line, columns = head[place]
    check_columns(columns, line=line)

    def raw_rows() -> Iterator[RawRow]:
        # Blank lines too: what follows one may be no row.
        for number, cells in _records(text, delimiter, skipped):
            if number > line:
                yield number, cells, {}

    description = Description(
        format="TSV" if delimiter == "\t" else "CSV",
        encoding=text.encoding,
        delimiter=delimiter,
        header_row=line,
    )
    return Table(description=description, columns=columns, raw_rows=raw_rows)


def _records(text: TextFile, delimiter: str, skipped: int) -> Iterator[tuple[int, list[str]]]:
    lines = text.lines()
    for _ in range(skipped):
        next(lines, None)
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = skipped + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise FileRefused(f"Line {line}: {_in_words(error)}") from error
        if cells is None:
            return
        yield line, cells


def _head(text: TextFile, delimiter: str, skipped: int, *, may_break: bool) -> list[Any]:
    """Return the records of the first lines.

    :param may_break: end at a fault, and leave it to whoever reads the rows.
    """
    head: list[tuple[int, list[str]]] = []
    with suppress(*[FileRefused] if may_break else []):
        records = takewhile(lambda record: record[0] <= HEADER_LINES, _records(text, delimiter, skipped))
        head.extend((line, cells) for line, cells in records if any(cell.strip() for cell in cells))
    return head


def _delimiter_of(text: TextFile, is_known: IsKnown) -> str:
    """Return the delimiter that makes the most known titles of a line, else the most cells of the first."""

    def score(delimiter: str) -> tuple[int, int]:
        head = _head(text, delimiter, 0, may_break=True)
        known = max((known_titles(cells, is_known) for _, cells in head), default=0)
        return known if known > 1 else 0, len(head[0][1]) if head else 0

    return max(DELIMITERS.values(), key=score)


def _in_words(error: csv.Error) -> str:
    message = str(error)
    if "unexpected end of data" in message:
        return "a quote is opened here and never closed."
    if "field larger" in message:
        return f"a cell has {LONGEST_CELL:,} characters at most; a quote may be left open."
    if "new-line" in message:
        return "the line ends with a carriage return alone. Save the file with usual line ends."
    return f"{message}."
