"""A CSV file as rows with line numbers, or one sentence on why it is none."""

import io
import tracemalloc
from typing import Any

import pytest

from crm.importing.reading import LONGEST_LINE_BYTES, FileRefused, read_rows


def rows_of(data: bytes, **options):
    return [(row.line, row.cells) for row in read_rows(io.BytesIO(data), **options)]


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"", []),
        (b"\n \n,,\n", []),
        (b"a,b\n1,2\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"a,b\r\n1,2\r\n", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"a,b\n1,2", [(1, ["a", "b"]), (2, ["1", "2"])]),
        (b"\xef\xbb\xbfa\n1\n", [(1, ["a"]), (2, ["1"])]),
        (b"a\n\n\n1\n", [(1, ["a"]), (4, ["1"])]),
        (b'a,b\n"x, ""y""\r\n z",2\n3,4\n', [(1, ["a", "b"]), (2, ['x, "y"\r\n z', "2"]), (4, ["3", "4"])]),
        ("a\nŁódź 東京 🙂\n".encode(), [(1, ["a"]), (2, ["Łódź 東京 🙂"])]),
        # Only the line ends of CSV end a line: others are text.
        ("a\nx\u2028y\x85z\n".encode(), [(1, ["a"]), (2, ["x\u2028y\x85z"])]),
        (b"a,b\n1\n1,2,3\n", [(1, ["a", "b"]), (2, ["1"]), (3, ["1", "2", "3"])]),
        (b"a\n" + b"x" * 131_072 + b"\n", [(1, ["a"]), (2, ["x" * 131_072])]),
    ],
)
def test_rows(data, rows):
    assert rows_of(data) == rows


@pytest.mark.parametrize("delimiter", [";", "|", "\t"])
def test_delimiter(delimiter):
    assert rows_of(f"a{delimiter}b,c\n".encode(), delimiter=delimiter) == [(1, ["a", "b,c"])]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "a\nb\nJosé\n".encode("latin-1"),
            "Line 3: byte 4 of the line, 0xE9, is not UTF-8. Save the file as UTF-8.",
        ),
        (
            "a\n1\n".encode("utf-16"),
            "Line 1: byte 1 of the line, 0xFF, is not UTF-8. Save the file as UTF-8.",
        ),
        # A lone surrogate and an overlong form are no UTF-8 either.
        (b"a\n\xed\xa0\x80\n", "Line 2: byte 1 of the line, 0xED, is not UTF-8. Save the file as UTF-8."),
        (b"a\n\xc0\xaf\n", "Line 2: byte 1 of the line, 0xC0, is not UTF-8. Save the file as UTF-8."),
        (b"a\nx\0y\n", "Line 2: there is a NUL character."),
        (b'a\n1\n"x\ny\nz\n', "Line 3: a quote is opened here and never closed."),
        (b'a\n"x"y\n', "Line 2: ',' expected after '\"'."),
        (
            b"a\rb\rc\r",
            "Line 1: the line ends with a carriage return alone. Save the file with usual line ends.",
        ),
        (
            b"a\n" + b"x" * 131_073 + b"\n",
            "Line 2: a cell has 131,072 characters at most; a quote may be left open.",
        ),
        (
            b'a\n"' + b"x\n" * 70_000,
            "Line 2: a cell has 131,072 characters at most; a quote may be left open.",
        ),
        (b"a\n" + b"x," * LONGEST_LINE_BYTES, "Line 2: a line has 4,194,304 bytes at most."),
    ],
)
def test_refused(data, message):
    with pytest.raises(FileRefused) as refused:
        rows_of(data)

    assert str(refused.value) == message


class Endless(io.RawIOBase):
    """A file of many lines that are made as they are read."""

    def __init__(self, lines: int) -> None:
        self.left = lines

    def readline(self, size: int | None = -1) -> bytes:
        self.left -= 1
        return b"Jane,Doe,jane@example.com\n" if self.left >= 0 else b""


def test_memory_does_not_grow_with_the_file():
    file: Any = Endless(20_000)

    tracemalloc.start()
    count = sum(1 for _ in read_rows(file))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 20_000
    assert peak < 1_000_000
