"""The file of refused rows: their cells unchanged, and loaded again once they are corrected."""

import csv
import errno
import io
import json
import os
from typing import Any

import pytest
from django.test import Client
from openpyxl import Workbook

from crm.importing.rejects import MARKS
from crm.models import ImportJob
from people.models import ContactType, Person
from people.services.organizations import create_organization
from tests.clients import data
from tests.commands.running import run
from tests.factories.crm import Tenant
from tests.file_samples import upload
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

IMPORT = """mutation ($file: Upload!, $dry: Boolean! = false) {
  importFile(file: $file, model: PEOPLE, dry_run: $dry) { uuid failed rejects_url }
}"""


def workbook() -> bytes:
    book = Workbook()
    for row in (["firstname", "email"], ["Ann", "ann@x.example"], ["Bob", "bad"]):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


#: Files, each with one row whose e-mail address is bad: name, content, options, encoding and delimiter.
FILES = {
    "plain": ("a.csv", b"firstname,email\nAnn,ann@x.example\nBob,bad\n", (), "utf-8", ","),
    "semicolons of a spreadsheet": (
        "a.csv",
        "Vorname;E-Mail\nZoë;zoe@x.example\nJosé;bad\n".encode("cp1252"),
        ("--encoding", "cp1252"),
        "cp1252",
        ";",
    ),
    "UTF-16 with tabs": (
        "a.txt",
        "firstname\temail\nAnn\tann@x.example\nBob\tbad\n".encode("utf-16"),
        (),
        "utf-16",
        "\t",
    ),
    "titles twice": (
        "a.csv",
        b"firstname,email,email\nAnn,ann@x.example,\nBob,bad,bob2@x.example\n",
        ("--column", "3=email_2"),
        "utf-8",
        ",",
    ),
    "a workbook": ("a.xlsx", workbook(), (), "utf-8", ","),
    "JSON Lines": (
        "a.jsonl",
        b'{"firstname": "Ann", "email": "ann@x.example"}\n{"firstname": "Bob", "email": "bad"}\n',
        (),
        "utf-8",
        ",",
    ),
}


@pytest.mark.parametrize("kind", FILES)
def test_refused_rows_load_again_once_corrected(tenant, tmp_path, kind):
    name, content, options, encoding, delimiter = FILES[kind]
    path, rejects = tmp_path / name, tmp_path / "a.rejects.csv"
    path.write_bytes(content)
    facts = ("--company", str(tenant.company.pk), "--as", "manager@tenant", *options)

    first = run("import_people", str(path), *facts)

    said = "1 of 2 rows failed."
    assert first.errors[-1] == f"{said} They are in {rejects}: correct them, and import that file."
    assert rejects.stat().st_mode & 0o777 == 0o600
    header, *rows = csv.reader(io.StringIO(rejects.read_text(encoding=encoding)), delimiter=delimiter)
    assert (tuple(header[:3]), len(rows)) == (MARKS, 1)
    assert rows[0][1:3] == ["VALIDATION", "email: Enter a valid email address."]
    assert "bad" in rows[0][3:]

    text = rejects.read_text(encoding=encoding)
    rejects.write_text(text.replace("bad", "bob@x.example"), encoding=encoding)
    second = run("import_people", str(rejects), *facts)

    assert (second.code, second.lines) == (0, ["1 created, 0 failed, 1 in all."])
    assert Person.objects.count() == 2
    assert Person.objects.filter(email="bob@x.example").exists()


def test_a_file_that_somebody_may_be_correcting_is_left_alone(tenant, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("firstname,email\nBob,bad\nCid,,more\n")
    facts = ("--company", str(tenant.company.pk), "--as", "manager@tenant")

    for _ in range(2):
        run("import_people", str(path), *facts)
    dry = run("import_people", str(path), *facts, "--dry-run")
    asked = run("import_people", str(path), *facts, "--dry-run", "--rejects", str(tmp_path / "mine.csv"))

    names = sorted(each.name for each in tmp_path.iterdir())
    assert names == ["mine.csv", "people.csv", "people.rejects-2.csv", "people.rejects.csv"]
    assert (dry.code, asked.code) == (3, 3)
    # A row with more cells than the file has columns keeps them.
    assert (tmp_path / "mine.csv").read_text().splitlines()[2].endswith(",Cid,,more")


def test_what_cannot_be_written_is_told(tenant, tmp_path, monkeypatch):
    path = tmp_path / "people.csv"
    path.write_text("firstname,email\nAnn,\nBob,bad\n")
    facts = ("--company", str(tenant.company.pk), "--as", "manager@tenant")

    directory = run("import_people", str(path), *facts, "--rejects", str(tmp_path))
    nowhere = run("import_people", str(path), *facts, "--rejects", str(tmp_path / "no" / "x.csv"))
    assert Person.objects.count() == 0
    real = os.open

    def full(name: Any, *given: int, **options: int) -> int:
        if "rejects" in str(name):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(name, *given, **options)

    monkeypatch.setattr(os, "open", full)
    disk = run("import_people", str(path), *facts)

    assert directory.errors == [f"Cannot write --rejects {tmp_path}: it is a directory."]
    where = tmp_path / "no"
    assert nowhere.errors == [
        f"Cannot write --rejects {where / 'x.csv'}: {where} is no directory to write to."
    ]
    assert (disk.code, Person.objects.count()) == (1, 1)
    assert disk.errors[-1].startswith(
        f"Cannot write {tmp_path / 'people.rejects.csv'}: No space left on device."
    )
    # Nothing half-written is left.
    assert [each.name for each in tmp_path.iterdir()] == ["people.csv"]


def test_refused_rows_of_the_api_are_a_download_for_who_may_import(tenant, other_tenant):
    content = b"firstname,email\nAnn,ann@x.example\nBob,bad\n"
    manager = tenant.actors.manager
    job = data(IMPORT, actor=manager, variables={"file": upload("people.csv", content)})["importFile"]
    whole = data(IMPORT, actor=manager, variables={"file": upload("b.csv", content[:33])})["importFile"]

    def get(user: str, who: Tenant = tenant) -> Any:
        browser = Client()
        browser.force_login(who.users[user])
        return browser.get(job["rejects_url"])

    answer = get("manager")

    assert (job["failed"], whole["rejects_url"]) == (1, None)
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content).decode() == (
        "_row,_code,_error,firstname,email\n3,VALIDATION,email: Enter a valid email address.,Bob,bad\n"
    )
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''people.rejects.csv"
    assert (answer["Cache-Control"], answer["X-Content-Type-Options"]) == ("private, no-store", "nosniff")
    assert (get("agent").status_code, get("admin", other_tenant).status_code) == (403, 404)
    assert Client().get(job["rejects_url"]).status_code == 401
    assert Client().get(f"/imports/{ImportJob.objects.latest('pk').uuid}/rejects").status_code == 401


def test_refused_rows_of_import_peoples_load_again_by_the_command(tenant, tmp_path):
    actor = tenant.actors.manager
    acme = create_organization({"name": "Acme"}, actor=actor)
    types = {kind: ContactType.objects.get(company=None, kind=kind).pk for kind in ("EMAIL", "PHONE")}
    fax = ContactType.objects.create(company=tenant.company, name="Fax").pk
    given = {
        "firstname": "'=Bob",
        "lastname": "n/a",
        "email": "bad",
        "dob": "1990-01-31",
        "do_not_contact": True,
        "contacts": [
            {"contacts_types_id": types["EMAIL"], "value": "bob2@example.com"},
            {"contacts_types_id": types["PHONE"], "value": "+12125550100"},
            {"contacts_types_id": fax, "value": "+12125550111"},
        ],
        "address": [{"city": "Bern"}, {"city": "Thun", "zip": "3600"}],
        "organizations_id": [acme.pk],
        "tags": [{"name": "a;b"}, {"name": "VIP"}],
        "custom_fields": [{"name": "Size", "value": 5}, {"name": "x", "data": "-"}],
    }
    rows = [
        {"firstname": "Ann"},
        given,
        {"firstname": "Cid", "email": "bad", "employment_history": [{"position": "CEO"}]},
    ]
    document = "mutation ($rows: [PeopleInput!]!) { importPeoples(input: $rows) }"
    job = ImportJob.objects.get(uuid=data(document, actor=actor, variables={"rows": rows})["importPeoples"])
    assert (job.created, job.failed) == (1, 2)

    client = Client()
    client.force_login(tenant.users["manager"])
    answer = client.get(str(job.rejects_address))
    assert "rows.rejects.jsonl" in answer["Content-Disposition"]
    first, second = b"".join(answer).splitlines()
    said = "email: Enter a valid email address."
    assert json.loads(second) == {
        **dict(zip(MARKS, (3, "VALIDATION", said), strict=True)),
        "firstname": "Cid",
        "email": "bad",
        "employment_history": [{"position": "CEO"}],
    }
    path = tmp_path / "rows.rejects.jsonl"
    path.write_bytes(first.replace(b'"bad"', b'"bob@example.com"') + b"\n")
    own = ("--company", str(tenant.company.pk), "--as", "manager@tenant")

    ended = run("import_people", str(path), *own)

    assert ended.code == 0, ended.errors
    bob = Person.objects.get(email="bob@example.com")
    assert (bob.firstname, bob.lastname, str(bob.dob), bob.do_not_contact) == (
        "'=Bob",
        "n/a",
        "1990-01-31",
        True,
    )
    values = bob.contacts.order_by("type_id").values_list("type_id", "value")
    assert [value for key, value in values if key == fax] == ["+12125550111"]
    assert {value for _, value in values} >= {"bob2@example.com", "+12125550100"}
    assert list(bob.addresses.order_by("city").values_list("city", "zip")) == [
        ("Bern", None),
        ("Thun", "3600"),
    ]
    assert bob.organizations.get() == acme
    assert sorted(bob.tags.values_list("name", flat=True)) == ["VIP", "a;b"]
    # Without a definition a value of a file is a text.
    assert bob.custom_fields == {"Size": "5", "x": "-"}

    path.write_bytes(second.replace(b'"bad"', b'"cid@example.com"') + b"\n")
    ended = run("import_people", str(path), *own)
    assert (ended.code, ended.errors[-1].partition(". ")[0]) == (
        1,
        "Unknown columns: employment_history.position",
    )
