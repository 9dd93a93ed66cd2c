"""Files that mean harm, or that nobody can read: one clear message each, and nothing is stored."""

import errno
import gzip
import io
import os

import pytest
from openpyxl import Workbook

from crm.management import import_files
from people.models import Contact, Person
from tests.commands.running import run
from tests.imports.conftest import row_counts
from tests.imports.files.test_sheets import packed
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

GOOD = b"firstname,email\nAnn,ann@example.com\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "The file is empty; its first line names the columns."),
        (b"a," * 2_000_000, "Line 1: 2,000,001 columns, but a file has 2,000 at most."),
        (GOOD + b"," * 2_000_000 + b"x\n", "2000001 cells, but 2 columns: column 2000001 has 'x'."),
        (GOOD + b"x" * 1_000_000, "Line 3: a cell has 131,072 characters at most; a quote may be left open."),
        (GOOD + b'"Bob,b@example.com\n' * 3, "Line 3: ',' expected after '\"'."),
        (GOOD + b'"Bob\n', "Line 3: a quote is opened here and never closed."),
        (GOOD + b"B\0b,\n", "Line 3: there is a NUL character."),
        (b"firstname,email\rAnn,\r", "Line 1: the line ends with a carriage return alone."),
        (GOOD + "Zoë,\n".encode() + b"Zo\xeb,\n", "Line 4: byte 3 of the line, 0xEB, is not UTF-8."),
        (packed(bomb=b"0" * 20_000_000), "The sheet is too large when it is unpacked. Convert it to CSV."),
        (gzip.compress(packed(bomb=b"0" * 20_000_000)), "The sheet is too large when it is unpacked."),
        (
            b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
            "The file is HTML or XML, whatever its name. Save it as CSV or XLSX.",
        ),
        (b'{"firstname": "Ann"}\n{"firstname": \n', "Line 2: no JSON at character"),
        (b"BEGIN:VCARD\nFN:Ann\n", "Line 1: the card that begins here never ends."),
        (b"BEGIN:VCARD\nFN:" + b"x" * 1_000_000 + b"\nEND:VCARD\n", "Line 2: a value has 131,072 characters"),
        (os.urandom(64) + b"\n", "Line "),
    ],
    ids=[
        *(
            "empty",
            "columns",
            "wide row",
            "long cell",
            "quotes",
            "open quote",
            "NUL",
            "CR",
            "mixed encodings",
        ),
        *("zip bomb", "zip bomb in gzip", "XXE", "JSON", "vCard", "long property", "noise"),
    ],
)
def test_refused(import_people, content, message):
    before = row_counts()

    ended = import_people(content, "--dry-run")

    assert ended.code in (1, 3)
    assert any(message in line for line in ended.errors)
    assert not any("Traceback" in line for line in ended.errors)
    assert row_counts() == before


def test_file_without_permission(tenant, tmp_path, monkeypatch):
    def refuse(*_args):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    # The user of the tests may be one who reads every file.
    monkeypatch.setattr(import_files, "open", refuse, raising=False)

    ended = run("import_people", "secret.csv", "--company", str(tenant.company.pk), "--as", "manager@tenant")

    assert (ended.code, ended.errors) == (1, ["Cannot read secret.csv: Permission denied."])


def test_workbook_from_a_pipe(tenant, tmp_path, monkeypatch):
    book = Workbook()
    book.active.append(["firstname", "email"])
    book.active.append(["Ann", "ann@example.com"])
    out = io.BytesIO()
    book.save(out)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(gzip.compress(out.getvalue()))))

    ended = run("import_people", "-", "--company", str(tenant.company.pk), "--as", "manager@tenant")

    assert (ended.code, Person.objects.get().firstname) == (0, "Ann")


def test_wrong_options_end_with_one_sentence(import_people):
    wrong = {
        ("--date-format", "DD.MM"): "DD.MM is no form of a date: write it as DD.MM.YYYY or MM/DD/YYYY.",
        ("--map", "email"): "email is no pair such as TITLE=FIELD.",
        ("--column", "x=email"): "x is no number of a column: write --column 5=email_2",
        ("--split", ""): "--split '' names no sign: write --split ';' or --split phone=';'",
        ("--split", "phone="): "--split 'phone=' names no sign: write --split ';' or --split phone=';'",
        ("--sheet", "People"): "The file is a CSV file, which has no sheet: leave it out.",
    }

    for options, message in wrong.items():
        ended = import_people(GOOD, *options)
        assert (ended.code, ended.errors) == (1, [message])


def test_further_contacts_and_addresses(import_people, tenant):
    ended = import_people(
        "firstname,email,email_2,email_3,phone_2,cellphone,contacts.email,address.2.city,city\n"
        "Ann,ann@x.example,ANN@x.example,a@y.example,+46 8 123 456,+46 70 123 45 67,c@z.example,Lyon,Rome\n"
        "Bob,,bob,,,,,,\n"
        f"Cid,,,,,,,{'x' * 121},Oslo\n"
        "Dan,,,,1/2,,,,\n"
    )

    ann = Person.objects.get()
    assert ended.errors[:2] == [
        "line 3: email_2: Enter a valid email address.",
        "line 4: address.2.city: Ensure this value has at most 120 characters (it has 121).",
    ]
    assert ended.errors[2].startswith("line 5: phone_2: ")
    assert sorted(Contact.objects.values_list("type__name", "value")) == [
        ("Cellphone", "+46 70 123 45 67"),
        ("Email", "a@y.example"),
        ("Email", "ann@x.example"),
        ("Email", "c@z.example"),
        ("Phone", "+46 8 123 456"),
    ]
    assert list(ann.addresses.order_by("-is_default").values_list("city", flat=True)) == ["Rome", "Lyon"]


def test_contact_type_that_is_not_there(import_people):
    ended = import_people("firstname,contacts.Telex\nAnn,123\nBob,\n")

    assert ended.errors[0] == "line 2: contacts.Telex: No contact type has this name: make it first."
    assert Person.objects.get().firstname == "Bob"
