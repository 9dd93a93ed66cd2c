"""Rows that are written together leave the same tables, history, events and ledger as one by one."""

import io
import json
import re
import uuid
from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import pytest
from django.contrib.contenttypes.models import ContentType
from django.db import models
from hypothesis import HealthCheck, given
from hypothesis import settings as examples_settings
from hypothesis import strategies as st

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
from crm.records.registry import import_kind
from crm.services.activities import create_activity
from leads.models import Lead, LeadReceiver, LeadRotation, LeadRotationAgent, LeadRoutingLog, StageVisit
from people.models import Address, Contact, Employment, Organization, Person
from people.services.organizations import create_organization
from people.services.people import create_person
from tests import stored
from tests.examples import examples
from tests.factories.crm import Tenant
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

MODELS = {"people": Person, "organization": Organization, "lead": Lead, "activity": Activity}
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


#: The uuids of a known person, organization and task.
ANN, TWIN, RING = (uuid.UUID(int=number) for number in (1, 2, 3))
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
    "uuid": some(str(ANN)),
    "address.2.city": some("Rome", "Oslo"),
    "organization_external_id": some("o1"),
    "owner": some("colleague@tenant"),
    "created_at": some("2020-01-02"),
    "do_not_contact": some("yes"),
}
ORGANIZATIONS = {
    "name": some("Acme", "acme", "Other", "Twin", "N" * 256),
    "address": some("Via Roma 1"),
    "tags": some("VIP", "Hot;New", "hot"),
    "custom_fields.segment": some("A", "B"),
    "external_id": some("o1", "o2"),
    "uuid": some(str(TWIN)),
    "owner": some("colleague@tenant"),
    "note": some("Met at the fair"),
    "created_at": some("2020-01-02"),
}
ACTIVITIES = {
    "record_kind": some("people", "organization"),
    "record_uuid": some(str(ANN), str(TWIN)),
    "record_name": some("Acme", "Twin"),
    "kind": some("NOTE", "CALL", "TASK"),
    "subject": some("Ring", "Ask", "S" * 256),
    "text": some("Spoke"),
    "uuid": some(str(RING)),
    "assignee": some("colleague@tenant", "nobody"),
    "due_at": some("2020-01-02", "2030-01-02"),
    "done_at": some("2020-01-03"),
    "created_at": some("2020-01-01"),
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
    "person_external_id": some("x1"),
    "organization_external_id": some("o1"),
    "closed_at": some("2020-02-03"),
    "expected_close_on": some("2030-01-02"),
}


def drawn(columns: dict[str, Any]) -> Any:
    """Return a strategy of files with these columns."""
    rows = st.lists(st.tuples(*columns.values()), min_size=1, max_size=9)
    return rows.map(lambda lines: file_of(columns, lines))


@pytest.fixture
def world(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> Tenant:
    """A company with known people, and a rotation of unequal shares; batches end within a file."""
    for name in ("BATCH", "LARGE_BATCH"):
        monkeypatch.setattr(jobs, name, 5)
    agent = tenant.actors.agent
    ann: Any = {"firstname": "Ann", "email": "ann@x.example", "organization": "Acme", "position": "Clerk"}
    bob: Any = {"firstname": "Bob", "email": "bob@x.example", "tags": [{"name": "VIP"}]}
    known, _ = (create_person(values, actor=agent) for values in (ann, bob))
    Person.objects.filter(pk=known.pk).update(uuid=ANN)
    twins = [create_organization({"name": "Twin"}, actor=agent) for _ in range(2)]
    Organization.objects.filter(pk=twins[0].pk).update(uuid=TWIN)
    ring: Any = {"entity_type": "PEOPLE", "entity_id": known.pk, "kind": "TASK", "subject": "Ring"}
    Activity.objects.filter(pk=create_activity(ring, actor=agent).pk).update(uuid=RING)
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
        return import_kind(row.job.model).model
    return MODELS.get(row.entity, ImportJob)


def imported(
    content: str, kind: str, tenant: Tenant, *, policy: DuplicatePolicy, dry_run: bool, before: str = ""
) -> Any:
    """Import a file, take it back, and return what it had stored.

    :param before: a file of the same kind that is imported first.
    """
    with stored.rolled_back():
        for text, is_dry in ((before, False), (content, dry_run)):
            if text:
                run_import(
                    io.BytesIO(text.encode()),
                    import_kind(kind).row_import,
                    actor=tenant.actors.manager,
                    policy=policy if text is content else DuplicatePolicy.UPDATE,
                    dry_run=is_dry,
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


#: The columns without which a file is refused as a whole.
NEEDED = frozenset({"firstname", "name", "title", "record_kind", "record_uuid", "subject"})


@st.composite
def two_files(draw: Any, columns: dict[str, Any]) -> tuple[str, str]:
    """Draw a file, and one of which some rows are those of the first, whole or in part."""
    needed = [name for name in columns if name in NEEDED]
    others = [name for name in columns if name not in NEEDED]
    names = [*needed, *draw(st.lists(st.sampled_from(others), min_size=1, unique=True))]
    rows = draw(st.lists(st.tuples(*(columns[name] for name in names)), min_size=1, max_size=6))
    further = draw(st.lists(st.tuples(*(columns[name] for name in names)), max_size=4))
    mixed = draw(st.permutations([*rows, *further]))
    return file_of(names, rows), file_of(names, mixed)


def file_of(names: Any, rows: Any) -> str:
    return "\n".join([",".join(names), *map(",".join, rows)]) + "\n"


OPTIONS = {
    "policy": st.sampled_from(DuplicatePolicy),
    "single_events": st.sampled_from([0, 1000]),
    "dry_run": st.booleans(),
}


@DRAWN
@given(content=drawn(PEOPLE), **OPTIONS)
def test_people(world, monkeypatch, settings, content, single_events, **given):
    settings.IMPORT_SINGLE_EVENTS = single_events

    assert_same(content, "PEOPLE", world, monkeypatch, **given)


@DRAWN
@given(content=drawn(LEADS), **OPTIONS)
def test_leads(world, monkeypatch, settings, content, single_events, **given):
    settings.IMPORT_SINGLE_EVENTS = single_events

    assert_same(content, "LEAD", world, monkeypatch, **given)


@pytest.mark.parametrize(
    ("kind", "columns"),
    [("PEOPLE", PEOPLE), ("ORGANIZATION", ORGANIZATIONS), ("LEAD", LEADS), ("ACTIVITY", ACTIVITIES)],
)
@DRAWN
@given(data=st.data(), **OPTIONS)
def test_records_that_are_known(world, monkeypatch, settings, kind, columns, data, single_events, **given):
    settings.IMPORT_SINGLE_EVENTS = single_events
    before, content = data.draw(two_files(columns))

    assert_same(content, kind, world, monkeypatch, before=before, **given)
