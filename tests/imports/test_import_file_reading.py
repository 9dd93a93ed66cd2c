"""importFile with the options of reading, by the names of the API."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.models import ImportJob
from people.models import Person
from tests.clients import ask
from tests.imports.test_import_file import media

__all__ = ["media"]

pytestmark = pytest.mark.django_db(transaction=True)

READ = """mutation ($file: Upload!, $reading: ImportReadingInput, $mapping: JSON) {
  importFile(file: $file, model: PEOPLE, reading: $reading, mapping: $mapping) {
    status total created skipped failed errors { row field code message }
  }
}"""


def read_by(content: bytes, actor: Any, reading: dict[str, Any]) -> dict[str, Any]:
    file = SimpleUploadedFile("rows", content)
    return ask(READ, actor=actor, variables={"file": file, "reading": reading})


def test_options_of_reading(actors):
    content = "Titel;Name;Mail;Mail;geb.\nVIP,A;Berg Ann;a@x.example|b@x.example;;3.4.1984\nSumme;;;;1\n"
    reading = {
        "delimiter": ";",
        "header_row": 1,
        "columns": [
            {"number": 1, "field": "tags"},
            {"number": 3, "field": "email"},
            {"number": 4, "field": None},
            {"number": 5, "field": "dob"},
        ],
        "split": "|",
        "split_columns": [{"name": "tags", "separator": ","}],
        "name_order": "last-first",
        "date_format": "DD.MM.YYYY",
        "null_markers": ["none"],
        "decimal": ",",
        "ignore_rest": True,
    }

    job = read_by(content.encode(), actors.manager, reading)["data"]["importFile"]

    ann = Person.objects.get()
    assert (ann.firstname, ann.lastname, str(ann.dob), ann.email) == (
        "Ann",
        "Berg",
        "1984-04-03",
        "a@x.example",
    )
    assert set(ann.tags.values_list("name", flat=True)) == {"VIP", "A"}
    assert {name: job[name] for name in ("total", "created", "skipped", "failed")} == {
        "total": 2,
        "created": 1,
        "skipped": 1,
        "failed": 0,
    }
    assert job["errors"] == [
        {"row": 3, "field": None, "code": "LEFT_OUT", "message": "Summe: a row of totals is left out."}
    ]


@pytest.mark.parametrize(
    ("reading", "place", "message"),
    [
        ({"name_order": "random"}, "reading.name_order", "Choose first-last or last-first."),
        ({"decimal": ";"}, "reading.decimal", "Choose a comma or a point."),
        ({"delimiter": ":"}, "reading.delimiter", "Choose one of: , ; | tab."),
        (
            {"date_format": "DD"},
            "reading.date_format",
            "DD is no form of a date: write it as DD.MM.YYYY or MM/DD/YYYY.",
        ),
        (
            {"columns": [{"number": 7, "field": "email"}]},
            "mapping",
            "The file has 2 columns, and no column 7.",
        ),
        (
            {},
            "file",
            "Line 2: dob: '1.2.1984' is no date as 2026-12-31. Say how dates are written:"
            " date_format DD.MM.YYYY or date_format MM.DD.YYYY",
        ),
    ],
)
def test_options_that_cannot_be_understood(actors, reading, place, message):
    answer = read_by(b"firstname,dob\nAnn,1.2.1984\n", actors.manager, reading)

    assert answer["errors"][0]["extensions"]["validation"] == {place: [message]}
    assert not ImportJob.objects.exists()
