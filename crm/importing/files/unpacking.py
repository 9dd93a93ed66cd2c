"""Opens the bytes of a file: a copy that can be read again, without the gzip around it."""

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from crm.importing.files.options import FileRefused

GZIP_START = b"\x1f\x8b"
PIECE = 1 << 20


@contextmanager
def unpacked(file: Any, *, most_bytes: int) -> Iterator[tuple[BinaryIO, bool]]:
    """Yield a file that can be read again and again, and whether it was compressed.

    :param file: anything with ``read``: a file, an upload, standard input.
    :param most_bytes: that it may hold when it is unpacked.
    :raises FileRefused: if it is broken, or larger unpacked than we read.
    """
    with ExitStack() as opened:
        source = _readable_again(file, opened)
        if source.read(len(GZIP_START)) != GZIP_START:
            yield source, False
            return
        source.seek(0)
        target = opened.enter_context(TemporaryFile())
        _unpack(source, target, most_bytes)
        yield target, True


def _readable_again(file: Any, opened: ExitStack) -> Any:
    """Return a file at its beginning, or a copy of one that cannot be read again."""
    # An upload may have been read before.
    is_seekable = file.seekable() if hasattr(file, "seekable") else False
    if is_seekable:
        file.seek(0)
    if is_seekable and isinstance(file, io.BufferedIOBase | io.RawIOBase):
        return file
    copy = opened.enter_context(TemporaryFile())  # noqa: SIM115 - closed by the stack
    while piece := file.read(PIECE):
        copy.write(piece)
    copy.seek(0)
    return copy


def _unpack(source: BinaryIO, target: Any, most_bytes: int) -> None:
    size = 0
    try:
        with gzip.GzipFile(fileobj=source) as packed:
            while piece := packed.read(PIECE):
                size += len(piece)
                if size > most_bytes:
                    raise FileRefused(
                        f"The file holds more than {most_bytes // 2**20:,} MB when it is unpacked."
                        " Unpack it and import it in parts."
                    )
                target.write(piece)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileRefused("The gzip file is damaged or cut off. Compress it again.") from error
    target.seek(0)
