"""import_leads: what is stored of a row, who hears of it, and what is said of one that is not."""

import signal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.actors import Door
from crm.importing import jobs
from crm.models import Tag
from leads.models import Lead
from leads.signals import lead_changed
from people.models import Organization, Person
from pipelines.models import Pipeline
from tests.factories.leads import LeadSourceFactory, LeadStatusFactory, LeadTypeFactory
from tests.factories.people import PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.imports.conftest import row_counts

pytestmark = pytest.mark.django_db


@pytest.fixture
def events():
    """Collect the sent events, each with whether its lead could be read outside a transaction."""
    received = []

    def collect(*, event, **_):
        committed = not connection.in_atomic_block and Lead.objects.filter(pk=event.object_id).exists()
        received.append((event, committed))

    lead_changed.connect(collect)
    yield received
    lead_changed.disconnect(collect)


def test_every_column_is_stored_as_it_stands(import_leads, tenant):
    company = tenant.company
    person = PersonFactory(company=company, firstname="Zoë", email="Zoe@example.com")
    pipeline = PipelineFactory(company=company, name="Größere Kunden")
    StageFactory(company=company, pipeline=pipeline, name="Erst", weight=1)
    stage = StageFactory(company=company, pipeline=pipeline, name="Zweit", weight=2)
    status = LeadStatusFactory(company=company, name="Auf Eis")
    type_ = LeadTypeFactory(company=company, name="Ausbau")
    source = LeadSourceFactory(company=company, name="Messe")

    ended = import_leads(
        "title,firstname,lastname,email,phone,description,organization,person_email,pipeline,stage,status,"
        "type,source,owner,tags,custom_fields.deal_value,custom_fields.note\n"
        '"Großer ""Deal""",Bo,Ek,bo@example.com,12-34,"Zeile 1\nZeile 2, mehr",Åberg & Co,ZOE@example.com,'
        "GRÖSSERE kunden, zweit ,auf eis,AUSBAU,messe,agent@tenant,Hot;Neu,50000, 1.0 \n"
    )

    lead = Lead.objects.get()
    assert (ended.code, ended.lines, ended.errors) == (0, ["1 created, 0 failed, 1 in all."], [])
    assert (lead.company, lead.user, lead.title) == (company, tenant.users["manager"], 'Großer "Deal"')
    assert (lead.firstname, lead.lastname, lead.email, lead.phone) == ("Bo", "Ek", "bo@example.com", "12-34")
    assert lead.description == "Zeile 1\nZeile 2, mehr"
    assert (lead.person, lead.organization) == (person, Organization.objects.get(name="Åberg & Co"))
    assert (lead.pipeline, lead.stage, lead.status) == (pipeline, stage, status)
    assert (lead.type, lead.source, lead.owner) == (type_, source, tenant.users["agent"])
    assert set(lead.tags.values_list("name", flat=True)) == {"Hot", "Neu"}
    assert lead.custom_fields == {"deal_value": "50000", "note": " 1.0 "}
    assert person.organizations.get() == lead.organization


def test_title_alone_takes_the_defaults_of_the_company(import_leads, tenant):
    ended = import_leads("Title\nEnterprise deal\n")

    lead = Lead.objects.get()
    assert ended.code == 0
    assert (lead.pipeline.name, lead.stage.name, lead.status.name) == ("Default pipeline", "New", "Open")
    assert (str(lead.receiver), str(lead.source), str(lead.type)) == (
        "Default receiver",
        "Website",
        "New business",
    )
    assert (lead.owner, lead.person, lead.organization) == (tenant.users["admin"], None, None)
    assert not Person.objects.exists()
    assert lead.channels.count() == 1


def test_stage_alone_is_one_of_the_default_pipeline(import_leads, tenant):
    other = PipelineFactory(company=tenant.company, name="Other")
    StageFactory(company=tenant.company, pipeline=other, name="Elsewhere")

    ended = import_leads("title,stage\nA,proposal\nB,Elsewhere\n")

    assert Lead.objects.get().stage.name == "Proposal"
    assert ended.errors[0] == (
        "line 3: stage: Unknown name. Choose one of: New, Contacted, Proposal, Negotiation."
    )


def test_rows_that_name_what_is_not_there_are_told_by_line(import_leads, tenant, other_tenant):
    company, other = tenant.company, other_tenant.company
    PersonFactory(company=other, email="foreign@example.com")
    PersonFactory(company=company, email="twin@example.com")
    PersonFactory(company=company, email="TWIN@example.com")
    PersonFactory(company=company, email="deleted@example.com", deleted_at=company.created_at)
    LeadSourceFactory(company=other, name="Foreign source")
    LeadStatusFactory(company=other, name="Foreign status")
    foreign = PipelineFactory(company=other, name="Foreign pipeline")
    StageFactory(company=other, pipeline=foreign, name="Foreign stage")
    PipelineFactory(company=company, name="Twin")
    PipelineFactory(company=company, name="twin", slug="twin-2")
    PipelineFactory(company=company, name="Empty")

    ended = import_leads(
        "title,person_email,pipeline,stage,status,type,source,owner\n"
        " ,x@example.com,,,,,,\n"
        "A,nobody@example.com,,,,,,\n"
        "B,foreign@example.com,,,,,,\n"
        "C,twin@example.com,,,,,,\n"
        "D,deleted@example.com,,,,,,\n"
        "E,,Foreign pipeline,,,,,\n"
        "F,,TWIN,,,,,\n"
        "G,,Empty,,,,,\n"
        "H,,Empty,New,,,,\n"
        "I,,,Foreign stage,,,,\n"
        "J,,,,Foreign status,,,\n"
        "K,,,,,Nonsense,,\n"
        "L,,,,,,Foreign source,\n"
        "M,,,,,,,agent@other\n"
        "N,,,,,,,viewer@tenant\n"
        f"{'t' * 256},,,,,,,\n"
    )

    assert ended.code == 3
    assert ended.errors == [
        "line 2: person_email: No person has this e-mail address.",
        "line 3: person_email: No person has this e-mail address.",
        "line 4: person_email: No person has this e-mail address.",
        "line 5: person_email: Several people have this e-mail address.",
        "line 6: person_email: No person has this e-mail address.",
        "line 7: pipeline: Unknown name. Choose one of: Twin, twin, Empty, Default pipeline.",
        "line 8: pipeline: 2 rows have this name. Rename them first.",
        "line 9: pipeline: This pipeline has no stages.",
        "line 10: stage: Unknown name. Choose one of: none.",
        "line 11: stage: Unknown name. Choose one of: New, Contacted, Proposal, Negotiation.",
        "line 12: status: Unknown name. Choose one of: Open, Won, Lost, Closed, Duplicate.",
        "line 13: type: Unknown name. Choose one of: New business, Existing business.",
        "line 14: source: Unknown name. Choose one of: Website, Referral, Phone, E-mail, Event, Other.",
        "line 15: owner: No member has this username, e-mail address or name.",
        "line 16: owner: An owner is an active member who is not a viewer.",
        "line 17: title: Ensure this value has at most 255 characters (it has 256).",
        "16 of 16 rows failed.",
    ]
    assert not Lead.objects.exists()


def test_empty_title_is_told(import_leads):
    ended = import_leads("title,description\n ,something\n")

    assert ended.errors == ["line 2: title: This field cannot be blank.", "1 of 1 rows failed."]
    assert not Lead.objects.exists()


def test_long_description_is_told(import_leads):
    ended = import_leads(f"title,description\nA,{'x' * 100_001}\n")

    assert ended.errors[0] == (
        "line 2: description: Ensure this value has at most 100000 characters (it has 100001)."
    )


def test_custom_field_name_that_is_too_long_is_told(import_leads):
    name = "n" * 101

    ended = import_leads(f"title,custom_fields.a,custom_fields.{name}\nA,1,2\n")

    assert ended.errors[0] == f"line 2: custom_fields.{name}: A name has 1 to 100 characters."


def test_owner_is_found_by_email_in_any_case(import_leads, tenant):
    import_leads("title,owner\nA,AGENT@tenant.EXAMPLE\n")

    assert Lead.objects.get().owner == tenant.users["agent"]


@pytest.mark.django_db(transaction=True)
def test_each_stored_row_is_announced_once_after_its_commit(import_leads, tenant, events):
    ended = import_leads("title,stage\nA,New\nB,Nowhere\nC,Proposal\n")

    stored = list(Lead.objects.order_by("pk").values_list("pk", flat=True))
    assert ended.code == 3
    assert [event.object_id for event, _ in events] == stored
    assert [committed for _, committed in events] == [True, True]
    assert {(event.kind, event.door, event.company_id, event.actor_id) for event, _ in events} == {
        ("created", Door.IMPORT, tenant.company.pk, tenant.users["manager"].pk)
    }


@pytest.mark.django_db(transaction=True)
def test_dry_run_changes_and_announces_nothing(import_leads, events):
    before = row_counts()

    ended = import_leads("title,organization,tags\nA,Acme,Hot\nB,Acme,Hot\n,Acme,\n", "--dry-run")

    assert ended.code == 3
    assert ended.lines == [
        "Dry run, nothing is stored: 2 created, 1 failed, 3 in all.",
        "line 2: create",
        "line 3: create",
        "line 4: reject: title: This field cannot be blank.",
    ]
    assert row_counts() == before
    assert events == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_after_the_batch_at_work(import_leads, number, code, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    def stop_at_second(**_):
        # Once: the second signal would end the process.
        lead_changed.disconnect(stop_at_second)
        signal.raise_signal(number)

    lead_changed.connect(stop_at_second)
    try:
        ended = import_leads("title\nA\nB\nC\nD\n")
    finally:
        lead_changed.disconnect(stop_at_second)

    assert ended.code == code
    assert ended.lines == ["2 created, 0 failed, 2 in all (stopped before the end)."]
    assert ended.errors == ["Stopped by a signal. The same command goes on where it stopped."]
    assert list(Lead.objects.order_by("pk").values_list("title", flat=True)) == ["A", "B"]
    assert [import_leads("title\nA\nB\nC\nD\n").lines, Lead.objects.count()] == [
        ["4 created, 0 failed, 4 in all."],
        4,
    ]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def statements_of(import_leads, count: int) -> int:
    rows = "".join(
        f"Deal {count}.{n},ann@example.com,Proposal,agent@tenant,Acme,Hot,{n}\n" for n in range(count)
    )
    with CaptureQueriesContext(connection) as queries:
        ended = import_leads(f"title,person_email,stage,owner,organization,tags,custom_fields.value\n{rows}")
    assert ended.code == 0
    return len(queries)


def test_more_rows_take_no_more_statements(import_leads, tenant, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 100)
    PersonFactory(company=tenant.company, email="ann@example.com")
    statements_of(import_leads, 1)

    ten, sixty = statements_of(import_leads, 10), statements_of(import_leads, 60)

    # Rows are written together; their keys are fetched a hundred at a time.
    assert sixty - ten <= 3


def test_names_of_another_company_are_not_listed(import_leads, tenant, other_tenant):
    PipelineFactory(company=other_tenant.company, name="Secret plan")

    ended = import_leads("title,pipeline\nA,Unknown\n")

    assert ended.errors[0] == "line 2: pipeline: Unknown name. Choose one of: Default pipeline."
    assert Pipeline.objects.filter(name="Secret plan").count() == 1
    assert not Tag.objects.exists()
