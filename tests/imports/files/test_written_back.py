"""A table that a writer of each format wrote is read back as it was."""

import csv
import gzip
import io
import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from tests.imports.files.tables import rows_of, table_of

#: Texts of all scripts; NUL and half surrogates are no text, and a lone CR is no line end of CSV.
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=12)
#: Cells that show something: rows of white space are blank, and the first one may not be a total.
SOLID = TEXTS.map(lambda text: f"x{text}")


@st.composite
def tables(draw: st.DrawFn, texts: st.SearchStrategy[str] = TEXTS) -> list[list[str]]:
    """Draw the rows of a table below its header, each with a first cell that is not blank."""
    width = draw(st.integers(1, 5))
    rows = st.tuples(
        SOLID if texts is TEXTS else texts.map("x{}".format), st.lists(texts, min_size=width, max_size=width)
    )
    return [[first, *rest] for first, rest in draw(st.lists(rows, min_size=1, max_size=5))]


def titles_of(rows: list[list[str]]) -> list[str]:
    return ["firstname", "email", "lastname", "phone", "e", "f"][: len(rows[0])]


@settings(deadline=None, max_examples=150)
@given(
    rows=tables(),
    delimiter=st.sampled_from(",;|\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC]),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    has_sep_line=st.booleans(),
    is_packed=st.booleans(),
)
def test_csv(rows, delimiter, quoting, end, encoding, has_sep_line, is_packed):
    out = io.StringIO(newline="")
    if has_sep_line:
        out.write(f"sep={delimiter}{end}")
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)
    writer.writerows([titles_of(rows), *rows])
    content = out.getvalue().encode(encoding)

    _, columns, read = table_of(gzip.compress(content) if is_packed else content)

    assert columns == titles_of(rows)
    assert [cells for _, cells in read] == rows


@settings(deadline=None, max_examples=100)
@given(rows=tables())
def test_json_lines(rows):
    titles = titles_of(rows)
    lines = [json.dumps(dict(zip(titles, row, strict=True)), ensure_ascii=False) for row in rows]

    assert rows_of("\n".join(lines).encode()) == [(number, row) for number, row in enumerate(rows, 1)]


#: What XML can hold; a lone surrogate or control character cannot be written.
SHEET_TEXTS = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs", "Cn"], exclude_characters="\x7f_\ufffe\uffff"),
    max_size=12,
).filter(lambda text: not text.startswith("="))


# Few: each one starts a process.
@settings(deadline=None, max_examples=12, suppress_health_check=[HealthCheck.too_slow])
@given(rows=tables(SHEET_TEXTS))
def test_xlsx(rows):
    book = Workbook()
    for row in [titles_of(rows), *rows]:
        book.active.append(row)
        for cell in book.active[book.active.max_row]:
            cell.data_type = "s" if cell.value is not None else cell.data_type
    out = io.BytesIO()
    book.save(out)

    # XML does not keep a cell of spaces alone, and a blank cell is an empty one to an import.
    read = [cells for _, cells in rows_of(out.getvalue())]
    assert [without_blanks(row) for row in read] == [without_blanks(row) for row in rows]


def without_blanks(row: list[str]) -> list[str]:
    return [cell if cell.strip() else "" for cell in row]


VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), min_size=1, max_size=40)


@settings(deadline=None, max_examples=150)
@given(
    names=st.lists(VALUES, min_size=5, max_size=5),
    note=VALUES,
    width=st.integers(10, 75),
    version=st.sampled_from(["2.1", "3.0", "4.0"]),
)
def test_vcard(names: list[str], note: str, width: int, version: str):
    properties = [f"N:{';'.join(map(escaped, names))}", f"NOTE:{escaped(note)}"]
    lines = ["BEGIN:VCARD", f"VERSION:{version}", *(folded(line, width) for line in properties), "END:VCARD"]
    content = "\r\n".join([*lines, ""])

    _, columns, [(_, cells)] = table_of(content.encode())

    parts = ("lastname", "firstname", "middlename", "prefix", "suffix")
    expected: dict[str, Any] = {f"N {part}": name for part, name in zip(parts, names, strict=True)}
    assert dict(zip(columns, cells, strict=True)) == {**expected, "NOTE": note}


def escaped(text: str) -> str:
    for sign in "\\;,":
        text = text.replace(sign, f"\\{sign}")
    return text


def folded(line: str, width: int) -> str:
    return "\r\n ".join(line[begin : begin + width] for begin in range(0, len(line), width))
