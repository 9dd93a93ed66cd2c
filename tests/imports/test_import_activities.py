"""Activities: their past is kept, their record is found by any of its names, and an exported file loads."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.actors import Actor, Door
from crm.authentication import actor_for
from crm.errors import NotFound
from crm.exporting.formats import ExportFormat
from crm.exporting.registry import exported_named
from crm.exporting.running import export_rows
from crm.importing import undo
from crm.importing.running import run_import
from crm.imports import ActivityImport
from crm.models import Activity, DuplicatePolicy, ImportJob, ImportRow, Membership
from crm.services.activities import complete_task, create_activity
from crm.services.records import attach_tag
from leads.services.leads import create_lead
from people.services.erasing import erase_person
from people.services.organizations import create_organization
from people.services.people import create_person
from tests.factories.crm import Tenant
from tests.factories.crm import tenant as make_tenant
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.imports.conftest import importing
from tests.module_tenant import made_tenant, tenant
from tests.stored import read_all

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

NEVER_THE_SAME = ("crm_auditentry", "crm_importjob", "crm_importrow")


def records(actor: Actor) -> list[Any]:
    """Make a record of each kind: one known by its e-mail address, by its external id, by its name."""
    known = {"external_id": "7", "external_source": "hub"}
    return [
        create_person({"firstname": "Ann", "email": "ann@example.com"}, actor=actor),
        create_lead({"title": "Deal", **known}, actor=actor),  # type: ignore[typeddict-item]
        create_organization({"name": "=Acme"}, actor=actor),
    ]


def made(record: Any, actor: Actor, **values: Any) -> Activity:
    given: Any = {"entity_type": record.entity_kind, "entity_id": record.pk, **values}
    return create_activity(given, actor=actor)


def activities(found: list[Any], tenant: Tenant) -> None:
    """Make an activity of each kind about the records."""
    actor = tenant.actors.agent
    person, lead, organization = found
    soon, past = timezone.now() + timedelta(days=3), datetime(2020, 1, 2, 3, 4, 5, 6, tzinfo=UTC)
    made(person, actor, text="=a note\nof @agent")
    task = {"subject": "Call", "due_at": soon, "recurrence": "FREQ=WEEKLY;COUNT=2", "priority": "HIGH"}
    done = made(lead, actor, kind="TASK", assignee_id=tenant.users["manager"].pk, **task)
    complete_task(done.pk, actor=actor)
    call = {"text": "-", "starts_at": past, "minutes": 5, "direction": "OUT", "outcome": "n/a"}
    made(organization, actor, kind="CALL", **call)
    made(person, actor, kind="MEETING", subject="Later", starts_at=soon)
    made(lead, actor, kind="EMAIL", subject="Re: x", starts_at=past)
    Activity.objects.filter(kind="NOTE").update(created_at=past)


def _columns(key: int) -> dict[str, Any]:
    columns = [field.attname for field in Activity._meta.concrete_fields]
    return dict(Activity.objects.values(*columns).get(pk=key))


def exported(actor: Actor, file_format: ExportFormat, *, without: str = "") -> bytes:
    source = exported_named("ACTIVITY").source(actor)
    rows = Activity.objects.visible_to(actor)
    names = [name for name in source.headings(rows) if not without or without not in name]
    file = io.BytesIO()
    export_rows(source, rows, file, file_format=file_format, columns=names)
    return file.getvalue()


def imported(content: bytes, actor: Actor, **options: Any) -> Any:
    errors: list[str] = []
    summary = run_import(
        io.BytesIO(content),
        ActivityImport,
        actor=actor,
        on_error=lambda error: errors.append(str(error)),
        **options,
    )
    assert errors == []
    return summary


@pytest.mark.parametrize("file_format", [ExportFormat.CSV, ExportFormat.JSONL])
def test_export_import_export_gives_the_same_bytes(tenant, file_format):
    activities(records(tenant.actors.manager), tenant)
    manager = tenant.actors.manager
    before = {name: rows for name, rows in read_all().items() if name not in NEVER_THE_SAME}
    content = exported(manager, file_format)

    # The same company knows the uuids, and nothing changes.
    assert imported(content, manager).unchanged == 6
    assert {name: rows for name, rows in read_all().items() if name not in NEVER_THE_SAME} == before

    # Another one has records with the same e-mail address, external id and name.
    empty = make_tenant("Empty")
    for name in ("manager", "agent"):
        Membership.objects.create(company=empty.company, user=tenant.users[name], role=name.upper())
    actor = actor_for(tenant.users["manager"], empty.company, door=Door.GRAPHQL)
    lead: Any = records(actor)[1]
    counted = lead.last_activity_at
    without = exported(manager, file_format, without="uuid")
    assert imported(content, actor).created == 6
    assert exported(actor, file_format, without="uuid") == without
    assert imported(content, actor).unchanged == 6
    done = Activity.objects.get(company=empty.company, done_at__isnull=False)
    assert (done.user, done.assignee) == (tenant.users["agent"], tenant.users["manager"])
    # What took place in the past is no activity of today.
    lead.refresh_from_db()
    assert lead.last_activity_at == counted


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "PEOPLE,,x@example.com,NOTE,Hi,,",
            "record_name: No person is called this: import those records first.",
        ),
        ("PEOPLE,,Ann Berg,NOTE,Hi,,", "record_name: No person is called this: import those records first."),
        (
            "PEOPLE,,Mia Berg,NOTE,Hi,,",
            "record_name: Several people are called this: name the uuid or external id.",
        ),
        ("PET,,a,NOTE,Hi,,", "record_kind: Choose one of: PEOPLE, ORGANIZATION, LEAD."),
        ("LEAD,8,,NOTE,Hi,,", "record_external_id: No lead is known by this: import those records first."),
        ("PEOPLE,,ann@example.com,POST,Hi,,", "kind: Choose one of: NOTE, TASK, CALL, MEETING, EMAIL."),
        ("PEOPLE,,ann@example.com,NOTE,Hi,2030-01-01,", "kind: A note has no due date, assignee or end."),
        ("PEOPLE,,ann@example.com,CALL,Hi,,many", "minutes: Enter a whole number of minutes."),
        ("PEOPLE,,ann@example.com,NOTE,,,", "text: Enter a text."),
        (
            "ORGANIZATION,,Twin,NOTE,Hi,,",
            "record_name: Several organizations are called this: name the uuid or",
        ),
    ],
)
def test_a_row_that_cannot_be_is_refused_by_its_column(tenant, tmp_path, row, message):
    records(tenant.actors.manager)
    for _ in range(2):
        OrganizationFactory(company=tenant.company, name="Twin")
        PersonFactory(company=tenant.company, firstname="Mia", lastname="Berg")
    title = "record_kind,record_external_id,record_name,kind,text,due_at,minutes\n"

    ended = importing("import_activities", tenant, tmp_path)(title + row + "\n", "--source", "hub")

    assert ended.code == 3
    assert ended.errors[-2].startswith(f"line 2: {message}")
    assert not Activity.objects.exists()


def test_a_person_is_named_by_the_whole_name(tenant, tmp_path):
    mia = PersonFactory(company=tenant.company, firstname="Mia", middlename="van", lastname="Berg")
    PersonFactory(company=tenant.company, firstname="Mia", lastname="Berg")
    PersonFactory(company=make_tenant("Other").company, firstname="Mia", middlename="van", lastname="Berg")

    ended = importing("import_activities", tenant, tmp_path)(
        "record_kind,record_name,text\nPEOPLE,Mia  van Berg,Hello\n"
    )

    assert ended.code == 0
    assert Activity.objects.get().object_id == mia.pk


def test_a_known_activity_is_changed_by_the_policy_and_undone(tenant, tmp_path):
    found = records(tenant.actors.manager)
    manager = tenant.actors.manager
    task: Any = {"entity_type": "LEAD", "entity_id": found[1].pk, "kind": "TASK", "subject": "Old"}
    activity = create_activity(task, actor=tenant.actors.agent)
    head = "uuid,record_kind,record_external_id,record_external_source,kind,subject,text,done_at\n"
    row = f"{activity.uuid},lead,7,HUB,task,New,Said,2020-01-02\n,lead,7,HUB,note,,Another,\n"
    content = (head + row).encode()
    kept = {"version": 0, "updated_at": None}

    filled = imported(content.split(b"\n,")[0] + b"\n", manager, policy=DuplicatePolicy.FILL)
    activity.refresh_from_db()
    assert (filled.updated, activity.subject, activity.text) == (1, "Old", "Said")
    before = {**_columns(activity.pk), **kept}
    summary = imported(content, manager)
    activity.refresh_from_db()
    assert (summary.updated, summary.created) == (1, 1)
    assert (activity.subject, activity.done_at) == ("New", datetime(2020, 1, 2, tzinfo=UTC))
    plan = imported(content.replace(b"New", b"Newer"), manager, dry_run=True)
    assert (plan.updated, plan.unchanged, plan.created) == (1, 0, 1)

    undo.start_undo(ImportJob.objects.filter(dry_run=False).latest("pk"), actor=manager)
    assert {**_columns(activity.pk), **kept} == before
    assert Activity.objects.visible_to(manager).count() == 1


def test_tags_and_fields_of_activities_are_not_found(tenant):
    with pytest.raises(NotFound):
        attach_tag(1, "ACTIVITY", 1, actor=tenant.actors.manager)


def test_the_ledger_keeps_nothing_of_activities_of_an_erased_person(tenant):
    person = records(tenant.actors.manager)[0]
    head = b"record_kind,record_name,kind,subject,text\nPEOPLE,ann@example.com,CALL,Re: divorce,"
    imported(head + b"Said\n", tenant.actors.manager)
    row = ImportRow.objects.get()
    assert row.hash != ""

    erase_person(person.pk, actor=tenant.actors.admin)

    row.refresh_from_db()
    assert (row.hash, row.changes, Activity.objects.count()) == ("", {}, 0)
