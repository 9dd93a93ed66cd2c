"""From titles to fields, and what is said about columns that have none."""

import pytest

from crm.importing.columns import ColumnMapping, map_columns, proposed_fields
from crm.importing.files.options import FileRefused
from crm.importing.options import ColumnOptions, MappingRefused
from crm.models import ImportKind
from crm.records.row_import import Columns

COLUMNS = Columns(
    known=["title", "firstname", "lastname", "email", "phone", "tags"],
    required=[["title", "firstname"]],
    repeated=["email", "phone"],
    families={"contacts.TYPE": r"contacts\..+"},
    names=["firstname", "lastname"],
)
KNOWN = (
    "Known columns: title, firstname, lastname, email, phone, tags, email_2 to email_9, phone_2 to phone_9,"
    " contacts.TYPE, custom_fields.NAME."
)


def mapped(titles: list[str], /, **options: object) -> ColumnMapping:
    return map_columns(titles, ImportKind.PEOPLE, COLUMNS, ColumnOptions(**options))  # type: ignore[arg-type]


def fields_of(titles: list[str], /, **options: object) -> list[str | None]:
    return list(mapped(titles, **options).fields)


def refusal_of(titles: list[str], /, **options: object) -> str:
    with pytest.raises(FileRefused) as refused:
        mapped(titles, **options)
    return str(refused.value)


@pytest.mark.parametrize(
    ("titles", "fields"),
    [
        (["title", "email"], ["title", "email"]),
        ([" Title ", "FIRSTNAME"], ["title", "firstname"]),
        (["title", "Custom_Fields. Deal Value "], ["title", "custom_fields.Deal Value"]),
        (["title", "custom_fields.a", "custom_fields.A"], ["title", "custom_fields.a", "custom_fields.A"]),
        (["title", "email_2", "Contacts.Fax"], ["title", "email_2", "contacts.Fax"]),
        (["title", ""], ["title", None]),
        # Usual titles of other languages; a second one is the next of its kind.
        (["Vorname", "E-Mail", "Telefon", "Phone Number"], ["firstname", "email", "phone", "phone_2"]),
    ],
)
def test_fields(titles, fields):
    assert fields_of(titles) == fields


@pytest.mark.parametrize(
    ("titles", "options", "fields"),
    [
        (["Wert", "title"], {"titles": {"wert": "custom_fields.value"}}, ["custom_fields.value", "title"]),
        (["Wert", "title"], {"titles": {"Wert": None}}, [None, "title"]),
        (["title", "title"], {"columns": {2: "tags"}}, ["title", "tags"]),
        (["title", "email", "email"], {"columns": {3: "email_2"}}, ["title", "email", "email_2"]),
        (["title", "shoe"], {"ignore_rest": True}, ["title", None]),
        (["Name"], {"name_order": "first-last"}, ["full_name"]),
        (["Name", "Vorname"], {}, ["lastname", "firstname"]),
    ],
)
def test_options(titles, options, fields):
    assert fields_of(titles, **options) == fields


@pytest.mark.parametrize(
    ("titles", "options", "message"),
    [
        (
            ["title", "shoe", "size"],
            {},
            "Unknown columns: shoe, size. Leave them out with --ignore-rest, or name their fields, such as"
            f' --map "shoe=FIELD". {KNOWN}',
        ),
        (
            ["email"],
            {},
            "Missing columns: title or firstname. Say which column it is, such as --column 1=title, or"
            " what it is in each row: --set title=VALUE.",
        ),
        (
            ["title", "email", "email", "title"],
            {},
            "Columns that occur twice: title (column 1: title, column 4: title); email (column 2: email,"
            " column 3: email). Say what each is, such as --column 4=FIELD, or leave one out: --column 4=",
        ),
        (
            ["Name"],
            {},
            "Name holds full names. Say what comes first in them: --name-order first-last (Ann Berg) or"
            " --name-order last-first (Berg Ann).",
        ),
        (["title"], {"titles": {"Wert": "email"}}, "The file has no column Wert."),
        (["title"], {"columns": {2: "email"}}, "The file has 1 columns, and no column 2."),
        (
            ["title"],
            {"columns": {1: "shoe"}},
            f"Unknown fields: shoe. {KNOWN.replace('columns', 'fields')}",
        ),
        (
            ["title"],
            {"split_columns": {"title": ";"}},
            "title holds one value: --split is for email, phone and tags.",
        ),
        (["title"], {"split_columns": {"phone": ";"}}, "The file has no column phone to --split."),
    ],
)
def test_refused(titles, options, message):
    assert refusal_of(titles, **options) == message


@pytest.mark.parametrize("options", [{"titles": {"x": "email"}}, {"columns": {9: "email"}}])
def test_wrong_options_are_told_from_a_wrong_file(options):
    with pytest.raises(MappingRefused):
        mapped(["title"], **options)


def test_separators():
    mapping = mapped(
        ["title", "E-Mail", "phone", "tags"], split=";", split_columns={"phone": "/", "tags": ","}
    )

    assert mapping.separators == {1: ";", 2: "/", 3: ","}


def test_what_is_said():
    mapping = mapped(["title", "E-Mail", "shoe"], ignore_rest=True)

    assert mapping.lines() == ["Read as follows: E-Mail -> email", "Not stored: shoe"]
    assert mapped(["title", "email"]).lines() == []


def test_a_column_that_somebody_leaves_out_is_no_part_of_a_field():
    code, number = "Phones / Primary Phone Calling Code", "Phones / Primary Phone Number"
    titles = ["Name / First Name", "Emails / Primary Email", code, number]

    assert mapped(titles).compose == {"phone": [2, 3]}
    assert mapped(titles, columns={3: None}).compose == {"phone": [3]}
    # A calling code alone is no phone.
    assert mapped(titles, columns={4: None}, ignore_rest=True).compose == {}
    named = mapped(titles, columns={4: "phone"}, ignore_rest=True)
    assert (named.fields[2:], named.compose) == ([None, "phone"], {})


def test_what_columns_seem_to_be_is_said_of_a_refused_file_too():
    titles = ["firstname", "E-Mail", "firstname", "Zeta"]

    assert refusal_of(titles).startswith("Columns that occur twice")
    proposed = proposed_fields(titles, ImportKind.PEOPLE, COLUMNS)
    assert proposed == ["firstname", "email", "firstname", None]
