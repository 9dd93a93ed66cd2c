"""CSV and its relatives as rows with line numbers, or one sentence on why a file is none."""

import io
import tracemalloc

import pytest

from crm.importing.files.options import LONGEST_LINE, MOST_COLUMNS
from crm.importing.files.table import open_table
from tests.imports.files.tables import faults_of, refusal_of, rows_of, table_of


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (b"a,b\n1,2\n", [(2, ["1", "2"])]),
        (b"a,b\r\n1,2\r\n", [(2, ["1", "2"])]),
        (b"a,b\n1,2", [(2, ["1", "2"])]),
        (b"\xef\xbb\xbfa,b\n1,2\n", [(2, ["1", "2"])]),
        (b"a\n\n \n1\n", [(4, ["1"])]),
        (b'a,b\n"x, ""y""\r\n z",2\n3,4\n', [(2, ['x, "y"\r\n z', "2"]), (4, ["3", "4"])]),
        ("a\nŁódź 東京 🙂\n".encode(), [(2, ["Łódź 東京 🙂"])]),
        # Only a line feed ends a line: others are text.
        ("a\nx\u2028y\x85z\n".encode(), [(2, ["x\u2028y\x85z"])]),
        # A shorter row lacks its last cells, and empty cells beyond the last column are none.
        (b"a,b,c\n1\n1,2,3,,\n,,\n", [(2, ["1", "", ""]), (3, ["1", "2", "3"])]),
        (b"a\n" + b"x" * 131_072 + b"\n", [(2, ["x" * 131_072])]),
    ],
)
def test_rows(data, rows):
    assert rows_of(data) == rows


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "The file is empty; its first line names the columns."),
        (b"\n \n", "The file is empty; its first line names the columns."),
        (b"a,b\nx\0y,1\n", "Line 2: there is a NUL character."),
        (b'a\n1\n"x\ny\nz\n', "Line 3: a quote is opened here and never closed."),
        (b'a,b\n"x"y\n', "Line 2: ',' expected after '\"'."),
        (
            b"a\rb\rc\r",
            "Line 1: the line ends with a carriage return alone. Save the file with usual line ends.",
        ),
        (
            b"a\n" + b"x" * 1_000_000,
            "Line 2: a cell has 131,072 characters at most; a quote may be left open.",
        ),
        (
            b'a\n"' + b"x\n" * 70_000,
            "Line 2: a cell has 131,072 characters at most; a quote may be left open.",
        ),
        (b"a\n" + b"x," * LONGEST_LINE, "Line 2: a line has 4,194,304 characters at most."),
        (b"a," * 2_000_000 + b"a\n", f"Line 1: 2,000,001 columns, but a file has {MOST_COLUMNS:,} at most."),
    ],
)
def test_refused(data, message):
    assert refusal_of(data) == message


@pytest.mark.parametrize("sign", [",", ";", "|", "\t"])
def test_delimiter_is_the_one_that_makes_known_titles(sign):
    content = f'firstname{sign}email\nAnn{sign}"a,b;c|d\te"\n'.encode()

    said, columns, rows = table_of(content)

    assert (columns, rows) == (["firstname", "email"], [(2, ["Ann", "a,b;c|d\te"])])
    assert said.startswith("TSV" if sign == "\t" else "CSV")


def test_delimiter_that_is_named_is_taken():
    assert table_of(b"firstname;email,x\nAnn;a\n", delimiter=";")[1] == ["firstname", "email,x"]


@pytest.mark.parametrize("line", [b"sep=;\r\n", b'"sep=;"\n', b"SEP=;\n"])
def test_sep_line_names_the_delimiter(line):
    said, columns, rows = table_of(line + b"a,b;c\n1;2\n")

    assert (columns, rows) == (["a,b", "c"], [(3, ["1", "2"])])
    assert said == "CSV, encoding utf-8, delimiter ;, header in line 2"


def test_header_is_the_first_line_with_two_known_titles():
    content = b'Notes:\n"A long\nremark, here"\n\nfirstname,email\nAnn,a@example.com\n'

    said, columns, rows = table_of(content)

    assert (columns, rows) == (["firstname", "email"], [(6, ["Ann", "a@example.com"])])
    assert said.endswith("header in line 5")


def test_header_row_that_is_named_is_taken():
    assert table_of(b"x,y\nfirstname,email\n1,2\n", header_row=1)[1] == ["x", "y"]
    assert refusal_of(b"x\n\ny\n", header_row=2) == (
        "Line 2 holds no header: --header-row names a line with cells among the first 20."
    )


def test_header_below_the_first_lines_is_not_looked_for():
    assert table_of(b"x\n" * 20 + b"firstname,email\n")[1] == ["x"]


def test_cell_beyond_the_last_column_is_named():
    assert faults_of(b"a,b\n1,2,,x\n") == [(2, {2: "4 cells, but 2 columns: column 4 has 'x'."}, None)]


@pytest.mark.parametrize(
    ("rows", "left_out"),
    [
        (b"Ann,1,2\nTotal,,3\n", [(3, {}, "Total: a row of totals is left out.")]),
        (b"Ann,1,2\n,Summe:,3\n", [(3, {}, "Summe:: a row of totals is left out.")]),
        # In the middle only the bare word: a person may be called so.
        (b"Total,,\nAnn,1,2\n", [(2, {}, "Total: a row of totals is left out.")]),
        (b"Total,,3\nAnn,1,2\n", []),
        (b"Ann,1,2\nTotal,Eve,\n", []),
        (b"Ann,1,2\nTotal,1,2\n", []),
        (b"Ann,1,2\nTotally,,3\n", []),
        # Files that were put together.
        (b"Ann,1,2\na,b,c\nBob,1,2\n", [(3, {}, "The titles again: the line is left out.")]),
        (b"Ann,1,2\na,b,d\n", []),
    ],
)
def test_rows_of_totals_and_titles_are_named_and_left_out(rows, left_out):
    assert faults_of(b"a,b,c\n" + rows) == left_out


class Endless(io.RawIOBase):
    """A file of many lines that are made as they are read."""

    LINE = b"Jane,Doe,jane@example.com\n"

    def __init__(self, lines: int) -> None:
        self._size, self._place = lines * len(self.LINE), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        self._place = place
        return place

    def readinto(self, buffer) -> int:
        count = min(len(buffer), self._size - self._place)
        begin = self._place % len(self.LINE)
        buffer[:count] = (self.LINE * (count // len(self.LINE) + 2))[begin : begin + count]
        self._place += count
        return count


def test_memory_does_not_grow_with_the_file():
    tracemalloc.start()
    with open_table(io.BufferedReader(Endless(60_000))) as table:
        count = sum(1 for _ in table.rows())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 59_999
    # The file has a million and a half bytes.
    assert peak < 1_000_000
