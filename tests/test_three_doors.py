"""Each rule once, through every door: the same value, the same event, an error at the same field."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.db.models import Model

from crm.events.audience import Event
from leads.models import LeadReceiver, LeadSource, LeadStatus, LeadType
from leads.signals import lead_changed
from people.models import Contact
from pipelines.models import Stage
from pipelines.services.pipelines import create_pipeline
from tests.doors import ROW, AdminDoor, Door, GraphQLDoor, ImportDoor
from tests.factories.crm import Tenant
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.module_tenant import made_tenant, tenant
from tests.stored import read_all

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.one_database

DOORS = [GraphQLDoor, AdminDoor, ImportDoor]
#: What a form says of an empty field before the rule of the row can say it.
EMPTY = ["This field cannot be blank."], ["This field is required."]
TOO_LONG = "x" * 100_001

Capture = Callable[..., AbstractContextManager[list[Any]]]


@pytest.fixture(params=DOORS, ids=lambda door: door.name.value)
def door(request: pytest.FixtureRequest, tenant: Tenant) -> Door:
    opened: Door = request.param(tenant)
    return opened


@pytest.fixture(params=[GraphQLDoor, AdminDoor], ids=lambda door: door.name.value)
def editing_door(request: pytest.FixtureRequest, tenant: Tenant) -> GraphQLDoor | AdminDoor:
    opened: GraphQLDoor | AdminDoor = request.param(tenant)
    return opened


@pytest.fixture
def events() -> Any:
    """Collect the lead events that are sent after a commit."""
    received: list[Event] = []

    def hear(*, event: Event, **_: Any) -> None:
        received.append(event)

    lead_changed.connect(hear)
    yield received
    lead_changed.disconnect(hear)


def changed_tables(before: dict[str, Any]) -> dict[str, Any]:
    """Return the tables whose rows have changed; an import keeps a ledger of what it refused."""
    now = {name: rows for name, rows in read_all().items() if not name.startswith("crm_import")}
    return {name: rows for name, rows in now.items() if rows != before[name]}


def test_a_lead_has_a_title(door: Door):
    before = read_all()

    outcome = door.create_lead({"title": "", "firstname": "Jane"})

    assert list(outcome.errors) == ["title"]
    assert outcome.errors["title"] in EMPTY
    assert changed_tables(before) == {}


def test_a_description_has_a_length(door: Door):
    before = read_all()

    outcome = door.create_lead({"title": "New", "description": TOO_LONG})

    said = "Ensure this value has at most 100000 characters (it has 100001)."
    assert outcome.errors == {"description": [said]}
    assert changed_tables(before) == {}


def test_a_new_lead_is_given_status_stage_receiver_and_owner(door: Door, tenant: Tenant):
    outcome = door.create_lead({"title": "New"})

    lead = outcome.row
    assert outcome.errors == {}
    assert (lead.status.name, lead.pipeline.is_default, lead.stage.name) == ("Open", True, "New")
    assert (lead.receiver.name, lead.owner) == ("Default receiver", tenant.users["admin"])
    assert (lead.type, lead.source) == (lead.receiver.type, lead.receiver.source)
    assert lead.user == tenant.users["manager"]
    assert [channel.slug for channel in lead.channels.all()] == [str(lead.uuid)]


def test_a_lead_is_in_the_pipeline_of_its_stage(door: Door, tenant: Tenant):
    pipeline = create_pipeline(
        {"name": "Partners", "stages": [{"name": "First"}]}, actor=tenant.actors.manager
    )
    stage = Stage.objects.get(pipeline=pipeline)

    lead = door.create_lead({"title": "New", "stage": stage}).row

    assert (lead.stage, lead.pipeline) == (stage, pipeline)


def test_a_closed_lead_knows_when_it_was_closed(door: Door, tenant: Tenant):
    won = LeadStatus.objects.get(company=tenant.company, name="Won")

    lead = door.create_lead({"title": "New", "status": won}).row

    assert (lead.status, lead.closed_at is not None) == (won, True)


def test_a_lost_lead_has_a_reason_where_the_company_asks_for_one(door: Door, tenant: Tenant):
    tenant.company.reason_lost_required = True
    tenant.company.save()
    lost = LeadStatus.objects.get(company=tenant.company, name="Lost")
    before = read_all()

    outcome = door.create_lead({"title": "New", "status": lost})

    assert outcome.errors == {"reason_lost": ["Enter why the lead was lost."]}
    assert changed_tables(before) == {}


def test_a_second_lead_of_a_person_is_a_duplicate_where_the_company_says_so(door: Door, tenant: Tenant):
    tenant.company.flag_duplicate_leads = True
    tenant.company.save()
    person = PersonFactory(company=tenant.company, email="jane@example.com")

    leads = [door.create_lead({"title": "New", "person": person}).row for _ in range(2)]

    assert [lead.status.name for lead in leads] == ["Open", "Duplicate"]


def test_a_lead_takes_what_it_lacks_from_its_person(door: Door, tenant: Tenant):
    person = PersonFactory(company=tenant.company, firstname="Jane", lastname="Doe", email="jane@example.com")

    lead = door.create_lead({"title": "New", "person": person, "firstname": "Janet"}).row

    assert (lead.firstname, lead.lastname, lead.email) == ("Janet", "Doe", "jane@example.com")


def test_an_owner_is_not_a_viewer(door: Door, tenant: Tenant):
    before = read_all()

    outcome = door.create_lead({"title": "New", "owner": tenant.users["viewer"]})

    assert list(outcome.errors) == ["owner"]
    assert changed_tables(before) == {}


def test_a_person_has_a_name_or_an_email(door: Door):
    before = read_all()

    outcome = door.create_person({"firstname": "", "middlename": "Only"})

    assert outcome.errors == {"firstname": ["Enter a first name, a last name or an e-mail address."]}
    assert changed_tables(before) == {}


def test_an_email_has_a_form(door: Door):
    before = read_all()

    outcome = door.create_person({"firstname": "Jane", "email": "jane at example"})

    assert outcome.errors == {"email": ["Enter a valid email address."]}
    assert changed_tables(before) == {}


def test_contacts_are_comparable_and_the_email_is_one_of_them(door: Door):
    outcome = door.create_person(
        {"firstname": "Jane", "email": "Jane@Example.com", "phone": "(212) 555-0100"}
    )

    person = outcome.row
    contacts = Contact.objects.filter(person=person).order_by("type__name")
    assert outcome.errors == {}
    assert (person.name, person.email, person.email_canonical) == (
        "Jane",
        "Jane@Example.com",
        "jane@example.com",
    )
    assert [(contact.type.name, contact.value, contact.canonical) for contact in contacts] == [
        ("Email", "Jane@Example.com", "jane@example.com"),
        ("Phone", "(212) 555-0100", "+12125550100"),
    ]
    assert "12125550100" in person.search_text


def test_an_event_leaves_once_after_commit(
    door: Door, tenant: Tenant, events: list[Event], django_capture_on_commit_callbacks: Capture
):
    with django_capture_on_commit_callbacks(execute=True):
        lead = door.create_lead({"title": "New"}).row
        events_before_commit = list(events)

    assert events_before_commit == []
    assert [(event.kind, event.object_id, event.door) for event in events] == [
        ("created", lead.pk, door.name)
    ]
    assert (events[0].company_id, events[0].actor_id) == (
        tenant.company.pk,
        tenant.users["manager"].pk,
    )


def test_a_refusal_is_not_announced(
    door: Door, events: list[Event], django_capture_on_commit_callbacks: Capture
):
    with django_capture_on_commit_callbacks(execute=True):
        outcome = door.create_lead({"title": "", "firstname": "Jane"})

    assert outcome.errors
    assert events == []


def foreign_row(name: str, other: Tenant) -> Any:
    """Return a row of another company whose name no own row has."""
    company = other.company
    if name == "owner":
        return other.users["agent"]
    if name == "person":
        return PersonFactory(company=company, email="foreign@example.com")
    if name == "organization":
        return OrganizationFactory(company=company, name="Foreign")
    if name == "stage":
        pipeline = create_pipeline(
            {"name": "Foreign", "stages": [{"name": "Foreign"}]}, actor=other.actors.admin
        )
        return Stage.objects.select_related("pipeline").get(pipeline=pipeline)
    models: dict[str, type[Model]] = {"status": LeadStatus, "type": LeadType, "source": LeadSource}
    row = models[name](company=company, name="Foreign")
    row.save()
    return row


@pytest.mark.parametrize("name", ["person", "owner", "stage", "status", "type", "source"])
def test_a_row_of_another_company_cannot_be_named(door: Door, other_tenant: Tenant, name: str):
    row = foreign_row(name, other_tenant)
    before = read_all()

    outcome = door.create_lead({"title": "New", name: row})

    # A file names a stage by its pipeline, which is then what does not exist.
    assert list(outcome.errors) in ([name], ["pipeline"] * (name == "stage"))
    assert changed_tables(before) == {}


@pytest.mark.parametrize("name", ["organization", "receiver"])
def test_a_row_of_another_company_cannot_be_chosen(
    editing_door: GraphQLDoor | AdminDoor, other_tenant: Tenant, name: str
):
    organization = OrganizationFactory(company=other_tenant.company)
    receiver = LeadReceiver.objects.get(company=other_tenant.company)
    before = read_all()

    outcome = editing_door.create_lead(
        {"title": "New", name: organization if name == "organization" else receiver}
    )

    assert list(outcome.errors) == [name]
    assert changed_tables(before) == {}


def test_a_change_of_an_older_version_is_refused(
    editing_door: GraphQLDoor | AdminDoor, tenant: Tenant, events: list[Event]
):
    lead = LeadFactory(company=tenant.company, version=4)
    before = read_all()

    outcome = editing_door.update_lead(lead, {"title": "Stale"}, version=3)

    assert list(outcome.errors) == [ROW]
    assert outcome.errors[ROW][0].startswith("Somebody else changed this meanwhile.")
    assert changed_tables(before) == {}
    assert events == []


def test_a_change_of_the_present_version_is_stored(editing_door: GraphQLDoor | AdminDoor, tenant: Tenant):
    lead = LeadFactory(company=tenant.company, version=4)

    outcome = editing_door.update_lead(lead, {"title": "Fresh"}, version=4)

    assert outcome.errors == {}
    assert (outcome.row.title, outcome.row.version) == ("Fresh", 5)
