"""Reads CSV files as streams of rows with line numbers, in constant memory."""

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.core.files.base import File

from crm.errors import BadUserInput

LONGEST_LINE_BYTES = 4 * 1024 * 1024


class FileRefused(BadUserInput):
    """The file as a whole cannot be read; the message names the line."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """The cells of one record, and the line on which it begins."""

    line: int
    cells: list[str]


def read_rows(file: BinaryIO | File[bytes], *, delimiter: str = ",") -> Iterator[Row]:
    """Yield the records of a CSV file in strict UTF-8, the header first and empty lines left out.

    :raises FileRefused: at the first byte that is not UTF-8, a NUL, an open quote, a cell or line too long.
    """
    reader = csv.reader(_lines(file), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise FileRefused(f"Line {line}: {_in_words(error)}") from error
        if cells is None:
            return
        if any(cell.strip() for cell in cells):
            yield Row(line=line, cells=cells)


def read_header(rows: Iterator[Row]) -> list[str]:
    """Return the cells of the first line."""
    header = next(rows, None)
    if header is None:
        raise FileRefused("The file is empty; its first line names the columns.")
    return header.cells


def _lines(file: BinaryIO | File[bytes]) -> Iterator[str]:
    number = 0
    while raw := file.readline(LONGEST_LINE_BYTES + 1):
        number += 1
        if number == 1:
            # Excel starts UTF-8 files with a mark, which would become part of the first column's name.
            raw = raw.removeprefix(codecs.BOM_UTF8)
        # readline stops there, so an endless line cannot fill the memory.
        if len(raw) > LONGEST_LINE_BYTES:
            raise FileRefused(f"Line {number}: a line has {LONGEST_LINE_BYTES:,} bytes at most.")
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise FileRefused(
                f"Line {number}: byte {error.start + 1} of the line, 0x{raw[error.start]:02X}, is not UTF-8. "
                "Save the file as UTF-8."
            ) from error
        if "\0" in text:
            raise FileRefused(f"Line {number}: there is a NUL character.")
        yield text


def _in_words(error: csv.Error) -> str:
    message = str(error)
    if "unexpected end of data" in message:
        return "a quote is opened here and never closed."
    if "field larger" in message:
        return f"a cell has {csv.field_size_limit():,} characters at most; a quote may be left open."
    if "new-line" in message:
        return "the line ends with a carriage return alone. Save the file with usual line ends."
    return f"{message}."
