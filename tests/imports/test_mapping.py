"""From headers to fields."""

import pytest

from crm.importing.mapping import (
    custom_field_column,
    custom_field_values,
    map_header,
    tag_values,
)
from crm.importing.reading import FileRefused
from crm.records.row_import import Columns

COLUMNS = Columns(known=["title", "firstname", "email"], required=[["title"], ["firstname", "email"]])


@pytest.mark.parametrize(
    ("header", "fields"),
    [
        (["title", "email"], ["title", "email"]),
        ([" Title ", "FIRSTNAME"], ["title", "firstname"]),
        (["email", "title", "Custom_Fields. Deal Value "], ["email", "title", "custom_fields.Deal Value"]),
        (
            ["title", "email", "custom_fields.a", "custom_fields.A"],
            ["title", "email", "custom_fields.a", "custom_fields.A"],
        ),
    ],
)
def test_header(header, fields):
    assert map_header(header, COLUMNS) == fields


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (["name"], "Unknown columns: name. Known columns: title, firstname, email, custom_fields.NAME."),
        (
            ["title", "Straße", "custom_fields."],
            "Unknown columns: Straße, custom_fields.. "
            "Known columns: title, firstname, email, custom_fields.NAME.",
        ),
        (["firstname"], "Missing columns: title."),
        (["custom_fields.title"], "Missing columns: title, firstname or email."),
        (["title", "", "email"], "Column 2 has no name."),
        (["title", "Email", "email", "TITLE"], "Columns that occur twice: email, title."),
    ],
)
def test_header_is_refused(header, message):
    with pytest.raises(FileRefused) as refused:
        map_header(header, COLUMNS)

    assert str(refused.value) == message


def test_custom_fields_are_texts_with_their_column():
    cells = {"title": "x", "custom_fields.deal.value": "50000", "custom_fields.N": " 1 "}

    assert custom_field_values(cells) == [
        {"name": "deal.value", "value": "50000"},
        {"name": "N", "value": " 1 "},
    ]
    assert custom_field_column("custom_fields.1.name", cells) == "custom_fields.N"
    assert custom_field_column("custom_fields", cells) == "custom_fields"


@pytest.mark.parametrize(
    ("cell", "names"), [("VIP", ["VIP"]), (" a ;; b c;", ["a", "b c"]), (" ; ", []), ("a,b", ["a,b"])]
)
def test_tags(cell, names):
    assert tag_values({"tags": cell}) == [{"name": name} for name in names]
    assert tag_values({}) == []
