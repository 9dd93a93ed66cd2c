"""The rule of matching through every door: which person a row means, and where nobody can tell."""

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from crm.models import ImportRowError
from people.models import Contact, Person
from people.services.people import create_person
from tests.clients import ask, data
from tests.commands.running import run
from tests.factories.crm import Tenant
from tests.factories.crm import tenant as make_tenant
from tests.graphql.people.matching_cases import CASES, Case, Row, as_input
from tests.stored import read_all

pytestmark = pytest.mark.django_db(transaction=True)

UPSERT = "mutation ($i: PeopleInput!) { upsertPeople(input: $i) { created people { id duplicates { id } } } }"
IMPORT = "mutation ($i: [PeopleInput!]!) { importPeoples(input: $i) }"
FILE = "mutation ($file: Upload!) { importFile(file: $file, model: PEOPLE) { uuid } }"


@pytest.fixture
def tenant(db):
    """A company of each test's own: files are read after the commit."""
    return make_tenant()


@pytest.fixture(autouse=True)
def _media(settings, tmp_path) -> None:
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path}}
    settings.STORAGES = {**settings.STORAGES, "default": files}


def as_csv(row: Row) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, ["firstname", "lastname", "email", "phone"])
    writer.writeheader()
    writer.writerow(row)
    return text.getvalue().encode()


def by_upsert(row: Row, tenant: Tenant, tmp_path: Any) -> Any:
    answer = ask(UPSERT, actor=tenant.actors.manager, variables={"i": as_input(row)})
    return [error["extensions"] | {"text": error["message"]} for error in answer.get("errors", [])]


def by_job(row: Row, tenant: Tenant, tmp_path: Any) -> Any:
    data(IMPORT, actor=tenant.actors.manager, variables={"i": [as_input(row)]})
    return [{"reason": error.code, "text": error.message} for error in ImportRowError.objects.all()]


def by_file(row: Row, tenant: Tenant, tmp_path: Any) -> Any:
    file = SimpleUploadedFile("rows.csv", as_csv(row))
    data(FILE, actor=tenant.actors.manager, variables={"file": file})
    return [{"reason": error.code, "text": error.message} for error in ImportRowError.objects.all()]


def by_command(row: Row, tenant: Tenant, tmp_path: Any) -> Any:
    path = tmp_path / "rows.csv"
    path.write_bytes(as_csv(row))
    options = ["--company", str(tenant.company.pk), "--as", "manager@tenant", "--on-duplicate", "update"]
    ended = run("import_people", str(path), *options)
    parts = [line.split(": ", 2) for line in ended.errors[:-1]]
    return [{"reason": code, "text": text} for _, code, text in parts]


def rows_of_people() -> dict[str, Any]:
    return {table: rows for table, rows in read_all().items() if "import" not in table}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("act", [by_upsert, by_job, by_file, by_command])
def test_whom_a_row_means(tenant, tmp_path, case: Case, act: Callable[..., Any]):
    known = [create_person(as_input(row), actor=tenant.actors.agent) for row in case.known]
    meant = [known[place] for place in case.means]
    before = rows_of_people()

    refused = act(case.row, tenant, tmp_path)

    if case.refused:
        assert rows_of_people() == before
        [error] = refused
        assert error["reason"] == "MATCH"
        assert error["text"].endswith(f": {', '.join(str(person.pk) for person in meant)}.")
        if act is by_upsert:
            assert error["code"] == "CONFLICT"
            assert (error["ids"], error["keys"]) == ([str(each.pk) for each in meant], list(case.keys))
        return
    assert refused == []
    assert Person.objects.count() == len(known) + (not meant)
    for person in known:
        version = person.version
        person.refresh_from_db()
        # Nobody but the person who is meant is touched.
        assert person in meant or person.version == version
    for person in meant or [Person.objects.latest("pk")]:
        assert not case.row.get("phone") or Contact.objects.filter(person=person, type__kind="PHONE").exists()
        assert person.email == case.row.get("email", person.email)
