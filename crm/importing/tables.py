"""Converts an uploaded file of rows to CSV in UTF-8."""

import codecs
import csv
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO

from crm.charsets import codec_of
from crm.importing.reading import LONGEST_LINE_BYTES, FileRefused
from crm.importing.sheets import is_sheet, sheet_to_csv

DELIMITERS = ",;|\t"
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@contextmanager
def as_csv(file: BinaryIO, *, encoding: str | None = None) -> Iterator[BinaryIO]:
    """Yield a file as CSV in UTF-8, at its beginning; cells and delimiter of a CSV file stay the same.

    UTF-8 and, by its mark, UTF-16 are known by themselves. Any other encoding has to be named: a wrong guess
    would spoil names without a word.

    """
    start = file.read(4)
    file.seek(0)
    with TemporaryFile() as target:
        if is_sheet(start):
            sheet_to_csv(file, target)
        elif encoding is not None or start.startswith(UTF_16_MARKS):
            _recode(file, target, encoding or "utf-16")
        else:
            shutil.copyfileobj(file, target)
        target.seek(0)
        yield target


def _recode(file: BinaryIO, target: BinaryIO, encoding: str) -> None:
    try:
        known = codec_of(encoding)
    except LookupError:
        raise FileRefused(f"{encoding} is not a known encoding.") from None
    text = io.TextIOWrapper(file, encoding=known.name, errors="strict", newline="")
    try:
        while part := text.read(64 * 1024):
            target.write(part.encode())
    except UnicodeError as error:
        raise FileRefused(f"The file is not in {known.name}: {error.reason}.") from error  # type: ignore[attr-defined]  # of both kinds
    finally:
        # Otherwise the wrapper closes the upload when it is collected.
        text.detach()


def delimiter_of(file: BinaryIO) -> str:
    """Return the delimiter of a CSV file: the one of ``, ; | tab`` that splits its header most.

    The file stands at its beginning afterwards.
    """
    header = file.readline(LONGEST_LINE_BYTES).decode(errors="replace")
    file.seek(0)

    def cells(delimiter: str) -> int:
        try:
            return len(next(csv.reader([header], delimiter=delimiter), []))
        except csv.Error:
            return 0

    return max(DELIMITERS, key=cells)
