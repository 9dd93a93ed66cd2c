"""Export, import into an empty company, export: the same bytes, but for uuids."""

import io
from typing import Any

import pytest

from crm.actors import Actor, Door
from crm.authentication import actor_for
from crm.exporting.formats import ExportFormat
from crm.exporting.registry import exported_named
from crm.exporting.running import export_rows
from crm.importing.running import run_import
from crm.models import Membership
from crm.models.base import visible_rows
from crm.records.registry import record_kind
from leads.models import Lead
from people.models import ContactType, Organization, Person
from tests.exports.test_round_trip import KINDS, fill
from tests.factories.crm import tenant as make_tenant

pytestmark = pytest.mark.django_db

RECORD: dict[str, Any] = {"external_id": "x", "tags": ["VIP", "a;b"], "created_at": None}
ORGANIZATIONS: Any = [
    {**RECORD, "custom_fields": {"Size": 5, "=f": True}, "name": "Acme", "city": "=Bern"},
    {**RECORD, "custom_fields": {}, "name": "-Globex", "city": None},
]
PEOPLE: Any = [
    {
        **RECORD,
        "custom_fields": {"n.m": [1e-07, "ä"], "Size": "n/a"},
        "firstname": f"'{name}",
        "lastname": "+Doe",
        "email": f"{name}@example.com",
        "further": [f"{name}.2@example.com"],
        "phones": [f"+1 212 555 01{number}9", "555-7777"][:number],
        "faxes": ["=x"],
        "cities": ["Bern", "@Thun"][:number],
        "dob": None,
        "do_not_contact": number == 1,
        "organizations": [number % 2],
        "position": "CEO",
    }
    for number, name in enumerate(("ann", "bob", "cid"))
]
LEADS: Any = [
    {
        **RECORD,
        "custom_fields": {"Size": 1.5},
        "title": f"@Deal {number}",
        "description": "a\nb",
        "email": None,
        "amount": "12.50",
        "status": status,
        "reason_lost": "'=price" if status == "Lost" else None,
        "person": number,
        "organization": number % 2,
    }
    for number, status in enumerate((None, "Won", "Lost"))
]


def exported(kind: str, actor: Actor, file_format: ExportFormat) -> bytes:
    source = exported_named(kind).source(actor)
    rows = visible_rows(source.model, actor)
    # Another company knows no uuid of this one.
    columns = [name for name in exported_named(kind).source(actor).headings(rows) if "uuid" not in name]
    file = io.BytesIO()
    export_rows(source, rows, file, file_format=file_format, columns=columns)
    return file.getvalue()


@pytest.mark.parametrize("file_format", [ExportFormat.CSV, ExportFormat.JSONL])
def test_the_bytes_are_the_same_after_an_import_into_an_empty_company(file_format):
    made, empty = make_tenant("Full"), make_tenant("Empty")
    fill(made.actors, ORGANIZATIONS, PEOPLE, LEADS)
    ContactType.objects.create(company=empty.company, name="Fax")
    for name, role in (("manager", "MANAGER"), ("admin", "ADMIN")):
        Membership.objects.create(company=empty.company, user=made.users[name], role=role)
    actor = actor_for(made.users["manager"], empty.company, door=Door.GRAPHQL)
    files = {kind: exported(kind, made.actors.manager, file_format) for kind in KINDS}

    for kind, content in files.items():
        errors: list[object] = []
        run_import(
            io.BytesIO(content),
            record_kind(kind).row_import,
            actor=actor,
            on_error=errors.append,
        )
        assert errors == []

    assert [
        model.objects.filter(company=empty.company).count() for model in (Organization, Person, Lead)
    ] == [2, 3, 3]
    assert {kind: exported(kind, actor, file_format) for kind in KINDS} == files
