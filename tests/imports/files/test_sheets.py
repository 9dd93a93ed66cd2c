"""XLSX files: sheets, numbers and dates, formulas, and files that mean harm."""

import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from openpyxl import Workbook

from crm.importing.files.options import COMMAND_LIMITS, FileOptions, FileRefused, Limits
from crm.importing.files.rows import Plain
from crm.importing.files.sheet_reader import NO_RESULT
from crm.importing.files.sheets import MOST_MEMBERS
from crm.importing.files.table import open_table
from tests.imports.files.tables import faults_of, refusal_of, rows_of, table_of


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def changed(content: bytes, name: str, old: bytes, new: bytes) -> bytes:
    """Return an archive with a change in one of its parts."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as book,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        for part in book.namelist():
            copy.writestr(part, book.read(part).replace(old, new) if part == name else book.read(part))
    return out.getvalue()


PEOPLE = [["firstname", "email"], ["Ann", "ann@example.com"]]
SHEET = "xl/worksheets/sheet1.xml"


def test_cells_are_texts_as_a_person_would_type_them():
    row = ["Zoë", date(1990, 1, 31), datetime(2024, 4, 3, 9, 14), 447911555012, 1234.5, True, "01067"]  # noqa: DTZ001
    content = workbook(People=[["a", "b", "c", "d", "e", "f", "g"], row])

    said, _, rows = table_of(content)

    texts = ["Zoë", "1990-01-31", "2024-04-03T09:14:00", "447911555012", "1234.5", "true", "01067"]
    assert (said, rows) == ('XLSX, sheet "People", header in line 1', [(2, texts)])
    with open_table(io.BytesIO(content)) as table:
        kinds = [isinstance(cell, Plain) for cell in next(table.rows()).cells]
    assert kinds == [False, False, False, True, True, False, False]


def test_table_that_begins_within_the_sheet():
    content = workbook(
        A=[[], [None, "A report"], [], [None, "firstname", "email"], [None, "Ann", "a@x.example"]]
    )

    _, columns, rows = table_of(content)

    assert (columns, rows) == (["", "firstname", "email"], [(5, ["", "Ann", "a@x.example"])])


def test_sheet_is_the_only_one_with_data_or_the_one_that_is_named():
    content = workbook(Cover=[["Customer list"]], People=PEOPLE, Empty=[])

    assert (
        refusal_of(content) == "Several sheets hold data: Cover, People. Name the one to read: --sheet NAME"
    )
    assert rows_of(content, sheet="People") == [(2, ["Ann", "ann@example.com"])]
    assert (
        refusal_of(content, sheet="Peple")
        == "There is no sheet Peple. The workbook has: Cover, People, Empty."
    )
    assert refusal_of(content, sheet="A\0") == "The name of a sheet holds no NUL character."
    assert rows_of(workbook(Empty=[], People=PEOPLE)) == [(2, ["Ann", "ann@example.com"])]
    assert refusal_of(workbook(Empty=[])) == "The file is empty; its first line names the columns."


def test_formulas_and_errors_without_a_value_are_named_by_cell():
    content = workbook(A=[["a", "b", "c"], ["x", "=1+1", "y"], ["x", "#REF!", "#N/A"]])
    result = changed(content, SHEET, b"<v />", b"<v>2</v>")

    assert faults_of(content) == [
        (
            2,
            {1: NO_RESULT.format("B2")},
            None,
        ),
        (3, {1: "Cell B3 holds the error #REF!."}, None),
    ]
    assert rows_of(result) == [(2, ["x", "2", "y"]), (3, ["x", "", ""])]


def test_hidden_sheets_are_read_only_by_name():
    book = Workbook()
    book.active.title = "Shown"
    book.active.append(["firstname", "email"])
    hidden = book.create_sheet("Hidden")
    hidden.append(["secret", "more"])
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)

    assert table_of(out.getvalue())[1] == ["firstname", "email"]
    assert table_of(out.getvalue(), sheet="Hidden")[1] == ["secret", "more"]


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"xl/workbook.xml": b"<workbook/>", **members}.items():
            archive.writestr(name, content)
    return out.getvalue()


UNPACKED = "The sheet is too large when it is unpacked. Convert it to CSV."
UNREADABLE = "The sheet cannot be read. Convert it to CSV."
ENTITY = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"PK\x03\x04 nothing", "The file is no XLSX file."),
        (packed(bomb=b"0" * 2_000_000), UNPACKED),
        (packed(**{f"m{number}": b"" for number in range(MOST_MEMBERS + 1)}), UNPACKED),
        (packed(), UNREADABLE),
        (
            changed(workbook(A=[["x"] * 2_001]), "none", b"", b""),
            "A sheet has at most 100,000 rows and 2,000 columns. Convert it to CSV.",
        ),
        (
            changed(
                workbook(A=PEOPLE),
                SHEET,
                b"</sheetData>",
                b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
            ),
            UNREADABLE,
        ),
        (changed(workbook(A=PEOPLE), "xl/workbook.xml", b"<sheets>", b"<sheets"), UNREADABLE),
    ],
    ids=["no archive", "ratio", "members", "no sheet", "wide", "two far cells", "broken"],
)
def test_refused(content, message):
    assert refusal_of(content) == message


def test_entities_of_other_files_are_not_read():
    content = changed(workbook(A=PEOPLE), SHEET, b"<worksheet", ENTITY + b"<worksheet")
    content = changed(content, SHEET, b"<t>Ann</t>", b"<t>&e;</t>")

    assert refusal_of(content) == UNREADABLE


def test_archive_that_is_no_workbook():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("people.csv", "firstname\nAnn\n")

    assert refusal_of(out.getvalue()) == (
        "The file is a ZIP archive but no XLSX file. Unpack it and import what is in it."
    )


def test_limits_of_the_command_are_wider():
    rows = [["firstname"], *[["Ann"]] * 30]
    content = io.BytesIO(workbook(A=rows))

    with open_table(content, FileOptions(), limits=COMMAND_LIMITS) as table:
        assert sum(1 for _ in table.rows()) == 30
    with (
        pytest.raises(FileRefused, match="at most 10 rows"),
        open_table(content, FileOptions(), limits=Limits(rows=10)),
    ):
        pytest.fail("It was read.")
