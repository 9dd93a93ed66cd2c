"""Both import commands refuse an unusable file as a whole, write nothing, and return the right exit code."""

import io
import json
import sys
from pathlib import Path
from uuid import UUID

import pytest
from django.db import OperationalError

from crm.importing import jobs
from crm.models import ImportJob, Membership
from people.imports import PersonImport
from people.models import Person
from people.services import people
from tests.commands.running import run, usage_error
from tests.imports.conftest import row_counts
from tests.leases import pass_time
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

GOOD = "firstname,email\nAnn,ann@example.com\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "The file is empty; its first line names the columns."),
        (" \n\n", "The file is empty; its first line names the columns."),
        ("lastname,dob,city,custom_fields.a\n", ""),
        (
            "dob,city\n1990-01-01,Rome\n",
            "Missing columns: firstname or lastname or email. Say which column it is, such as"
            " --column 1=firstname, or what it is in each row: --set firstname=VALUE.",
        ),
        (
            "firstname,Firstname\nAnn,Bob\n",
            "Columns that occur twice: firstname (column 1: firstname, column 2: Firstname)."
            " Say what each is, such as --column 2=FIELD, or leave one out: --column 2=",
        ),
        (
            "firstname,\nAnn,x\n",
            "Line 2: column 2 has no title, but holds 'x'. Name its field: --column 2=FIELD,"
            " or leave it out: --ignore-rest",
        ),
        (
            GOOD.encode() + "José,\n".encode("latin-1"),
            "Line 3: byte 4 of the line, 0xE9, is not UTF-8."
            " Name the encoding in which these words are right:"
            "\n  --encoding cp1252: José, (so do cp1250, cp1254)\n  --encoding cp1251: Josй,"
            "\n  --encoding cp1253: Josι,\n  --encoding mac_roman: JosÈ,\n  --encoding cp850: JosÚ,",
        ),
        (GOOD + "A\0nn,\n", "Line 3: there is a NUL character."),
        (GOOD + '"Bob,\n', "Line 3: a quote is opened here and never closed."),
        (
            GOOD + "x" * 1_000_000 + ",\n",
            "Line 3: a cell has 131,072 characters at most; a quote may be left open.",
        ),
        (
            "firstname,email,shoe\nAnn,ann@example.com,9\n",
            "Unknown columns: shoe. Leave them out with --ignore-rest, or name their fields, such as"
            f' --map "shoe=FIELD". Known columns: {PersonImport.columns.shown()}.',
        ),
    ],
)
def test_file_is_refused_as_a_whole_and_changes_nothing(import_people, content, message):
    before = row_counts()

    ended = import_people(content)

    expected = (1, [], [message]) if message else (0, ["0 created, 0 failed, 0 in all."], [])
    assert (ended.code, ended.lines, ended.errors) == expected
    assert row_counts() == before


def test_leads_without_title_column_are_refused(import_leads):
    ended = import_leads("description,custom_fields.title\nx,y\n")

    needed = "Say which column it is, such as --column 1=title, or what it is in each row: --set title=VALUE."
    assert (ended.code, ended.errors) == (1, [f"Missing columns: title. {needed}"])


def test_windows_file_with_byte_order_mark(import_people):
    ended = import_people(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert ended.lines == ["1 created, 0 failed, 1 in all."]
    assert Person.objects.get().email == "ann@example.com"


@pytest.mark.parametrize(("name", "sign"), [(";", ";"), ("|", "|"), ("tab", "\t")])
def test_delimiter(import_people, name, sign):
    ended = import_people(GOOD.replace(",", sign), "--delimiter", name)

    assert (ended.code, Person.objects.get().email) == (0, "ann@example.com")


def test_standard_input(tenant, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(GOOD.encode())))

    ended = run("import_people", "-", "--company", str(tenant.company.uuid), "--as", "admin@tenant")

    assert (ended.code, Person.objects.get().firstname) == (0, "Ann")


def test_summary_as_json(import_people):
    ended = import_people(GOOD + "Bob,bob\n", "--json")

    assert ended.code == 3
    [told] = [json.loads(line) for line in ended.lines]
    assert Path(told.pop("rejects")).read_text() == (
        "_row,_code,_error,firstname,email\n3,VALIDATION,email: Enter a valid email address.,Bob,bob\n"
    )
    assert (ImportJob.objects.get().uuid, told.pop("seconds") > 0) == (UUID(told.pop("job")), True)
    zeros = ("updated", "unchanged", "skipped", "conflicts", "left_out")
    assert told == {
        "dry_run": False,
        "total": 2,
        "created": 1,
        "failed": 1,
        "stopped": False,
    } | dict.fromkeys(zeros, 0)


@pytest.mark.parametrize("by", ["agent@tenant", "viewer@tenant"])
def test_import_needs_a_manager(import_people, by):
    ended = import_people(GOOD, by=by)

    assert (ended.code, ended.errors) == (1, ["This action is unauthorized."])
    assert not Person.objects.exists()


def test_user_of_another_company_is_refused(import_people, other_tenant):
    ended = import_people(GOOD, by="admin@other")

    assert (ended.code, ended.errors) == (1, ["admin@other is not an active member of Tenant."])
    assert not Person.objects.exists()


def test_ended_member_is_refused(import_people, tenant):
    Membership.objects.filter(user=tenant.users["manager"]).update(is_active=False)

    ended = import_people(GOOD)

    assert (ended.code, ended.errors) == (1, ["manager@tenant is not an active member of Tenant."])
    assert not Person.objects.exists()


def test_unknown_user_company_and_file_are_told(tenant, tmp_path):
    company, missing = str(tenant.company.pk), str(tmp_path / "none.csv")

    user = run("import_people", missing, "--company", company, "--as", "nobody")
    unknown = run("import_people", missing, "--company", "999999", "--as", "admin@tenant")
    file = run("import_people", missing, "--company", company, "--as", "admin@tenant")
    directory = run("import_people", str(tmp_path), "--company", company, "--as", "admin@tenant")

    assert (user.code, user.errors) == (1, ["There is no user nobody."])
    assert (unknown.code, unknown.errors) == (1, ["There is no company 999999."])
    assert (file.code, file.errors) == (1, [f"Cannot read {missing}: No such file or directory."])
    assert (directory.code, directory.errors) == (1, [f"Cannot read {tmp_path}: Is a directory."])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["rows.csv", "--as", "x"], "the following arguments are required: --company"),
        (["rows.csv", "--company", "1"], "the following arguments are required: --as"),
        (["--company", "1", "--as", "x"], "the following arguments are required: file"),
        (
            ["rows.csv", "--company", "1", "--as", "x", "--delimiter", ":"],
            "argument --delimiter: invalid choice: ':' (choose from ',', ';', 'tab', '|')",
        ),
    ],
)
def test_wrong_usage(capsys, arguments, message):
    ended = usage_error("import_people", *arguments, capsys=capsys)

    assert (ended.code, ended.errors[-1]) == (2, f"manage.py import_people: error: {message}")


def test_database_that_fails_midway_is_told_and_the_command_goes_on(import_people, monkeypatch):
    create = people.create_person

    def fail_at_bob(values, *, actor):
        if values["firstname"] == "Bob":
            raise OperationalError("server closed the connection")
        return create(values, actor=actor)

    monkeypatch.setattr(people, "create_person", fail_at_bob)

    monkeypatch.setattr(jobs, "BATCH", 1)
    dry = import_people("firstname\nAnn\nBob\nCid\n", "--dry-run")
    ended = import_people("firstname\nAnn\nBob\nCid\n")
    # The process of the first one is not dead, though it has ended for the test.
    beside = import_people("firstname\nAnn\nBob\nCid\n")

    lost = "The database failed: server closed the connection."
    assert (ended.code, ended.lines) == (1, [])
    assert ended.errors == [f"{lost} 1 of 3 rows are done; run the same command again to go on."]
    assert dry.errors == [f"{lost} Nothing is stored."]
    assert beside.code == 1
    assert "1 of 3 rows so far. Wait for its end, or stop that process" in beside.errors[0]
    assert list(Person.objects.values_list("firstname", flat=True)) == ["Ann"]

    monkeypatch.setattr(people, "create_person", create)
    pass_time(ImportJob)
    again = import_people("firstname\nAnn\nBob\nCid\n")

    assert (again.errors, again.lines) == (["Goes on after 1 of 3 rows."], ["3 created, 0 failed, 3 in all."])
    assert set(Person.objects.values_list("firstname", flat=True)) == {"Ann", "Bob", "Cid"}
    assert Person.objects.count() == 3
