"""Reads a file of text line by line, strictly in its encoding."""

import codecs
import io
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from crm.charsets import codec_of, contains_ascii
from crm.importing.files.encodings import not_utf8
from crm.importing.files.options import LONGEST_LINE, FileRefused

#: Longer marks first: that of UTF-16 begins that of UTF-32.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
PIECE = 64 * 1024


class TextFile:
    """A file of text: its encoding, and its lines with their ends.

    :raises FileRefused: if the encoding that was named is none, or not that of the file's mark.
    """

    def __init__(self, file: BinaryIO, encoding: str | None = None) -> None:
        self._file = file
        file.seek(0)
        start = file.read(4)
        mark, marked = next(((mark, name) for mark, name in MARKS if start.startswith(mark)), (b"", None))
        self._begin = len(mark)
        self._is_told = encoding is not None
        self.encoding = marked or "utf-8"
        if encoding is not None:
            try:
                self.encoding = codec_of(encoding).name
            except LookupError:
                raise FileRefused(f"{encoding} is not a known encoding.") from None
            if marked is not None and not marked.startswith(self.encoding):
                raise FileRefused(f"The file is marked as {marked}: leave --encoding out.")
            self.encoding = marked or self.encoding
        elif marked is None and len(start) == 4 and b"\0" in (start[:1], start[1:2]):
            guess = "utf-16-le" if start[1:2] == b"\0" else "utf-16-be"
            if start.replace(b"\0", b"", 2).isascii() and start.count(b"\0") == 2:
                raise FileRefused(
                    f"Line 1: there is a NUL character. If this is UTF-16, say so: --encoding {guess}"
                )

    def lines(self) -> Iterator[str]:
        """Yield the lines; only a line feed ends one.

        :raises FileRefused: at bytes that are not of the encoding, a NUL, or a line too long.
        """
        self._file.seek(self._begin)
        text = io.TextIOWrapper(self._file, self.encoding, errors="strict", newline="\n")
        number = 0
        try:
            while line := text.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise FileRefused(f"Line {number}: a line has {LONGEST_LINE:,} characters at most.")
                if "\0" in line:
                    raise FileRefused(f"Line {number}: there is a NUL character.")
                yield line
        except UnicodeError:
            self._find_fault()
        finally:
            # Otherwise the wrapper closes the file when it is collected; it may be closed already.
            with suppress(ValueError):
                text.detach()

    def _find_fault(self) -> None:
        """Refuse the file at its first byte that is not of its encoding."""
        self._file.seek(self._begin)
        codec = codec_of(self.encoding)
        if not contains_ascii(codec):
            raise FileRefused(f"Line {self._lines_before_fault(codec)}: the file is not in {codec.name}.")
        number = 0
        while raw := self._file.readline(LONGEST_LINE):
            number += 1
            try:
                codec.decode(raw, "strict")
            except UnicodeError as error:
                place: int = getattr(error, "start", 0)
                where = f"Line {number}: byte {place + 1} of the line, 0x{raw[place]:02X}, is not "
                if self._is_told or codec.name != "utf-8":
                    raise FileRefused(f"{where}{codec.name}.") from None
                raise FileRefused(f"{where}UTF-8. {not_utf8(self._file, raw)}") from None

    def _lines_before_fault(self, codec: codecs.CodecInfo) -> int:
        decoder = codec.incrementaldecoder("strict")
        line = 1
        while True:
            piece = self._file.read(PIECE)
            try:
                line += decoder.decode(piece, final=not piece).count("\n")
            except UnicodeDecodeError as error:
                read, _ = codec.decode(error.object[: error.start], "ignore")
                return line + read.count("\n")
            if not piece:
                return line
