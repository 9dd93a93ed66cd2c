"""Reads XLSX files in a process of its own, so that a malicious file cannot exhaust our memory."""

import errno
import os
import subprocess
import sys
import zipfile
from typing import BinaryIO

from crm.importing.reading import FileRefused

MOST_ROWS = 100_000
MOST_COLUMNS = 256
MOST_MEMBERS = 1_000
MOST_UNPACKED_BYTES = 150 * 1024 * 1024
HIGHEST_RATIO = 100
MEMORY_BYTES = 512 * 1024 * 1024
CPU_SECONDS = 20
TOO_LARGE, NO_ROOM = 3, 4
ZIP_START = b"PK\x03\x04"

#: Reads the first sheet of the file on standard input, and writes it as CSV. Formulas are never evaluated.
READER = f"""
import csv, io, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({CPU_SECONDS}, {CPU_SECONDS}))
resource.setrlimit(resource.RLIMIT_AS, ({MEMORY_BYTES}, {MEMORY_BYTES}))
from python_calamine import CalamineWorkbook
def text(cell):
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return cell.isoformat() if hasattr(cell, "isoformat") else str(cell)
sheet = CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read())).get_sheet_by_index(0)
if sheet.total_height > {MOST_ROWS + 1} or sheet.total_width > {MOST_COLUMNS}:
    sys.exit({TOO_LARGE})
try:
    with io.TextIOWrapper(sys.stdout.buffer, "utf-8", newline="") as written:
        out = csv.writer(written)
        for row in sheet.iter_rows():
            out.writerow([text(cell) for cell in row])
except OSError:
    sys.exit({NO_ROOM})
"""


def is_sheet(start: bytes) -> bool:
    """Return whether a file starts like a ZIP archive, as XLSX files do."""
    return start.startswith(ZIP_START)


def sheet_to_csv(file: BinaryIO, target: BinaryIO) -> None:
    """Write the first sheet of an XLSX file as CSV in UTF-8."""
    _check_directory(file)
    file.seek(0)
    try:
        done = subprocess.run(  # noqa: S603 - the program is our own, and the file its input
            [sys.executable, "-I", "-c", READER],  # -I: no environment or user packages.
            input=file.read(),
            stdout=target,
            stderr=subprocess.DEVNULL,
            timeout=4 * CPU_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise FileRefused("The sheet takes too long to read. Convert it to CSV.") from None
    if done.returncode == TOO_LARGE:
        raise FileRefused(
            f"A sheet has at most {MOST_ROWS:,} rows and {MOST_COLUMNS} columns. Convert it to CSV."
        )
    if done.returncode == NO_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if done.returncode != 0:
        raise FileRefused("The sheet cannot be read. Convert it to CSV.")


def _check_directory(file: BinaryIO) -> None:
    try:
        with zipfile.ZipFile(file) as packed:
            # The directory declares the sizes, so nothing is unpacked to check them.
            members = packed.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise FileRefused("The file is no XLSX file.") from error
    unpacked = sum(member.file_size for member in members)
    packed_bytes = sum(member.compress_size for member in members) or 1
    if (
        len(members) > MOST_MEMBERS
        or unpacked > MOST_UNPACKED_BYTES
        or unpacked / packed_bytes > HIGHEST_RATIO
    ):
        raise FileRefused("The sheet is too large when it is unpacked. Convert it to CSV.")
