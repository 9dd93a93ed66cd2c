"""vCards of all versions as rows."""

import pytest

from tests.imports.files.tables import refusal_of, table_of


def card(*lines: str, version: str = "3.0") -> bytes:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""]).encode()


def cells_of(content: bytes) -> dict[str, str]:
    _, columns, [(_, cells)] = table_of(content)
    return dict(zip(columns, cells, strict=True))


@pytest.mark.parametrize(
    ("lines", "cells"),
    [
        (
            ["N:van der Berg;Ann;Mary Jane;Dr.;Jr.", "FN:Dr. Ann"],
            {
                "N lastname": "van der Berg",
                "N firstname": "Ann",
                "N middlename": "Mary Jane",
                "N prefix": "Dr.",
                "N suffix": "Jr.",
                "FN": "Dr. Ann",
            },
        ),
        (
            ["item1.TEL;type=pref:+1 555 0100", "item1.X-ABLabel:Shop", "TEL;TYPE=CELL,VOICE:+1 555 0101"],
            {"TEL": "+1 555 0100", "TEL cell": "+1 555 0101"},
        ),
        (
            ["TEL;WORK;FAX:1", 'TEL;TYPE="home,voice";VALUE=uri:tel:+1-555-0100', "TEL:+1-555-0101"],
            {"TEL fax": "1", "TEL": "+1-555-0100", "TEL 2": "+1-555-0101"},
        ),
        (
            ["EMAIL:a@x.example", "EMAIL;TYPE=home:b@x.example", "EMAIL:a@x.example"],
            {"EMAIL": "a@x.example", "EMAIL 2": "b@x.example"},
        ),
        (
            ["ADR;TYPE=WORK:;2nd floor;1 Way;Town;ST;123;Land", "ADR:;;;Other;;;"],
            {
                "ADR address": "1 Way",
                "ADR address 2": "2nd floor",
                "ADR city": "Town",
                "ADR state": "ST",
                "ADR zip": "123",
                "ADR country": "Land",
                "ADR 2 city": "Other",
            },
        ),
        (["ORG:Smith\\; Sons;Sales;East"], {"ORG": "Smith; Sons", "ORG unit": "Sales, East"}),
        (["NOTE:one\\ntwo\\, three\\\\ four", " and five"], {"NOTE": "one\ntwo, three\\ fourand five"}),
        (["NOTE;ENCODING=QUOTED-PRINTABLE;CHARSET=ISO-8859-1:Caf=E9=", "=0D=0Abar"], {"NOTE": "Café\nbar"}),
        (["CATEGORIES:VIP,Friends", "CATEGORIES:Work"], {"CATEGORIES": "VIP;Friends;Work"}),
        (["PHOTO;ENCODING=b;TYPE=JPEG:" + "A" * 400_000, "FN:A"], {"PHOTO": "yes", "FN": "A"}),
        (["BDAY:19850517"], {"BDAY": "1985-05-17"}),
        (["BDAY;VALUE=date:1985-05-17T00:00:00Z"], {"BDAY": "1985-05-17"}),
        (["BDAY:--0517"], {"BDAY without year": "--0517"}),
        (
            ["BDAY;X-APPLE-OMIT-YEAR=1604:1604-05-17"],
            {"BDAY without year": "1604-05-17"},
        ),
        (["X-SOCIALPROFILE;type=x:https://x.example/a"], {"X-SOCIALPROFILE": "https://x.example/a"}),
    ],
)
def test_properties(lines, cells):
    assert cells_of(card(*lines)) == cells


def test_cards_are_rows_with_the_line_on_which_they_begin():
    content = card("FN:Ann") + b"\r\n" + card("FN:Bob", "TEL:1", version="2.1")

    said, columns, rows = table_of(content)

    assert (said, columns) == ("vCard, encoding utf-8", ["FN", "TEL"])
    assert rows == [(1, ["Ann", ""]), (6, ["Bob", "1"])]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"BEGIN:VCARD\r\nFN:Ann\r\n", "Line 1: the card that begins here never ends."),
        (b"BEGIN:VCARD\nFN:A\nBEGIN:VCARD\n", "Line 3: a card begins within that of line 1."),
        (card("FN:Ann") + b"FN:Bob\r\n", "Line 5: FN stands outside of a card."),
        (card("FN"), "Line 3: no property of a vCard, such as TEL:+46812345678."),
        (card("TEL;TYPE"), "Line 3: TEL has no value after a colon."),
        (card("N;CHARSET=klingon;QUOTED-PRINTABLE:A"), "Line 3: klingon is not a known charset."),
        (card("N;CHARSET=UTF-8;QUOTED-PRINTABLE:=E9"), "Line 3: the value is not in UTF-8."),
        (card("N;QUOTED-PRINTABLE:=00"), "Line 3: there is a NUL character."),
        (card("NOTE:" + "x" * 1_000_000), "Line 3: a value has 131,072 characters at most."),
        (
            card(*(f"TEL:{number}" for number in range(3_000))),
            "Line 2003: a card has 2,000 properties at most.",
        ),
        (card(), "The file holds no card with a property."),
    ],
)
def test_refused(content, message):
    assert refusal_of(content) == message


def test_options_of_tables_are_refused():
    assert refusal_of(card("FN:A"), sheet="People") == (
        "The file is a vCard file, which has no sheet: leave it out."
    )
