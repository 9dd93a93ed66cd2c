"""Reads XLSX files by way of a limited process."""

import errno
import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, BinaryIO

from crm.importing.files import sheet_reader
from crm.importing.files.headers import IsKnown, header_place
from crm.importing.files.options import (
    HEADER_LINES,
    LONGEST_CELL,
    MOST_COLUMNS,
    FileOptions,
    FileRefused,
    Limits,
)
from crm.importing.files.rows import Description, Plain, RawRow, Table

MOST_MEMBERS = 1_000
HIGHEST_RATIO = 100
#: Below this size no ratio is suspicious: a small table of equal cells is packed well.
SMALL_BYTES = 1024 * 1024


def sheet_table(
    file: BinaryIO, lines: IO[bytes], options: FileOptions, is_known: IsKnown, limits: Limits
) -> Table:
    """Return a sheet of an XLSX file as a table.

    :param lines: an empty file for its rows, which stays open as long as the table is used.
    :raises FileRefused: if it is no such file, too large, or holds several sheets and none is named.
    """
    _check_directory(file, limits)
    if "\0" in (options.sheet or ""):
        raise FileRefused("The name of a sheet holds no NUL character.")
    _read(file, lines, options.sheet or "", limits)
    name = json.loads(lines.readline())

    def records() -> Iterator[RawRow]:
        lines.seek(0)
        lines.readline()
        for raw in lines:
            line, cells, faults = json.loads(raw, parse_int=Plain, parse_float=Plain)
            if any(len(cell) > LONGEST_CELL for cell in cells):
                raise FileRefused(f"Line {line}: a cell has {LONGEST_CELL:,} characters at most.")
            yield int(line), cells, {int(place): said for place, said in faults.items()}

    head: list[tuple[int, list[str]]] = []
    for line, cells, _ in records():
        if line > HEADER_LINES and head:
            break
        head.append((line, cells))
    header_line, columns = head[header_place(head, is_known, options.header_row)]

    def raw_rows() -> Iterator[RawRow]:
        return (record for record in records() if record[0] > header_line)

    description = Description(format="XLSX", sheet=name or None, header_row=header_line)
    return Table(description=description, columns=columns, raw_rows=raw_rows)


def _read(file: BinaryIO, target: IO[bytes], sheet: str, limits: Limits) -> None:
    """Write the sheet's name and its rows, a line of JSON each."""
    numbers = (limits.rows, MOST_COLUMNS, limits.memory_bytes, limits.cpu_seconds)
    # A copy: the process needs a descriptor, at its beginning.
    with TemporaryFile() as source:
        file.seek(0)
        shutil.copyfileobj(file, source)
        source.flush()
        os.lseek(source.fileno(), 0, os.SEEK_SET)
        try:
            done = subprocess.run(  # noqa: S603 - the program is our own, and the file its input
                # -I: no environment or user packages.
                [sys.executable, "-I", str(Path(sheet_reader.__file__)), sheet, *map(str, numbers)],
                stdin=source,
                stdout=target,
                stderr=subprocess.DEVNULL,
                timeout=4 * limits.cpu_seconds,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise FileRefused("The sheet takes too long to read. Convert it to CSV.") from None
    target.seek(0)
    _check_end(done.returncode, target, sheet, limits)


def _check_end(code: int, target: IO[bytes], sheet: str, limits: Limits) -> None:
    if code == sheet_reader.TOO_LARGE:
        raise FileRefused(
            f"A sheet has at most {limits.rows:,} rows and {MOST_COLUMNS:,} columns. Convert it to CSV."
        )
    if code == sheet_reader.NO_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if code == sheet_reader.ENCRYPTED:
        raise FileRefused("The workbook has a password. Save it without one.")
    if code in (sheet_reader.SEVERAL_SHEETS, sheet_reader.NO_SUCH_SHEET):
        names = ", ".join(json.loads(target.readline()))
        if code == sheet_reader.NO_SUCH_SHEET:
            raise FileRefused(f"There is no sheet {sheet}. The workbook has: {names}.")
        raise FileRefused(f"Several sheets hold data: {names}. Name the one to read: --sheet NAME")
    if code != 0:
        raise FileRefused("The sheet cannot be read. Convert it to CSV.")


def _check_directory(file: BinaryIO, limits: Limits) -> None:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as packed:
            # The directory declares the sizes, so nothing is unpacked to check them.
            members = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise FileRefused("The file is no XLSX file.") from error
    if "xl/workbook.xml" not in {member.filename for member in members}:
        raise FileRefused("The file is a ZIP archive but no XLSX file. Unpack it and import what is in it.")
    unpacked = sum(member.file_size for member in members)
    packed_bytes = sum(member.compress_size for member in members) or 1
    if (
        len(members) > MOST_MEMBERS
        or unpacked > limits.unpacked_bytes
        or (unpacked > SMALL_BYTES and unpacked / packed_bytes > HIGHEST_RATIO)
    ):
        raise FileRefused("The sheet is too large when it is unpacked. Convert it to CSV.")
