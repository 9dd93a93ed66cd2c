"""Exports through the commands, the API and the admin: what is in them, and who gets them."""

import csv
import io
import json
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from crm.exporting import jobs, sources
from crm.exporting.safety import import_safe, spreadsheet_safe
from crm.importing.apostrophes import APOSTROPHE
from crm.models import AuditEntry, ExportJob
from crm.services.activities import create_activity
from crm.services.export_jobs import prune
from leads.services.leads import create_lead
from people.models import ContactKind, ContactType
from people.services.organizations import create_organization
from people.services.people import create_person, delete_person
from tests.admin.conftest import signed_in
from tests.clients import data, refusal
from tests.commands.running import Ended, run
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "signed_in", "tenant"]

pytestmark = pytest.mark.django_db

EXPORT = """mutation ($where: JSON, $columns: [String!]) {
  exportFile(model: PEOPLE, where: $where, columns: $columns) { uuid status rows error size url } }"""


@pytest.fixture
def export(tenant, tmp_path):
    """Return a function that exports by a command, and its rows by heading."""

    def by_command(
        name: str, *options: str, by: str = "manager@tenant"
    ) -> tuple[Ended, list[dict[str, str]]]:
        path = tmp_path / "out.csv"
        ended = run(name, str(path), "--company", str(tenant.company.pk), "--as", by, *options)
        rows = list(csv.DictReader(io.StringIO(path.read_bytes().decode()))) if path.exists() else []
        return ended, rows

    return by_command


def test_people_are_exported_with_all_that_is_theirs(export, tenant, actors):
    acme = create_organization({"name": "Acme"}, actor=actors.manager)
    phone = ContactType.objects.get(company=None, kind=ContactKind.PHONE)
    create_person(
        {
            "lastname": "=1+1",
            "email": "doe@example.com",
            "contacts": [{"contacts_types_id": phone.pk, "value": "+1 212 555 0100"}],
            "address": [{"city": "Rome"}, {"city": "Bonn", "zip": "53111"}],
            "employment_history": [{"position": "CEO", "organizations_id": acme.pk}],
            "tags": [{"name": "VIP"}, {"name": "a;b"}],
            "custom_fields": [{"name": "size", "value": 5}, {"name": "list", "value": [1, "é"]}],
        },
        actor=actors.agent,
    )
    create_person({"lastname": "Roe"}, actor=actors.agent)

    ended, rows = export("export_people")

    assert ended.errors == [f"2 rows, {len(rows[0])} columns."]
    first, second = rows
    assert {name: cell for name, cell in first.items() if cell and name not in ("uuid", "created_at")} == {
        "lastname": "'=1+1",
        "email": "doe@example.com",
        "phone": "'+1 212 555 0100",
        "city": "Rome",
        "address.2.city": "Bonn",
        "address.2.zip": "53111",
        "organization": "Acme",
        "organization_uuid": str(acme.uuid),
        "position": "CEO",
        "do_not_contact": "no",
        "owner": "agent@tenant",
        "tags": "VIP;a\\;b",
        "custom_fields.size": "5",
        "custom_fields.list": '[1, "é"]',
    }
    assert (second["lastname"], second["email"], second["custom_fields.size"]) == ("Roe", "", "")
    entry = AuditEntry.objects.get(event="EXPORT")
    assert (entry.outcome, entry.user, entry.detail) == (
        "DONE",
        tenant.users["manager"],
        "people, csv, 2 rows, where all",
    )


def test_where_and_columns_choose(export, actors):
    for name in ("Doe", "Roe"):
        create_person({"lastname": name, "custom_fields": [{"name": "n", "value": 1}]}, actor=actors.manager)
    where = '{"AND": [{"column": "LASTNAME", "operator": "LIKE", "value": "D%"}]}'

    _, rows = export("export_people", "--where", where, "--columns", "lastname,custom_fields,email_2")

    assert rows == [{"lastname": "Doe", "custom_fields.n": "1", "email_2": ""}]
    assert "LASTNAME" in AuditEntry.objects.get(event="EXPORT").detail


def test_columns_are_as_many_as_the_exported_rows_need(export, actors):
    phone = ContactType.objects.get(company=None, kind=ContactKind.PHONE)
    for name, number in (("Gone", 3), ("Doe", 2)):
        numbers = [f"+1 212 555 01{place:02}" for place in range(number)]
        contacts: list[Any] = [{"contacts_types_id": phone.pk, "value": each} for each in numbers]
        person = create_person({"lastname": name, "contacts": contacts}, actor=actors.manager)
        if name == "Gone":
            delete_person(person.pk, actor=actors.manager)

    # Of all rows, and of those that a filter chooses.
    for options in ((), ("--where", '{"column": "LASTNAME", "operator": "EQ", "value": "Doe"}')):
        [row] = export("export_people", *options)[1]
        assert row["phone_2"] == "'+1 212 555 0101"
        assert "phone_3" not in row


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--columns", "lastname,shoe"), "columns: Unknown column: shoe. Known columns: uuid, firstname"),
        (("--where", "{"), "where: This is no JSON"),
        (("--where", '{"column": "SHOE"}'), "where: column: "),
        (("--where", '{"colum": "LASTNAME"}'), "where: "),
        (("--where", '{"column": "DOB", "operator": "EQ", "value": "x"}'), "where: "),
    ],
)
def test_what_cannot_be_understood_is_refused_and_writes_no_file(export, options, said):
    ended, rows = export("export_people", *options)

    assert (ended.code, rows) == (1, [])
    assert ended.errors[-1].startswith(said)


def test_agents_may_not_export_and_files_hold_what_one_sees(export, tenant, actors):
    create_lead({"title": "Deal"}, actor=actors.manager)

    ended, rows = export("export_leads", by="agent@tenant")
    assert (ended.code, rows) == (1, [])
    assert refusal(EXPORT, actor=actors.agent)["extensions"]["code"] == "FORBIDDEN"

    _, rows = export("export_leads")
    assert [row["title"] for row in rows] == ["Deal"]
    assert (rows[0]["status"], rows[0]["stage"], rows[0]["closed_at"]) == ("Open", "New", "")


def test_activities_name_their_records(export, actors):
    lead = create_lead({"title": "Deal"}, actor=actors.manager)
    create_activity({"entity_type": "LEAD", "entity_id": lead.pk, "text": "=x\nsaid"}, actor=actors.manager)

    _, rows = export("export_activities")

    [row] = rows
    assert (row["record_kind"], row["record_uuid"], row["kind"]) == ("LEAD", str(lead.uuid), "NOTE")
    assert (row["text"], row["owner"]) == ("'=x\nsaid", "manager@tenant")


def test_the_formats_hold_the_same(tenant, actors, tmp_path):
    create_person({"lastname": "=a\rb'", "firstname": "Zoë"}, actor=actors.manager)
    options = (
        "--company",
        str(tenant.company.pk),
        "--as",
        "manager@tenant",
        "--columns",
        "firstname,lastname",
    )

    for ending in ("csv", "xlsx", "jsonl"):
        call_command("export_people", str(tmp_path / f"out.{ending}"), *options)

    sheet = load_workbook(tmp_path / "out.xlsx").active
    assert [list(row) for row in sheet.iter_rows(values_only=True)] == [
        ["firstname", "lastname"],
        ["Zoë", "'=a b'"],
    ]
    assert (tmp_path / "out.csv").read_bytes() == "firstname,lastname\r\nZoë,'=a b'\r\n".encode()
    # Nobody opens it in a spreadsheet.
    assert json.loads((tmp_path / "out.jsonl").read_text()) == {"firstname": "Zoë", "lastname": "=a b'"}
    assert stat.S_IMODE((tmp_path / "out.csv").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.jsonl", "out.xlsx"]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
@pytest.mark.parametrize("before", ["", "'", "''"])
def test_each_sign_gets_one_apostrophe_which_the_import_takes_off(sign, before):
    text = f"{before}{sign}1"

    safe = spreadsheet_safe(text)

    assert safe == f"'{text}"
    assert APOSTROPHE.match(safe)
    assert import_safe(text) == (safe if before else text)


def test_the_number_of_statements_does_not_depend_on_the_number_of_rows(export, actors, monkeypatch):
    def statements() -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            export("export_people")
        return len(captured)

    def make(number: int) -> None:
        for each in range(number):
            create_person(
                {"lastname": f"P{each}", "organization": f"O{each}", "tags": [{"name": f"T{each}"}]},
                actor=actors.manager,
            )

    make(1)
    statements()
    one = statements()
    make(9)
    assert statements() == one

    monkeypatch.setattr(sources, "BATCH", 3)
    _, rows = export("export_people")
    assert len(rows) == 10


def test_the_api_makes_a_file_for_those_who_may_export(tenant, actors, other_actors, settings, tmp_path):
    _store_below(settings, tmp_path)
    create_person({"lastname": "Doe"}, actor=actors.manager)
    create_person({"lastname": "Roe"}, actor=actors.manager)
    where = {"column": "LASTNAME", "operator": "EQ", "value": "Doe"}

    job = data(EXPORT, actor=actors.manager, variables={"where": where, "columns": ["lastname"]})[
        "exportFile"
    ]

    assert (job["status"], job["rows"], job["error"]) == ("COMPLETED", 1, None)
    assert job["url"] == f"/exports/{job['uuid']}"
    read, own = "query ($uuid: ID!) { exportJob(uuid: $uuid) { size } }", {"uuid": job["uuid"]}
    assert data(read, actor=actors.admin, variables=own)["exportJob"]["size"] == job["size"]
    assert refusal(read, actor=actors.agent, variables=own)["extensions"]["code"] == "FORBIDDEN"
    assert refusal(read, actor=other_actors.admin, variables=own)["extensions"]["code"] == "NOT_FOUND"
    answers: dict[str, Any] = {}
    for name in ("manager", "admin", "agent"):
        browser = Client()
        browser.force_login(tenant.users[name])
        answers[name] = browser.get(job["url"])
    assert [answer.status_code for answer in answers.values()] == [200, 200, 404]
    assert Client().get(job["url"]).status_code == 401
    answer = answers["manager"]
    for each in (answer, answers["admin"]):
        assert b"".join(each.streaming_content) == b"lastname\r\nDoe\r\n"
    assert answer["Content-Length"] == str(int(job["size"]))
    assert "attachment; filename*=UTF-8''people-" in answer["Content-Disposition"]
    error = refusal(EXPORT, actor=actors.manager, variables={"columns": ["shoe"]})["extensions"]
    assert (error["code"], list(error["validation"])) == ("VALIDATION", ["columns"])

    stored = Path(ExportJob.objects.get().stored.path)
    assert stored.exists()
    ExportJob.objects.update(finished_at="2020-01-01T00:00Z")
    assert prune(before=ExportJob.objects.get().created_at) == 1
    assert not stored.exists()


def test_a_long_export_waits_for_the_worker(tenant, actors, settings, tmp_path, monkeypatch):
    _store_below(settings, tmp_path)
    monkeypatch.setattr(jobs, "AT_ONCE", 0)
    create_person({"lastname": "Doe"}, actor=actors.manager)
    started = data(EXPORT, actor=actors.manager)["exportFile"]
    gone = data(EXPORT, actor=actors.manager)["exportFile"]
    assert (started["status"], started["url"]) == ("QUEUED", None)

    first = jobs.run_next_export(threading.Event())
    ExportJob.objects.filter(uuid=gone["uuid"]).update(user=tenant.users["agent"])
    second = jobs.run_next_export(threading.Event())

    assert jobs.run_next_export(threading.Event()) is None
    assert first is not None
    assert second is not None
    assert (first.status, first.rows) == ("COMPLETED", 1)
    assert (second.status, second.error) == (
        "FAILED",
        "The user who started the export may no longer export.",
    )


def test_the_admin_exports_what_the_list_shows(tenant, actors, signed_in, unrendered):
    for name in ("Doe", "Roe"):
        create_person({"lastname": name, "email": f"{name}@example.com"}, actor=actors.manager)
    chosen = create_person({"lastname": "Poe"}, actor=actors.manager)
    address = reverse("admin:people_person_changelist")

    def exported(by: str, query: str = "", **sent: object) -> list[str]:
        answer = signed_in(by).post(address + query, {"action": "export_listed", "index": "0", **sent})
        if not answer.streaming:
            return [str(answer.status_code)]
        text = b"".join(answer.streaming_content).decode()
        return [row["lastname"] for row in csv.DictReader(io.StringIO(text))]

    assert exported("manager") == ["Doe", "Roe", "Poe"]
    assert exported("manager", "?q=roe") == ["Roe"]
    assert exported("manager", _selected_action=[chosen.pk]) == ["Poe"]
    assert exported("agent") in (["302"], ["200"])
    assert AuditEntry.objects.filter(event="EXPORT").count() == 3
    assert {entry.user for entry in AuditEntry.objects.filter(event="EXPORT")} == {tenant.users["manager"]}


def _store_below(settings, path) -> None:
    own = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": path}}
    settings.STORAGES = {**settings.STORAGES, "default": own}
