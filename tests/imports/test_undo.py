"""Undoing an import: the company is as it was before, except for what somebody changed since."""

import io
import json
import signal
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.actors import Actor
from crm.importing import undo
from crm.importing.running import run_import
from crm.importing.worker import run_waiting_jobs
from crm.models import Activity, DuplicatePolicy, Event, ImportJob, ImportRow, Tag
from crm.services.activities import create_activity, update_activity
from leads.imports import LeadImport
from leads.models import Lead
from people.imports import PersonImport
from people.models import Organization, Person
from people.organization_imports import OrganizationImport
from people.services.organizations import update_organization
from people.services.people import create_person, update_person
from tests.clients import data, refusal
from tests.commands.running import run
from tests.examples import examples
from tests.factories.crm import Tenant
from tests.module_tenant import made_tenant, tenant
from tests.stored import rolled_back

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

KNOWN: tuple[Any, ...] = (
    {"firstname": "Ann", "lastname": "Old", "email": "ann@x.example", "organization": "Acme"},
    {
        "firstname": "Bob",
        "email": "bob@x.example",
        "tags": [{"name": "VIP"}],
        "custom_fields": [{"name": "segment", "value": "A"}],
        "address": [{"city": "Rome"}],
    },
)
UNDO = """mutation ($id: ID!, $dry: Boolean! = false) {
  undoImport(id: $id, dry_run: $dry) { dry_run state undone kept }
}"""


def state(tenant: Tenant) -> dict[str, Any]:
    """Return what the members of a company see, without versions and times."""
    actor = tenant.actors.admin
    people = [
        (
            (person.pk, person.firstname, person.lastname, person.name, person.email, str(person.dob)),
            (person.email_canonical, person.search_text, json.dumps(person.custom_fields, sort_keys=True)),
            sorted(person.contacts.values_list("pk", "type_id", "value", "canonical", "weight")),
            sorted(person.addresses.values_list("pk", "city", "address", "is_default")),
            sorted(person.tags.values_list("pk", "name")),
            sorted(person.organizations.visible_to(actor).values_list("pk", flat=True)),
            sorted(person.employments.values_list("pk", "position", "organization_id")),
            (person.user_id, person.do_not_contact, person.external_id, person.external_source),
        )
        for person in Person.objects.visible_to(actor).order_by("pk")
    ]
    organizations = Organization.objects.visible_to(actor).order_by("pk")
    return {
        "people": people,
        "organizations": [
            (row.pk, row.name, row.city, row.custom_fields, sorted(row.tags.values_list("name", flat=True)))
            for row in organizations
        ],
        "tags": sorted(Tag.objects.visible_to(actor).values_list("pk", "name")),
        "leads": sorted(
            Lead.objects.visible_to(actor).values_list(
                *("pk", "title", "status_id", "stage_id", "closed_at", "owner_id"),
                *("external_id", "external_source", "reason_lost"),
            )
        ),
        "notes": sorted(Activity.objects.visible_to(actor).values_list("pk", "text")),
    }


def load(content: str, kind: type[Any], actor: Actor, **options: Any) -> ImportJob:
    """Import a file, and return its job."""
    summary = run_import(io.BytesIO(content.encode()), kind, actor=actor, on_error=lambda _: None, **options)
    return ImportJob.objects.get(uuid=summary.job)


def some(*values: str) -> Any:
    return st.sampled_from(("", *values))


ROWS = st.lists(
    st.tuples(
        some("Ann", "Eve"),
        some("Berg"),
        some("ann@x.example", "bob@x.example", "cid@x.example", "dot@x.example", "bad"),
        some("+1 212 555 0101", "+1 212 555 0102"),
        some("Acme", "Other", "acme"),
        some("VIP", "Hot;New", "Hot"),
        some("Rome", "Lyon"),
        some("A", "B"),
        some("Clerk", "Head"),
        some("colleague@tenant"),
        some("yes", "no"),
        some("x1", "x2"),
        some("Met at the fair"),
    ),
    min_size=1,
    max_size=6,
)


@pytest.fixture
def world(tenant: Tenant) -> Tenant:
    """A company that knows two people."""
    for values in KNOWN:
        create_person(values, actor=tenant.actors.agent)
    return tenant


@settings(
    max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, policy=st.sampled_from([DuplicatePolicy.UPDATE, DuplicatePolicy.FILL]))
def test_a_company_is_as_before_once_an_import_is_undone(world, rows, policy):
    header = "firstname,lastname,email,phone,organization,tags,city,custom_fields.segment,"
    header += "position,owner,do_not_contact,external_id,note\n"
    content = header + "".join(",".join(row) + "\n" for row in rows)
    with rolled_back():
        before = state(world)

        job = load(content, PersonImport, world.actors.manager, policy=policy)
        planned = [why for _, why in undo.plan_undo(job, actor=world.actors.manager)]
        undo.start_undo(job, actor=world.actors.manager)

        assert state(world) == before, content
        assert planned == [""] * (job.created + job.updated)
        done = undo.undone_rows(job)
        assert (done.undone, done.kept) == (job.created + job.updated, 0)
        # Undone once more, it changes nothing, and importing the file again is another import.
        events = Event.objects.count()
        undo.start_undo(job, actor=world.actors.manager)
        assert (state(world), Event.objects.count()) == (before, events)
        again = load(content, PersonImport, world.actors.manager, policy=policy)
        assert (again.created, again.updated) == (job.created, job.updated)


def test_what_somebody_changed_since_is_kept_and_told(world, tmp_path):
    agent, manager = world.actors.agent, world.actors.manager
    ann = Person.objects.get(email="ann@x.example")
    job = load(
        "firstname,email,organization,tags\n"
        "Anna,ann@x.example,New,\nCid,cid@x.example,New,Fresh\nDot,dot@x.example,Mine,Mine\nEve,eve@x.example,,\n",
        PersonImport,
        manager,
    )
    dot, eve = (Person.objects.get(email=f"{name}@x.example") for name in ("dot", "eve"))
    update_person(dot.pk, {"lastname": "Kept"}, actor=agent)
    Person.objects.filter(pk=eve.pk).update(deleted_at=job.finished_at)
    facts = (str(job.uuid), "--as", "manager@tenant")

    dry, by_api = (
        run("undo_import", *facts, "--dry-run"),
        data(UNDO, actor=manager, variables={"id": str(job.pk), "dry": True}),
    )
    ended = run("undo_import", *facts, "--json")

    kept = f"line 4: record {dot.pk} is kept: The record was changed"
    assert (dry.code, dry.lines) == (3, ["Dry run, nothing is changed: 3 rows undone, 1 kept."])
    assert by_api["undoImport"] == {"dry_run": True, "state": "", "undone": 3, "kept": 1}
    assert dry.errors == [f"{kept} since.", "1 rows were kept."]
    assert (ended.code, json.loads(ended.lines[0])) == (
        3,
        {"job": str(job.uuid), "dry_run": False, "undone": 3, "kept": 1},
    )
    assert ended.errors[0].startswith(f"{kept} by agent@tenant at ")
    ann.refresh_from_db()
    assert (ann.firstname, [row.name for row in ann.organizations.all()]) == ("Ann", ["Acme"])
    assert Person.objects.visible_to(manager).filter(email="cid@x.example").count() == 0
    # What only undone rows used is gone; what a kept record uses is not.
    assert set(Organization.objects.visible_to(manager).values_list("name", flat=True)) == {"Acme", "Mine"}
    assert set(Tag.objects.values_list("name", flat=True)) == {"VIP", "Mine"}
    gone = ImportRow.objects.get(job=job, number=5)
    assert (gone.undo, gone.undo_message) == ("UNDONE", "The record was deleted already.")
    assert ann.history.latest("pk").via == f"undo of import {job.uuid}"


def test_an_organization_that_somebody_works_with_is_kept(world):
    agent, manager = world.actors.agent, world.actors.manager
    job = load(
        "firstname,organization\nEve,Changed\nFay,Noted\nGil,Gone\n",
        PersonImport,
        manager,
    )
    changed, noted = (Organization.objects.get(name=name) for name in ("Changed", "Noted"))
    update_organization(changed.pk, {"city": "Rome"}, actor=agent)
    note: Any = {"kind": "NOTE", "text": "Call", "entity_type": "ORGANIZATION", "entity_id": noted.pk}
    create_activity(note, actor=agent)

    undo.start_undo(job, actor=manager)

    live = Organization.objects.visible_to(manager).values_list("name", flat=True)
    assert set(live) == {"Acme", "Changed", "Noted"}


def test_organizations_and_leads(world):
    manager = world.actors.manager
    before = state(world)
    organizations = load("name,city,tags\nAcme,Lyon,Big\nNew,Oslo,\n", OrganizationImport, manager)
    deals = "title,person_email,organization,tags\nOne,ann@x.example,Lead Inc,Hot\nTwo,,,\n"
    leads = load(deals, LeadImport, manager)

    answers = [
        data(UNDO, actor=manager, variables={"id": str(job.uuid)})["undoImport"]
        for job in (leads, organizations)
    ]

    assert [(answer["state"], answer["undone"], answer["kept"]) for answer in answers] == [("DONE", 2, 0)] * 2
    assert state(world) == before


def test_the_past_that_an_import_wrote_goes_with_its_undo(world):
    agent, manager = world.actors.agent, world.actors.manager
    ann, bob = Person.objects.order_by("pk")
    closed = "title,external_id,created_at,status,closed_at,reason_lost\n"
    load(f"{closed}Deal,d1,2019-01-01,,,\nOther,d2,,,,\n", LeadImport, manager)
    before = state(world)
    notes = "email,note,note_at\n"
    content = f"{notes}ann@x.example,Met in Rome,2019-05-02\nbob@x.example,Wrote,\nnew@x.example,New,\n"

    people = load(content, PersonImport, manager)
    leads = load(f"{closed}Deal,d1,,lost,2019-04-01,Too dear\n", LeadImport, manager)

    rows = ImportRow.objects.filter(job=people).order_by("number")
    # A note makes no new version of its record, and is told by the plan all the same.
    assert [(row.action, row.key, row.changes) for row in rows] == [
        ("UPDATE", "EMAIL", {"note": [None, "Met in Rome"]}),
        ("UPDATE", "EMAIL", {"note": [None, "Wrote"]}),
        ("CREATE", "", {}),
    ]
    assert {row.version for row in rows} == {1}
    row = ImportRow.objects.get(job=leads)
    assert (row.action, row.key, row.message) == ("UPDATE", "EXTERNAL_ID", "")
    wrote = Activity.objects.get(text="Wrote")
    update_activity(wrote.pk, {"text": "Wrote back"}, actor=manager)
    undo.start_undo(people, actor=world.actors.admin)
    undo.start_undo(leads, actor=manager)

    # The text of somebody else stays.
    assert state(world) == {**before, "notes": [(wrote.pk, "Wrote back")]}
    assert undo.undone_rows(people) == undo.Undone(undone=3, kept=0)
    # Whoever has changed the record keeps its note too.
    again = load(f"{notes}ann@x.example,Met in Oslo,\n", PersonImport, manager)
    update_person(ann.pk, {"lastname": "Newer"}, actor=agent)
    undo.start_undo(again, actor=manager)
    assert undo.undone_rows(again) == undo.Undone(undone=0, kept=1)
    assert list(ann.activities.filter(deleted_at=None).values_list("text", flat=True)) == ["Met in Oslo"]
    assert bob.version == 1


def test_filling_leaves_what_a_lead_has(world):
    manager = world.actors.manager
    columns = "title,external_id,status,closed_at,owner,stage,description\n"
    load(f"{columns}Deal,d1,,,agent@tenant,,\n", LeadImport, manager)
    lead = Lead.objects.get()
    last = lead.pipeline.stages.order_by("-weight", "-pk")[0].name
    row = f"Else,d1,lost,2019-04-01,colleague@tenant,{last},Filled\n"

    job = load(columns + row, LeadImport, manager, policy=DuplicatePolicy.FILL)

    filled = Lead.objects.get()
    assert (job.updated, filled.description) == (1, "Filled")
    kept = ("title", "status_id", "stage_id", "closed_at", "owner_id", "external_id")
    assert [getattr(filled, name) for name in kept] == [getattr(lead, name) for name in kept]


def test_an_undo_that_is_stopped_goes_on(world, monkeypatch):
    monkeypatch.setattr(undo, "BATCH", 2)
    manager, before = world.actors.manager, state(world)
    content = "firstname,email\n" + "".join(f"P{number},p{number}@x.example\n" for number in range(7))
    job = load(content, PersonImport, manager)
    real = undo._undo

    def stop(row: ImportRow, *rest: Any) -> None:
        real(row, *rest)
        if row.number == 5:
            signal.raise_signal(signal.SIGTERM)

    monkeypatch.setattr(undo, "_undo", stop)
    stopped = run("undo_import", str(job.uuid))
    monkeypatch.setattr(undo, "_undo", real)

    assert (stopped.code, stopped.lines) == (143, ["4 rows undone, 0 kept."])
    assert Person.objects.visible_to(manager).filter(email__startswith="p").count() == 3
    # A worker goes on with it as well as the same command.
    assert run_waiting_jobs(threading.Event()) == 1
    job.refresh_from_db()
    assert (job.undo, job.status, state(world)) == ("DONE", "COMPLETED", before)
    assert run("undo_import", str(job.uuid)).lines == ["7 rows undone, 0 kept."]


def test_long_imports_are_undone_in_the_background(world, monkeypatch):
    monkeypatch.setattr(undo, "MOST_ROWS_AT_ONCE", 1)
    manager, before = world.actors.manager, state(world)
    job = load("firstname,email\nEve,eve@x.example\nFay,fay@x.example\n", PersonImport, manager)

    answers = [data(UNDO, actor=manager, variables={"id": str(job.uuid)})["undoImport"] for _ in range(2)]

    assert answers == [{"dry_run": False, "state": "WAITING", "undone": 0, "kept": 0}] * 2
    assert (run_waiting_jobs(threading.Event()), state(world)) == (1, before)


def test_what_cannot_be_undone_is_refused(world, other_tenant):
    manager = world.actors.manager
    dry = load("firstname\nEve\n", PersonImport, manager, dry_run=True)
    job = load("firstname\nEve\n", PersonImport, manager)

    def code(actor: Actor, key: object) -> Any:
        return refusal(UNDO, actor=actor, variables={"id": str(key)})["extensions"]["code"]

    assert code(world.actors.agent, job.uuid) == "FORBIDDEN"
    assert code(other_tenant.actors.admin, job.uuid) == "NOT_FOUND"
    assert code(manager, dry.uuid) == "VALIDATION"
    ImportJob.objects.filter(pk=job.pk).update(status="RUNNING")
    assert code(manager, job.uuid) == "CONFLICT"
    assert run("undo_import", "nothing").errors == ["There is no import nothing."]
    assert Person.objects.visible_to(manager).filter(firstname="Eve").exists()


def test_the_statements_of_a_dry_run_do_not_grow_with_the_rows(world, django_assert_max_num_queries):
    manager = world.actors.manager
    content = "firstname\n" + "".join(f"P{number}\n" for number in range(30))
    job = load(content, PersonImport, manager)

    with django_assert_max_num_queries(4):
        assert [why for _, why in undo.plan_undo(job, actor=manager)] == [""] * 30
