"""Opens a file of any format as a table."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from tempfile import TemporaryFile
from typing import IO, Any, BinaryIO

from crm.importing.files.delimited import delimited_table
from crm.importing.files.headers import IsKnown
from crm.importing.files.json_lines import json_lines_table
from crm.importing.files.options import FileOptions, FileRefused, Limits
from crm.importing.files.rows import Table, check_columns
from crm.importing.files.sheets import sheet_table
from crm.importing.files.texts import TextFile
from crm.importing.files.unpacking import GZIP_START, unpacked
from crm.importing.files.vcards import vcard_table

ZIP_START = b"PK\x03\x04"
#: Formats that we do not read, by how their files begin, and what to do about each.
OTHERS = (
    (b"\xd0\xcf\x11\xe0", "The file is an old Excel workbook or has a password. Save it as XLSX or CSV."),
    (b"%PDF", "The file is a PDF document. Export the table as CSV or XLSX."),
    (b"PK\x05\x06", "The file is an empty ZIP archive."),
    (GZIP_START, "The file is compressed twice. Unpack it."),
)
_MARKUP = re.compile(r"\s*<(!doctype|html|\?xml|table|[a-z]+[ >])", re.IGNORECASE)
_CARD = re.compile(r"\s*BEGIN\s*:\s*VCARD", re.IGNORECASE)
#: How much of a file of text tells its format, in characters.
START = 1024


@contextmanager
def open_table(
    file: Any,
    options: FileOptions | None = None,
    *,
    is_known: IsKnown = lambda _: False,
    limits: Limits | None = None,
) -> Iterator[Table]:
    """Yield a file as a table, for as long as it is open: CSV, TSV, XLSX, JSON Lines or vCard, also in gzip.

    :param is_known: whether a text is the title of a column, by which delimiter and header are recognised.
    :raises FileRefused: if the file cannot be read, with the line and what to do.
    """
    options, limits = options or FileOptions(), limits or Limits()
    with (
        unpacked(file, most_bytes=limits.unpacked_bytes) as (source, is_compressed),
        TemporaryFile() as lines,
    ):
        table = _table(source, lines, options, is_known, limits)
        check_columns(table.columns, line=table.description.header_row or 1)
        yield replace(table, description=replace(table.description, is_compressed=is_compressed))


def _table(
    file: BinaryIO, lines: IO[bytes], options: FileOptions, is_known: IsKnown, limits: Limits
) -> Table:
    file.seek(0)
    start = file.read(8)
    for mark, said in OTHERS:
        if start.startswith(mark):
            raise FileRefused(said)
    if start.startswith(ZIP_START):
        _refuse(options, "an XLSX file", "encoding", "delimiter")
        return sheet_table(file, lines, options, is_known, limits)
    text = TextFile(file, options.encoding)
    first = next((line for line in text.lines() if line.strip()), "")[:START]
    if _CARD.match(first):
        _refuse(options, "a vCard file", "delimiter", "header_row", "sheet")
        return vcard_table(text)
    if first.lstrip().startswith("{"):
        _refuse(options, "JSON Lines", "delimiter", "header_row", "sheet")
        return json_lines_table(text)
    if first.lstrip().startswith("[") and first.lstrip()[1:].lstrip()[:1] in ("", "{"):
        raise FileRefused("The file is a JSON array. Write one object on each line (JSON Lines).")
    if _MARKUP.match(first):
        raise FileRefused("The file is HTML or XML, whatever its name. Save it as CSV or XLSX.")
    _refuse(options, "a CSV file", "sheet")
    return delimited_table(text, options, is_known)


def _refuse(options: FileOptions, kind: str, *names: str) -> None:
    for name in names:
        if getattr(options, name) is not None:
            raise FileRefused(f"The file is {kind}, which has no {name.replace('_', ' ')}: leave it out.")
