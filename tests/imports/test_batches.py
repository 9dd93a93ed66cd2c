"""Rows that are written together leave the same tables, history, events and ledger as one by one."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, models, transaction
from hypothesis import HealthCheck, given
from hypothesis import settings as examples_settings
from hypothesis import strategies as st

from crm.database.inserts import insert_all
from crm.database.write_behind import WriteFailed, write_behind
from crm.importing import jobs, processing
from crm.importing.running import run_import
from crm.models import (
    Activity,
    CustomFieldDefinition,
    DuplicatePolicy,
    Event,
    HistoryEntry,
    ImportJob,
    ImportRow,
    ImportRowError,
    Tag,
)
from crm.models.channels import ChannelMember, SocialChannel
from crm.models.leases import Leased
from crm.records.registry import record_kind
from leads.models import Lead, LeadReceiver, LeadRotation, LeadRotationAgent, LeadRoutingLog, StageVisit
from people.models import Address, Contact, Employment, Organization, Person
from people.services.people import create_person
from tests import stored
from tests.examples import examples
from tests.factories.crm import Tenant
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

KINDS = {"people": "PEOPLE", "organization": "ORGANIZATION", "lead": "LEAD"}
#: The tables that an import of people or leads writes, and those that they refer to.
TABLES: tuple[Any, ...] = (
    *(Person, Contact, Address, Employment, Person.tags.through, Person.organizations.through),
    *(Organization, Tag, Activity, HistoryEntry, Event, ImportJob, ImportRow, ImportRowError),
    *(Lead, Lead.tags.through, StageVisit, LeadRoutingLog, LeadRotation, LeadRotationAgent),
    *(SocialChannel, ChannelMember),
)
#: Differ from run to run, whatever a file says.
CHANCE = (models.DateTimeField, models.UUIDField)
BOOKKEEPING = {field.name for field in Leased._meta.get_fields()} | {"runner", "fingerprint"}
DRAWN = examples_settings(
    max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def some(*values: str) -> Any:
    return st.sampled_from(("", *values))


PEOPLE = {
    "firstname": some("Ann", "Eve", "N" * 121),
    "email": some("ann@x.example", "bob@x.example", "Cid@X.example", "cid@x.example", "dot@x.example", "bad"),
    "phone": some("+1 212 555 0101", "(212) 555-0101", "+1 212 555 0102", "12"),
    "organization": some("Acme", "Other", "acme"),
    "tags": some("VIP", "Hot;New", "hot", "T" * 121),
    "city": some("Rome"),
    "dob": some("1990-12-31", "2999-01-01"),
    "custom_fields.segment": some("A", "B"),
    "custom_fields.score": some("5", "much"),
    "position": some("Clerk"),
    "external_id": some("x1", "x2"),
    "note": some("Met at the fair"),
}
LEADS = {
    "title": some("Big", "Small"),
    "email": some("ann@x.example", "bad"),
    "phone": some("+1 212 555 0101"),
    "person_email": some("ann@x.example", "cid@x.example"),
    "organization": some("Acme", "Other", "acme"),
    "stage": some("Proposal", "None"),
    "status": some("won"),
    "owner": some("colleague@tenant"),
    "tags": some("VIP", "Hot;New"),
    "amount": some("12.50", "much"),
    "external_id": some("x1", "x2"),
    "note": some("Met at the fair"),
    "created_at": some("2020-01-02"),
}


def drawn(columns: dict[str, Any]) -> Any:
    """Return a strategy of files with these columns."""
    rows = st.lists(st.tuples(*columns.values()), min_size=1, max_size=9)
    return rows.map(lambda lines: "\n".join([",".join(columns), *map(",".join, lines)]) + "\n")


@pytest.fixture
def world(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """A company with known people, and a rotation of unequal shares; batches end within a file."""
    for name in ("BATCH", "LARGE_BATCH"):
        monkeypatch.setattr(jobs, name, 5)
    agent = tenant.actors.agent
    ann: Any = {"firstname": "Ann", "email": "ann@x.example", "organization": "Acme", "position": "Clerk"}
    bob: Any = {"firstname": "Bob", "email": "bob@x.example", "tags": [{"name": "VIP"}]}
    for values in (ann, bob):
        create_person(values, actor=agent)
    CustomFieldDefinition.objects.create(company=tenant.company, model="PEOPLE", name="score", kind="NUMBER")
    rotation = LeadRotation.objects.create(company=tenant.company, name="Round")
    for member, percent in (("agent", 70), ("colleague", 30)):
        LeadRotationAgent.objects.create(
            company=tenant.company, rotation=rotation, user=tenant.users[member], percent=percent
        )
    LeadReceiver.objects.filter(company=tenant.company).update(rotation=rotation)
    return tenant


def tables() -> dict[str, list[Any]]:
    """Return all rows, in which the place of a row in its table stands for its key."""
    places = {
        model: {pk: n for n, pk in enumerate(model._base_manager.order_by("pk").values_list("pk", flat=True))}
        for model in TABLES
    }
    return {
        model._meta.label: [dict(columns(row, places)) for row in model._base_manager.order_by("pk")]
        for model in TABLES
    }


def columns(row: Any, places: dict[type[models.Model], dict[Any, int]]) -> Iterator[tuple[str, Any]]:
    for field in row._meta.concrete_fields:
        value = getattr(row, field.attname)
        if isinstance(field, CHANCE) or (isinstance(row, ImportJob) and field.name in BOOKKEEPING):
            value = value is not None
        elif field.primary_key:
            continue
        elif field.is_relation:
            value = places[field.related_model].get(value) if field.related_model in places else value
        elif field.name == "object_id":
            value = places[model_of(row)].get(value)
        elif isinstance(field, models.JSONField) or field.name in ("message", "via", "slug"):
            # Keys of rows are numbers in it.
            value = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|\b\d+\b", "#", json.dumps(value, sort_keys=True))
        yield field.name, value


def model_of(row: Any) -> Any:
    """Return the model of the record that a row is about."""
    if hasattr(row, "content_type_id"):
        return ContentType.objects.get_for_id(row.content_type_id).model_class()
    if isinstance(row, ImportRow):
        return record_kind(row.job.model).model
    return record_kind(KINDS[row.entity]).model if row.entity in KINDS else ImportJob


def imported(content: str, kind: str, tenant: Tenant, policy: DuplicatePolicy, dry_run: bool) -> Any:
    """Import a file, take it back, and return what it had stored."""
    with stored.rolled_back():
        run_import(
            io.BytesIO(content.encode()),
            record_kind(kind).row_import,
            actor=tenant.actors.manager,
            policy=policy,
            dry_run=dry_run,
            on_error=lambda _: None,
        )
        return tables()


def assert_same(content: str, kind: str, world: Tenant, monkeypatch: Any, **given: Any) -> None:
    together = imported(content, kind, world, **given)
    with monkeypatch.context() as patched:
        patched.setattr(processing, "write_behind", nullcontext)
        # Nothing is read once for several rows either.
        patched.setattr(processing, "reading_once", nullcontext)
        one_by_one = imported(content, kind, world, **given)
    for label, rows in one_by_one.items():
        assert len(together[label]) == len(rows), (label, content)
        for ours, theirs in zip(together[label], rows, strict=True):
            assert ours == theirs, (label, content)


@DRAWN
@given(
    content=drawn(PEOPLE),
    policy=st.sampled_from(DuplicatePolicy),
    single_events=st.sampled_from([0, 1000]),
    dry_run=st.booleans(),
)
def test_people(world, monkeypatch, settings, content, policy, single_events, dry_run):
    settings.IMPORT_SINGLE_EVENTS = single_events

    assert_same(content, "PEOPLE", world, monkeypatch, policy=policy, dry_run=dry_run)


@DRAWN
@given(content=drawn(LEADS), single_events=st.sampled_from([0, 1000]), dry_run=st.booleans())
def test_leads(world, monkeypatch, settings, content, single_events, dry_run):
    settings.IMPORT_SINGLE_EVENTS = single_events

    assert_same(content, "LEAD", world, monkeypatch, policy=DuplicatePolicy.UPDATE, dry_run=dry_run)


def contact_rows(number: int) -> str:
    lines = [f"P{n},p{n}@x.example,+1 212 555 {n:04},VIP,S{n}" for n in range(number)]
    return "\n".join(["firstname,email,phone,tags,custom_fields.segment", *lines]) + "\n"


def test_the_statements_of_a_batch_do_not_grow_with_its_rows(world, settings, monkeypatch):
    settings.IMPORT_SINGLE_EVENTS = 0
    for name in ("BATCH", "LARGE_BATCH"):
        monkeypatch.setattr(jobs, name, 50)

    def statements(number: int) -> int:
        sent: list[str] = []

        def count(execute: Any, sql: Any, *given: Any) -> Any:
            sent.append(str(sql))
            return execute(sql, *given)

        with stored.rolled_back(), connection.execute_wrapper(count):
            run_import(
                io.BytesIO(contact_rows(number).encode()),
                record_kind("PEOPLE").row_import,
                actor=world.actors.manager,
                on_error=lambda _: None,
            )
            assert Person.objects.filter(email__startswith="p").count() == number
        return len(sent)

    statements(1)
    # Keys are fetched a hundred at a time: contacts are two for each person.
    assert statements(40) == statements(2)


def test_what_the_database_refuses_is_written_one_by_one_and_reported(world, monkeypatch):
    def refuse() -> Any:
        raise WriteFailed("unknown")

    monkeypatch.setattr(processing, "write_behind", refuse)
    content = contact_rows(3) + "Bad,bad,,,\n"

    for dry_run in (True, False):
        errors: list[Any] = []
        summary = run_import(
            io.BytesIO(content.encode()),
            record_kind("PEOPLE").row_import,
            actor=world.actors.manager,
            dry_run=dry_run,
            on_error=errors.append,
        )
        assert (summary.created, [error.line for error in errors]) == (3, [5])

    assert Person.objects.filter(email__startswith="p").count() == 3
    with pytest.raises(WriteFailed) as failed:
        twice(Contact.objects.filter(person__email="p0@x.example").earliest("pk"))
    assert isinstance(failed.value.__cause__, IntegrityError)
    assert not Event.objects.filter(entity="x").exists()


def twice(contact: Contact) -> None:
    """Insert a row, and one whose key is taken."""
    event = Event(company_id=contact.company_id, entity="x", object_id=1, kind="created", door="command")
    with transaction.atomic(), write_behind():
        insert_all([event])
        insert_all([contact])
