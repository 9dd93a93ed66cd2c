"""Titles that nobody has listed mean what their words say, and no more."""

import pytest

from crm.importing.columns import map_columns
from crm.importing.files.options import FileRefused
from crm.importing.options import ColumnOptions
from crm.models import ImportKind
from crm.records.registry import import_kind

IGNORING = ColumnOptions(ignore_rest=True, name_order="first-last")


def fields_of(kind, *titles, options=IGNORING):
    return list(map_columns(titles, ImportKind(kind), import_kind(kind).row_import.columns, options).fields)


@pytest.mark.parametrize(
    ("kind", "titles", "fields"),
    [
        # The same words in other spellings.
        ("PEOPLE", ["First_Name", "lastName", "E-mail address"], ["firstname", "lastname", "email"]),
        ("PEOPLE", ["*First Name*", "Last-Name", "(Email)"], ["firstname", "lastname", "email"]),
        # Whose value it is does not count.
        ("PEOPLE", ["Name > First name", "Contact: Last name"], ["firstname", "lastname"]),
        ("PEOPLE", ["lastname", "address[city]", "Primary Address Street"], ["lastname", "city", "address"]),
        ("PEOPLE", ["lastname", "Phone (work)", "Kunden E-Mail"], ["lastname", "phone", "email"]),
        ("PEOPLE", ["Your name", "Invitee Email"], ["full_name", "email"]),
        ("PEOPLE", ["姓", "名", "Postanschrift (Straße)"], ["lastname", "firstname", "address"]),
        ("PEOPLE", ["lastname", "Company Address", "Company Contact"], ["lastname", None, None]),
        ("PEOPLE", ["lastname", "Account Owner", "Contact ID", "Email Status"], ["lastname", *[None] * 3]),
        ("PEOPLE", ["firstname", "lastname", "Address Name"], ["firstname", "lastname", None]),
        ("ORGANIZATION", ["Account - Name", "Billing Address City"], ["name", "city"]),
        ("ORGANIZATION", ["name", "Address Name"], ["name", None]),
        ("LEAD", ["Deal - Title", "Deal Value", "Primary company"], ["title", "amount", "organization"]),
        ("LEAD", ["title", "Contact Title", "Contact Email", "Contact Tags"], ["title", None, "email", None]),
        # Numbers of those that a person may have several of, and of no others.
        ("PEOPLE", ["lastname", "Phone no 1", "Telephone 2"], ["lastname", "phone", "phone_2"]),
        ("PEOPLE", ["lastname", "Email address 1", "Email address 2"], ["lastname", "email", "email_2"]),
        ("PEOPLE", ["lastname", "City 1", "City 2"], ["lastname", "city", None]),
        # What a column is named best by is not taken by another one.
        ("PEOPLE", ["lastname", "Work City", "City"], ["lastname", None, "city"]),
        ("PEOPLE", ["lastname", "Ort", "City"], ["lastname", None, "city"]),
        # "Name" is the part that no other column holds.
        ("PEOPLE", ["Vorname", "Name"], ["firstname", "lastname"]),
        ("PEOPLE", ["Cognome", "Nome"], ["lastname", "firstname"]),
        ("PEOPLE", ["Nombre", "Apellidos"], ["firstname", "lastname"]),
        ("PEOPLE", ["Prénom", "Nom"], ["firstname", "lastname"]),
        ("PEOPLE", ["Vorname", "Nachname", "Name"], ["firstname", "lastname", None]),
        ("PEOPLE", ["First name", "Full name"], ["firstname", None]),
        ("PEOPLE", ["Name", "E-mail"], ["full_name", "email"]),
        ("PEOPLE", ["Contact name", "E-mail"], ["full_name", "email"]),
    ],
)  # fmt: skip
def test_fields(kind, titles, fields):
    assert fields_of(kind, *titles) == fields


def test_a_name_alone_asks_for_its_order_in_each_language():
    for title in ("Name", "Nombre", "Nom", "Nome", "Customer name"):
        with pytest.raises(FileRefused, match=f"{title} holds full names"):
            fields_of("PEOPLE", title, options=ColumnOptions())


def test_what_somebody_named_is_never_guessed():
    options = ColumnOptions(ignore_rest=True, titles={"Work City": "", "Home town": "city"})

    assert fields_of("PEOPLE", "lastname", "Work City", "Home town", options=options) == [
        "lastname",
        None,
        "city",
    ]
