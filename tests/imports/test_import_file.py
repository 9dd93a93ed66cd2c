"""importFile: CSV and XLSX files that become jobs."""

import io
import zipfile
from datetime import date
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from crm.importing import jobs
from crm.importing.files import sheets
from crm.importing.files.options import Limits
from crm.models import ImportJob
from leads.models import Lead
from people.models import Organization, Person
from tests.clients import ask, data

pytestmark = pytest.mark.django_db(transaction=True)

IMPORT = """mutation ($file: Upload!, $model: EntityType!, $mapping: JSON, $encoding: String,
  $policy: ImportDuplicatePolicy! = UPDATE, $dry: Boolean! = false) {
  importFile(file: $file, model: $model, mapping: $mapping, encoding: $encoding,
    on_duplicate: $policy, dry_run: $dry) {
    uuid filename status total created updated skipped failed errors { row field code message }
  }
}"""


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}
    return tmp_path


def send(content: str | bytes, actor: Any, model: str = "PEOPLE", **options: Any) -> dict[str, Any]:
    raw = content.encode() if isinstance(content, str) else content
    file = SimpleUploadedFile(options.pop("name", "rows.csv"), raw)
    return ask(IMPORT, actor=actor, variables={"file": file, "model": model, **options})


def imported(content: str | bytes, actor: Any, model: str = "PEOPLE", **options: Any) -> dict[str, Any]:
    answer = send(content, actor, model, **options)
    assert "errors" not in answer, answer
    job: dict[str, Any] = answer["data"]["importFile"]
    return job


def refused(content: str | bytes, actor: Any, **options: Any) -> dict[str, list[str]]:
    answer = send(content, actor, **options)
    assert not ImportJob.objects.exists()
    errors: dict[str, list[str]] = answer["errors"][0]["extensions"]["validation"]
    return errors


def files_kept(media: Any) -> list[str]:
    return [path.name for path in media.rglob("*") if path.is_file()]


def test_people_with_refusals_by_line(actors, media):
    job = imported(
        "firstname,email,dob\nAnn,ann@example.com,1990-01-31\n\nBob,bad,\nCid,,1990-02-30\nDan,,,x\n",
        actors.manager,
    )

    assert (job["filename"], job["status"]) == ("rows.csv", "COMPLETED")
    assert {name: job[name] for name in ("total", "created", "failed")} == {
        "total": 4,
        "created": 1,
        "failed": 3,
    }
    assert [(error["row"], error["field"], error["message"]) for error in job["errors"]] == [
        (4, "email", "Enter a valid email address."),
        (5, "dob", "Enter a date as YYYY-MM-DD."),
        (6, None, "4 cells, but 3 columns: column 4 has 'x'."),
    ]
    assert Person.objects.get().dob == date(1990, 1, 31)
    # The file itself is gone, that of the refused rows stays.
    [kept] = media.rglob("*.rejects")
    assert [name for name in files_kept(media) if name != kept.name] == []
    assert kept.read_text().splitlines() == [
        "_row,_code,_error,firstname,email,dob",
        "4,VALIDATION,email: Enter a valid email address.,Bob,bad,",
        "5,VALIDATION,dob: Enter a date as YYYY-MM-DD.,Cid,,1990-02-30",
        "6,VALIDATION,\"4 cells, but 3 columns: column 4 has 'x'.\",Dan,,,x",
    ]


def test_organizations_and_leads(actors):
    first = imported("name,city,tags\nAcme,Lyon,VIP\nacme,Paris,\n", actors.manager, "ORGANIZATION")
    leads = imported("title,email\nDeal,ann@example.com\n", actors.manager, "LEAD")

    assert (first["created"], first["updated"], leads["created"]) == (1, 1, 1)
    acme = Organization.objects.get()
    assert (acme.city, [tag.name for tag in acme.tags.all()]) == ("Paris", ["VIP"])
    assert Lead.objects.get().history.get().door == "import"


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_delimiters_are_detected(actors, delimiter):
    rows = [["firstname", "custom_fields.note"], ["Ann", '"a,b;c|d\te"'], ["Bob", "x"]]

    imported("\n".join(delimiter.join(cells) for cells in rows), actors.manager)

    assert Person.objects.get(firstname="Ann").custom_fields == {"note": "a,b;c|d\te"}


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("utf-8-sig", {}),
        ("utf-16", {}),
        ("cp1252", {"encoding": "cp1252"}),
        ("cp1251", {"encoding": "cp1251"}),
    ],
)
def test_encodings(actors, encoding, options):
    name = "Жанна" if encoding == "cp1251" else "Zoë"

    imported(f"firstname\n{name}\n".encode(encoding), actors.manager, **options)

    assert Person.objects.get().firstname == name


@pytest.mark.parametrize(
    ("content", "options", "place", "says"),
    [
        (
            "firstname\nZoë\n".encode("cp1252"),
            {},
            "file",
            "Line 2: byte 3 of the line, 0xEB, is not UTF-8.",
        ),
        (b"firstname\nA\n", {"encoding": "klingon"}, "file", "klingon is not a known encoding."),
        (b"firstname\nA\n", {"encoding": "zip"}, "file", "zip is not a known encoding."),
        (b"", {}, "file", "The file is empty; its first line names the columns."),
        (b"firstname,shoe\nA,1\n", {}, "file", "Unknown columns: shoe."),
        (b"city\nA\n", {}, "file", "Missing columns: firstname or lastname or email."),
        (b'firstname\n"A\n', {}, "file", "Line 2: a quote is opened here and never closed."),
        (b"firstname\nA\n", {"mapping": {"Name": "firstname"}}, "mapping", "The file has no column Name."),
        (b"Name\nA\n", {"mapping": {"Name": "shoe"}}, "mapping", "Unknown fields: shoe."),
        (b"Name\nA\n", {"mapping": ["Name"]}, "mapping", "Enter an object of titles and fields."),
        (b"PK\x03\x04 nothing", {}, "file", "The file is no XLSX file."),
    ],
)
def test_files_that_cannot_be_understood_leave_nothing(actors, media, content, options, place, says):
    [(where, messages)] = refused(content, actors.manager, **options).items()

    assert where == place
    assert messages[0].startswith(says)
    assert files_kept(media) == []


def test_mapping_names_fields_and_leaves_columns_out(actors):
    content = "Vorname,Segment,Intern,email\nAnn,B,secret,ann@example.com\n"
    mapping = {"Vorname": "firstname", "Segment": "custom_fields.segment", "Intern": None}

    imported(content, actors.manager, mapping=mapping)

    person = Person.objects.get()
    assert (person.firstname, person.email) == ("Ann", "ann@example.com")
    assert person.custom_fields == {"segment": "B"}


def workbook(rows: list[list[Any]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_sheets(actors):
    content = workbook(
        [
            ["firstname", "dob", "phone", "custom_fields.vip"],
            ["Zoë", date(1990, 1, 31), 15550100, True],
        ]
    )

    imported(content, actors.manager, name="rows.xlsx")

    person = Person.objects.get()
    assert (person.firstname, person.dob) == ("Zoë", date(1990, 1, 31))
    assert person.contacts.get().value == "15550100"
    assert person.custom_fields["vip"] == "true"


def packed(**members: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def two_far_cells() -> bytes:
    """Return a sheet of two cells so far apart that reading the whole range would need 512 GiB."""
    content = workbook([["firstname"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as book, zipfile.ZipFile(out, "w") as changed:
        for name in book.namelist():
            part = book.read(name)
            if name == "xl/worksheets/sheet1.xml":
                part = part.replace(b'ref="A1"', b'ref="A1:XFD1048576"').replace(
                    b"</sheetData>",
                    b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>',
                )
            changed.writestr(name, part)
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        packed(bomb=b"0" * (Limits().unpacked_bytes // 100)),
        packed(**{f"m{number}": b"" for number in range(sheets.MOST_MEMBERS + 1)}),
        packed(readme=b"no sheet"),
        two_far_cells(),
    ],
    ids=["ratio", "members", "no sheet", "two far cells"],
)
def test_sheets_that_would_exhaust_the_server_are_refused(actors, media, content):
    assert list(refused(content, actors.manager, name="rows.xlsx")) == ["file"]
    assert files_kept(media) == []


def test_long_files_wait_for_the_worker(actors, media, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 1)
    content = "firstname\nAnn\nBob\n"

    job = imported(content, actors.manager)

    assert (job["status"], job["total"], Person.objects.count()) == ("QUEUED", 2, 0)
    stored: Any = ImportJob.objects.get()
    assert default_storage.exists(stored.payload["file"])
    jobs.run_job(stored, actor=actors.manager)
    assert set(Person.objects.values_list("firstname", flat=True)) == {"Ann", "Bob"}
    assert files_kept(media) == []


def test_the_same_file_while_its_job_waits_is_that_job(actors, media, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_ROWS_AT_ONCE", 1)

    first, again = (imported("firstname\nAnn\nBob\n", actors.manager) for _ in range(2))

    assert again["uuid"] == first["uuid"]
    assert len(files_kept(media)) == 1


def test_only_managers_import_files(actors, media):
    [error] = send("firstname\nAnn\n", actors.agent)["errors"]

    assert error["extensions"]["code"] == "FORBIDDEN"
    assert files_kept(media) == []
    assert data("{ imports { data { id } } }", actor=actors.agent) == {"imports": {"data": []}}


def test_vcards_and_json_lines(actors):
    cards = b"BEGIN:VCARD\r\nVERSION:3.0\r\nN:Berg;Ann;;;\r\nEND:VCARD\r\n"

    imported(cards, actors.manager, name="contacts.vcf")
    imported(b'{"firstname": "Bob", "email": ["b@x.example", "c@x.example"]}\n', actors.manager)

    assert set(Person.objects.values_list("firstname", flat=True)) == {"Ann", "Bob"}
    assert Person.objects.get(firstname="Bob").contacts.count() == 2
