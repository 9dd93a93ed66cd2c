"""Cells as people and spreadsheets write them."""

import pytest

from crm.importing.cell_values import forms_of_day, has_decimal_comma, read_decimal
from crm.importing.cells import CellReader
from crm.importing.columns import map_columns
from crm.importing.files.options import FileRefused
from crm.importing.files.rows import Plain, Row
from crm.importing.full_names import parted_name
from crm.importing.options import ColumnOptions, MappingRefused, date_format_of
from crm.models import ImportKind
from crm.records.row_import import Columns

COLUMNS = Columns(
    known=["title", "firstname", "lastname", "email", "phone", "tags", "dob", "amount"],
    required=[],
    repeated=["email", "phone"],
    dates=["dob"],
    decimals=["amount"],
    names=["firstname", "lastname"],
)


def reader_of(titles: list[str], **options: object) -> CellReader:
    given = ColumnOptions(**options)  # type: ignore[arg-type]
    return CellReader(map_columns(titles, ImportKind.PEOPLE, COLUMNS, given), COLUMNS, given)


def read(title: str, cell: str, **options: object) -> tuple[dict[str, str], dict[str, str]]:
    return reader_of([title], **options).read(Row(line=2, cells=[cell]))


@pytest.mark.parametrize("cell", ["NULL", "n/a", "N/A", "-", " - ", "0/0/00", "#N/A", "", "  "])
def test_null_markers_are_empty_cells(cell):
    assert read("title", cell) == ({}, {})


@pytest.mark.parametrize("cell", ["--05-06", "--0506", "--5-6"])
def test_a_birthday_without_a_year_stops_the_file_or_is_left_out(cell):
    row = Row(line=2, cells=[cell])

    with pytest.raises(FileRefused, match=r"is a day without a year.*--ignore-rest"):
        reader_of(["dob"]).check(row)
    with pytest.raises(FileRefused, match="is a day without a year"):
        reader_of(["dob"], date_format="DD.MM.YYYY").check(row)

    tolerant = reader_of(["dob"], ignore_rest=True)
    tolerant.check(row)
    assert tolerant.read(row) == ({}, {})


def test_further_null_markers():
    assert read("title", "none", null_markers=["none"]) == ({}, {})
    assert read("title", "null") == ({"title": "null"}, {})


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("'+49 30 5550100", "+49 30 5550100"),
        ("'0044 20 7946-0000", "0044 20 7946-0000"),
        ("'=1+1", "=1+1"),
        ("''=1+1", "'=1+1"),
        ("'t Hooft", "'t Hooft"),
        ("'90s Music", "'90s Music"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
    ],
)
def test_apostrophe_of_spreadsheets(cell, text):
    assert read("title", cell) == ({"title": text}, {})


@pytest.mark.parametrize(
    ("form", "cell", "day"),
    [
        ("DD.MM.YYYY", "3.4.1984", "1984-04-03"),
        ("MM/DD/YYYY", "03/04/1984", "1984-03-04"),
        ("DD MMM YYYY", "12 Mar 2024", "2024-03-12"),
        ("%d-%m-%y", "03-04-84", "1984-04-03"),
        ("DD.MM.YYYY", "1984-04-03", "1984-04-03"),
        (None, "1984-04-03", "1984-04-03"),
    ],
)
def test_dates(form, cell, day):
    assert read("dob", cell, date_format=form) == ({"dob": day}, {})


def test_date_in_no_form_that_was_named():
    _, faults = read("dob", "31/12/1984", date_format="MM/DD/YYYY")

    assert faults == {"dob": "'31/12/1984' is no date as --date-format MM/DD/YYYY says."}


@pytest.mark.parametrize(
    ("cell", "forms"),
    [
        ("03/04/2024", ["DD/MM/YYYY", "MM/DD/YYYY"]),
        ("31.12.1984", ["DD.MM.YYYY"]),
        ("12-31-84", ["MM-DD-YY"]),
        ("2024/04/03", ["YYYY/MM/DD"]),
        ("12 Mar 2024", ["'DD MMM YYYY'"]),
        ("1984-04-03", []),
        ("soon", []),
        ("99.99.9999", []),
    ],
)
def test_dates_that_nobody_explained_stop_the_file(cell, forms):
    assert forms_of_day(cell) == forms
    reader = reader_of(["dob"])

    if forms:
        with pytest.raises(FileRefused, match=f"^Line 2: dob: '{cell}' is no date .*--date-format"):
            reader.check(Row(line=2, cells=[cell]))
    else:
        reader.check(Row(line=2, cells=[cell]))


@pytest.mark.parametrize("form", ["DD.MM", "%H:%M", "YYYY-MM", "date", "%d.%m.%Y%"])
def test_forms_that_name_no_day(form):
    if form == "%d.%m.%Y%":
        return
    with pytest.raises(MappingRefused):
        date_format_of(form)


@pytest.mark.parametrize(
    ("sign", "cell", "number"),
    [
        (",", "1.234,50", "1234.50"),
        (",", "1 234,50", "1234.50"),
        (",", "1\u202f234,50", "1234.50"),
        (",", "-99,00", "-99.00"),
        (",", "1.234", "1234"),
        (".", "1,234.50", "1234.50"),
        (".", "1'234.50", "1234.50"),
        (".", "1234", "1234"),
    ],
)
def test_decimals(sign, cell, number):
    assert read_decimal(cell, sign) == number
    assert read("amount", cell, decimal=sign) == ({"amount": number}, {})


@pytest.mark.parametrize(
    ("sign", "cell"), [(",", "1,2,3"), (",", "1.23,4"), (".", "1,23"), (".", "1.234,50"), (",", "EUR 5")]
)
def test_numbers_in_another_form(sign, cell):
    _, faults = read("amount", cell, decimal=sign)

    assert faults == {"amount": f"'{cell}' is no number whose decimals stand after '{sign}'."}


def test_comma_that_nobody_explained_refuses_the_row():
    _, faults = read("amount", "1,5")

    assert faults["amount"].endswith("--decimal , or --decimal .")
    assert (has_decimal_comma("1,234"), has_decimal_comma("1.5")) == (True, False)


@pytest.mark.parametrize(
    ("cell", "number"), [("12,000.50", "12000.50"), ("1,234,567", "1234567"), ("-1,000.0", "-1000.0")]
)
def test_commas_between_thousands_need_no_explanation_where_they_can_be_nothing_else(cell, number):
    assert read("amount", cell) == ({"amount": number}, {})


def test_numbers_of_the_file_itself_have_a_point():
    assert read("amount", Plain("1234.5"), decimal=",") == ({"amount": "1234.5"}, {})


def test_several_values_in_a_cell():
    reader = reader_of(["email", "email_2", "tags"], split=";", split_columns={"tags": ","})

    cells, faults = reader.read(Row(line=2, cells=["a@x.example; b@x.example ;", "c@x.example", "VIP, News"]))

    assert (cells, faults) == (
        {"email": "a@x.example", "email_2": "b@x.example", "email_3": "c@x.example", "tags": "VIP;News"},
        {},
    )


def test_more_values_than_there_are_columns():
    _, faults = read("email", ";".join(f"{number}@x.example" for number in range(10)), split=";")

    assert faults == {"email": "More than 9 values: leave some out."}


def test_addresses_that_nobody_parted_refuse_the_row():
    _, faults = read("email", "a@x.example, b@x.example")

    assert faults == {
        "email": "Several addresses in one cell: say what parts them, such as --split email=';'"
    }


@pytest.mark.parametrize(
    ("name", "order", "parts"),
    [
        ("Ann Berg", "first-last", ["Ann", None, "Berg"]),
        ("Ann Mary Jane Berg", "first-last", ["Ann", "Mary Jane", "Berg"]),
        ("Gemma van der Berg", "first-last", ["Gemma", None, "van der Berg"]),
        ("Berg Ann Mary", "last-first", ["Ann", "Mary", "Berg"]),
        ("van der Berg Gemma", "last-first", ["Gemma", None, "van der Berg"]),
        ("Berg, Ann Mary", "first-last", ["Ann", "Mary", "Berg"]),
        ("Cher", "first-last", ["Cher", None, None]),
        ("Nagy", "last-first", [None, None, "Nagy"]),
        (" , ", "first-last", [None, None, None]),
    ],
)
def test_full_names(name, order, parts):
    names = ["firstname", "middlename", "lastname"]

    read = parted_name(name, names, order)

    assert [read.get(field) for field in names] == parts
    two = parted_name(name, ["firstname", "lastname"], order)
    assert two.get("firstname") == (" ".join(filter(None, parts[:2])) or None)


def test_faults_of_columns_that_are_not_stored_do_not_matter():
    reader = reader_of(["title", "shoe"], ignore_rest=True)

    assert reader.read(Row(line=2, cells=["A", ""], faults={1: "Cell B2 is broken."})) == ({"title": "A"}, {})
