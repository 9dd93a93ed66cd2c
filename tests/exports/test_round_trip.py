"""Export, import, export: the same bytes, and nothing changed; into an empty company the same content."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm.exporting.formats import ExportFormat
from crm.exporting.registry import exported_named
from crm.exporting.running import export_rows
from crm.importing.running import run_import
from crm.models import DuplicatePolicy
from crm.records.registry import record_kind
from leads.models import LeadStatus
from leads.services.leads import create_lead
from people.models import ContactKind, ContactType
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.examples import examples
from tests.factories.crm import Actors
from tests.module_tenant import made_tenant, tenant
from tests.stored import read_all, rolled_back

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

KINDS = ("ORGANIZATION", "PEOPLE", "LEAD")
#: Texts that spreadsheets, or our own import, would take for something else.
NASTY = (
    "=1+1",
    "+49",
    "-",
    "@x",
    "'",
    "'=a",
    "''=a",
    "'12",
    "''12",
    "n/a",
    "'n/a",
    "\uff1dx",
    "a;b",
    'q"u,o',
    "é",
)
TEXTS = st.sampled_from(NASTY) | st.text("ab =+-@'\t;\"\u00e9\uff0b1", min_size=1, max_size=6).filter(
    str.strip
)
VALUES = TEXTS | st.integers(-5, 5) | st.booleans() | st.lists(TEXTS, max_size=2) | st.floats(0, 2)
CUSTOM = st.dictionaries(st.sampled_from(["Size", "note x", "=f", "n.m"]), VALUES, max_size=3)
RECORD = {
    "external_id": st.none() | TEXTS,
    "tags": st.lists(TEXTS, max_size=2),
    "custom_fields": CUSTOM,
    "created_at": st.none() | st.just(datetime(2019, 5, 1, 12, 30, 1, 5, tzinfo=UTC)),
}
ORGANIZATION = st.fixed_dictionaries({**RECORD, "name": TEXTS, "city": st.none() | TEXTS})
PERSON = st.fixed_dictionaries(
    {
        **RECORD,
        "firstname": TEXTS,
        "lastname": st.none() | TEXTS,
        "email": st.sampled_from([None, "a@example.com", "B@example.com"]),
        "further": st.lists(st.sampled_from(["c@example.com", "d@example.com"]), max_size=2, unique=True),
        "phones": st.lists(
            st.sampled_from(["+12125550100", "555-7777", "+1 212 555 0199"]), max_size=2, unique=True
        ),
        "faxes": st.lists(st.sampled_from(["+12125550111", "=x"]), max_size=2, unique=True),
        "cities": st.lists(TEXTS, max_size=2, unique=True),
        "dob": st.none() | st.just(date(1990, 12, 31)),
        "do_not_contact": st.booleans(),
        "organizations": st.lists(st.integers(0, 1), max_size=2, unique=True),
        "position": st.none() | TEXTS,
    }
)
LEAD = st.fixed_dictionaries(
    {
        **RECORD,
        "title": TEXTS,
        "description": st.none() | TEXTS,
        "email": st.sampled_from([None, "lead@example.com"]),
        "amount": st.sampled_from([None, Decimal("0.10"), Decimal("1234.50")]),
        "status": st.sampled_from([None, "Won", "Lost"]),
        "reason_lost": st.none() | TEXTS,
        "person": st.none() | st.integers(0, 1),
        "organization": st.none() | st.integers(0, 1),
    }
)


def exported(kind: str, actors: Actors, file_format: ExportFormat = ExportFormat.CSV) -> bytes:
    file = io.BytesIO()
    source = exported_named(kind).source(actors.manager)
    export_rows(
        source, record_kind(kind).model.objects.visible_to(actors.manager), file, file_format=file_format
    )
    return file.getvalue()


def imported(kind: str, content: bytes, actors: Actors) -> list[str]:
    errors: list[str] = []
    run_import(
        io.BytesIO(content),
        record_kind(kind).row_import,
        actor=actors.manager,
        policy=DuplicatePolicy.UPDATE,
        on_error=lambda error: errors.append(str(error)),
    )
    return errors


def fill(actors: Actors, organizations: Any, people: Any, leads: Any) -> None:
    """Create drawn records with everything that belongs to them."""
    actor = actors.manager
    shared = {
        kind: ContactType.objects.get(company=None, kind=kind).pk
        for kind in (ContactKind.EMAIL, ContactKind.PHONE)
    }
    fax = ContactType.objects.create(company_id=actor.company_id, name="Fax")
    made: dict[str, list[Any]] = {"organizations": [], "people": []}
    for number, row in enumerate(organizations):
        made["organizations"].append(create_organization(_record(row, number, "name", "city"), actor=actor))
    for number, row in enumerate(people):
        values = _record(row, number, "firstname", "lastname", "email", "dob", "do_not_contact")
        contacts = [(shared[ContactKind.EMAIL], text) for text in row["further"]]
        contacts += [(shared[ContactKind.PHONE], text) for text in row["phones"]] + [
            (fax.pk, text) for text in row["faxes"]
        ]
        values["contacts"] = [{"contacts_types_id": type_, "value": text} for type_, text in contacts]
        values["address"] = [{"city": city} for city in row["cities"]]
        among = [
            made["organizations"][each].pk
            for each in row["organizations"]
            if each < len(made["organizations"])
        ]
        values["organizations_id"] = among
        if row["position"]:
            values["employment_history"] = [
                {"position": row["position"], "organizations_id": (among or [None])[-1]}
            ]
        made["people"].append(create_person(values, actor=actor))
    for number, row in enumerate(leads):
        values = _record(row, number, "title", "description", "email", "amount")
        for name, key in (("person", "people"), ("organization", "organizations")):
            if row[name] is not None and row[name] < len(made[key]):
                values["people_id" if name == "person" else "organization_id"] = made[key][row[name]].pk
        if row["status"]:
            statuses = LeadStatus.objects.visible_to(actor)
            values["status_id"] = statuses.get(name=row["status"]).pk
            values["reason_lost"] = row["reason_lost"]
        create_lead(values, actor=actor)


def _record(row: dict[str, Any], number: int, *names: str) -> Any:
    values = {name: row[name] for name in (*names, "created_at") if row[name] is not None}
    if row["external_id"]:
        values |= {"external_id": f"{row['external_id']}{number}", "external_source": "hub"}
    values["tags"] = [{"name": name} for name in row["tags"]]
    values["custom_fields"] = [{"name": name, "value": value} for name, value in row["custom_fields"].items()]
    return values


def changes() -> dict[str, Any]:
    """Return what the database holds, without the audit list and the ledger, which each run adds to."""
    own = ("crm_auditentry", "crm_importjob", "crm_importrow")
    return {name: rows for name, rows in read_all().items() if name not in own}


@settings(
    max_examples=examples(6),
    phases=[Phase.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    organizations=st.lists(ORGANIZATION, min_size=1, max_size=3),
    people=st.lists(PERSON, min_size=1, max_size=3),
    leads=st.lists(LEAD, min_size=1, max_size=3),
)
def test_export_import_export_gives_the_same_bytes_and_no_change(made_tenant, organizations, people, leads):
    actors = made_tenant.actors
    with rolled_back():
        fill(actors, organizations, people, leads)
        for file_format in ExportFormat:
            before = changes()
            files = {kind: exported(kind, actors, file_format) for kind in KINDS}
            for kind, content in files.items():
                assert imported(kind, content, actors) == []
            assert changes() == before
            if file_format is not ExportFormat.XLSX:
                assert {kind: exported(kind, actors, file_format) for kind in KINDS} == files
