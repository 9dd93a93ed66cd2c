"""createLead: defaults of a new lead, and refusals."""

import uuid

import pytest
from django.core.exceptions import ValidationError

from crm.models import SocialChannel
from leads.models import Lead, LeadReceiver, LeadStatus
from leads.services.leads import create_lead
from people.services.people import create_person
from pipelines.models import Pipeline, Stage
from tests.clients import refusal
from tests.factories.leads import LeadFactory, LeadReceiverFactory, LeadSourceFactory, LeadTypeFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.graphql.contact_types import type_id
from tests.graphql.leads.operations import CREATE, create, create_refused, invalid, not_found

pytestmark = pytest.mark.django_db


def test_minimal_lead_gets_the_company_defaults(tenant, actors):
    answer = create(actors.agent, title="  Enterprise deal ")

    lead = Lead.objects.get()
    receiver = LeadReceiver.objects.get(company=tenant.company)
    agent = str(tenant.users["agent"].pk)
    assert answer == {
        "id": str(lead.pk),
        "uuid": str(lead.uuid),
        "title": "Enterprise deal",
        "firstname": None,
        "lastname": None,
        "email": None,
        "phone": None,
        "description": None,
        "reason_lost": None,
        "closed_at": None,
        "version": 1,
        "people": None,
        "organization": None,
        "owner": {"id": str(tenant.users["admin"].pk)},
        "receiver": {"id": str(receiver.pk)},
        "status": {"name": "Open"},
        "type": {"name": "New business"},
        "source": {"name": "Website"},
        "pipeline": {"id": str(lead.pipeline_id)},
        "stage": {"id": str(lead.stage_id), "name": "New"},
        "participants": [],
        "followers": [],
        "user": {"id": agent},
        "tags": [],
        "custom_fields": [],
        "channels": [{"name": "Default Channel", "slug": str(lead.uuid), "users": [{"id": agent}]}],
    }


def test_given_fields_are_stored(tenant, actors):
    person = PersonFactory(company=tenant.company, firstname="John", email="john@example.com")
    organization = OrganizationFactory(company=tenant.company)
    stage = Stage.objects.get(company=tenant.company, name="Proposal")
    type_ = LeadTypeFactory(company=tenant.company, name="Renewal")
    source = LeadSourceFactory(company=tenant.company, name="Fair")
    texts = {
        "firstname": "Jane",
        "lastname": "Doe",
        "email": "jane@example.com",
        "phone": "+1-212-555-0100",
        "description": "Long",
    }

    answer = create(
        actors.agent,
        **texts,
        branch_id=7,
        company_id=tenant.company.pk,
        people_id=person.pk,
        organization_id=str(organization.uuid),
        leads_owner_id=tenant.users["colleague"].pk,
        type_id=type_.pk,
        source_id=source.pk,
        pipeline_stage_id=str(stage.uuid),
        participants_id=[tenant.users["agent"].pk],
        tags=[{"name": "Hot"}, {"name": "hot"}],
        custom_fields=[{"name": "deal_value", "data": "50000"}, {"name": "n", "value": {"a": [1, None]}}],
    )

    assert {name: answer[name] for name in texts} == texts
    assert answer["people"] == {"id": str(person.pk)}
    assert answer["organization"] == {"id": str(organization.pk)}
    assert answer["owner"] == {"id": str(tenant.users["colleague"].pk)}
    assert (answer["type"], answer["source"]) == ({"name": "Renewal"}, {"name": "Fair"})
    assert answer["stage"] == {"id": str(stage.pk), "name": "Proposal"}
    assert answer["participants"] == [{"id": str(tenant.users["agent"].pk)}]
    assert answer["tags"] == [{"name": "Hot"}]
    assert answer["custom_fields"] == [
        {"name": "deal_value", "value": "50000"},
        {"name": "n", "value": {"a": [1, None]}},
    ]


@pytest.mark.parametrize(
    "values", [{}, {"title": None}, {"title": ""}, {"title": "  "}, {"title": "x" * 256}]
)
def test_title_is_required(actors, values):
    error = refusal(CREATE, actor=actors.agent, variables={"input": {"firstname": "Jane", **values}})

    assert error["message"] == "Validation failed for the field [createLead]."
    assert list(error["extensions"]["validation"]) == ["input.title"]
    assert Lead.objects.count() == SocialChannel.objects.count() == 0


REFERENCES = [
    "people_id",
    "organization_id",
    "leads_owner_id",
    "receiver_id",
    "status_id",
    "type_id",
    "source_id",
    "pipeline_id",
    "pipelines_id",
    "pipeline_stage_id",
]
UNKNOWN = [10**6, str(uuid.uuid4()), str(2**64), "-1", "\u0661", "no id", "1.5"]


@pytest.mark.parametrize("name", REFERENCES)
def test_unknown_ids_are_not_found(actors, name):
    refusals = [create_refused(actors.agent, **{name: key}) for key in UNKNOWN]

    assert refusals == [not_found(f"input.{name}")] * len(UNKNOWN)
    assert Lead.objects.count() == 0


def test_unknown_ids_in_lists_are_not_found(actors, other_tenant, tenant):
    member, stranger = tenant.users["agent"].pk, other_tenant.users["agent"].pk

    assert create_refused(actors.agent, participants_id=[member, stranger]) == not_found(
        "input.participants_id.1"
    )
    assert create_refused(actors.agent, company_id=other_tenant.company.pk) == not_found("input.company_id")
    assert Lead.objects.count() == 0


@pytest.mark.parametrize("none", [0, "0", ""])
def test_zero_names_nothing(tenant, actors, none):
    references = [name for name in REFERENCES if name != "leads_owner_id"]

    answer = create(actors.agent, **dict.fromkeys(references, none))

    assert (answer["people"], answer["organization"], answer["receiver"]) == (None, None, None)
    assert (answer["status"], answer["stage"]["name"]) == ({"name": "Open"}, "New")
    assert (answer["type"], answer["source"]) == (None, None)
    assert answer["owner"] == {"id": str(tenant.users["agent"].pk)}


def test_stage_of_another_pipeline(tenant, actors):
    pipeline = PipelineFactory(company=tenant.company)
    StageFactory(company=tenant.company, pipeline=pipeline)
    stage = Stage.objects.get(company=tenant.company, name="New")

    extensions = create_refused(actors.agent, pipeline_id=pipeline.pk, pipeline_stage_id=stage.pk)

    assert extensions == invalid(pipeline_stage_id="This stage belongs to another pipeline.")
    assert Lead.objects.count() == 0


@pytest.mark.parametrize("name", ["pipeline_id", "pipelines_id"])
def test_pipeline_alone_means_its_first_stage(tenant, actors, name):
    pipeline = PipelineFactory(company=tenant.company)
    StageFactory(company=tenant.company, pipeline=pipeline, name="Second", weight=2)
    StageFactory(company=tenant.company, pipeline=pipeline, name="First", weight=1)

    answer = create(actors.agent, **{name: pipeline.pk})

    assert (answer["pipeline"]["id"], answer["stage"]["name"]) == (str(pipeline.pk), "First")


@pytest.mark.parametrize("name", ["pipeline_id", "pipelines_id"])
def test_pipeline_without_stages(tenant, actors, name):
    pipeline = PipelineFactory(company=tenant.company)

    extensions = create_refused(actors.agent, **{name: pipeline.pk})

    assert extensions == invalid(**{name: "This pipeline has no stages."})
    assert Lead.objects.count() == 0


def test_default_pipeline_without_stages(tenant, actors):
    Stage.objects.all().delete()

    assert create_refused(actors.agent) == invalid(pipeline_id="This pipeline has no stages.")


def test_two_different_pipelines_are_refused(tenant, actors):
    default, other = Pipeline.objects.get(), PipelineFactory(company=tenant.company)

    extensions = create_refused(actors.agent, pipeline_id=default.pk, pipelines_id=other.pk)

    assert extensions == invalid(pipeline_id="pipeline_id and pipelines_id name different pipelines.")
    assert (
        create(actors.agent, pipeline_id=default.pk, pipelines_id=str(default.uuid))["stage"]["name"] == "New"
    )


def test_owner_rules(tenant, actors, other_tenant):
    users = tenant.users
    inactive = users["colleague"]
    inactive.memberships.update(is_active=False)
    refused = invalid(leads_owner_id="An owner is an active member who is not a viewer.")

    assert create(actors.agent, leads_owner_id=None)["owner"] is None
    assert create(actors.agent, leads_owner_id=0)["owner"] is None
    assert create(actors.agent, leads_owner_id=users["agent"].pk)["owner"] == {"id": str(users["agent"].pk)}
    assert create_refused(actors.agent, leads_owner_id=users["viewer"].pk) == refused
    assert create_refused(actors.agent, leads_owner_id=inactive.pk) == refused
    assert create_refused(actors.agent, leads_owner_id=other_tenant.users["agent"].pk) == not_found(
        "input.leads_owner_id"
    )
    assert Lead.objects.count() == 3


def test_named_receiver_gives_type_source_and_agent_unless_they_are_named(tenant, actors):
    company, users = tenant.company, tenant.users
    type_, source = LeadTypeFactory(company=company), LeadSourceFactory(company=company)
    receiver = LeadReceiverFactory(company=company, agent=users["colleague"], type=type_, source=source)

    given = create(actors.agent, receiver_id=receiver.pk)
    cleared = create(actors.agent, receiver_id=receiver.pk, type_id=None, source_id=None, leads_owner_id=None)

    assert given["receiver"] == {"id": str(receiver.pk)}
    assert (given["type"]["name"], given["source"]["name"]) == (type_.name, source.name)
    assert given["owner"] == {"id": str(users["colleague"].pk)}
    assert (cleared["type"], cleared["source"], cleared["owner"]) == (None, None, None)


def test_agent_who_may_not_own_leaves_the_lead_without_owner(tenant, actors):
    LeadReceiver.objects.update(agent=tenant.users["viewer"])

    assert create(actors.agent)["owner"] is None


def test_lead_without_receiver_belongs_to_its_creator(tenant, actors):
    LeadReceiver.objects.update(is_default=False)

    answer = create(actors.agent)

    assert (answer["receiver"], answer["owner"]) == (None, {"id": str(tenant.users["agent"].pk)})


@pytest.mark.parametrize(("flag", "status"), [(True, "Duplicate"), (False, "Open")])
def test_duplicates_are_flagged_where_the_company_wants_it(tenant, actors, flag, status):
    tenant.company.flag_duplicate_leads = flag
    tenant.company.save()
    person = PersonFactory(company=tenant.company)
    LeadFactory(company=tenant.company, person=person)

    answer = create(actors.agent, people_id=person.pk)

    assert (answer["status"]["name"], answer["closed_at"] is None) == (status, not flag)


def test_only_open_live_leads_of_the_person_count_as_duplicates(tenant, actors):
    tenant.company.flag_duplicate_leads = True
    tenant.company.save()
    person = PersonFactory(company=tenant.company)
    won = LeadStatus.objects.get(company=tenant.company, name="Won")
    LeadFactory(company=tenant.company, person=person, status=won)

    first = create(actors.agent, people_id=person.pk)
    named = create(actors.agent, people_id=person.pk, status_id=won.pk)
    no_person = create(actors.agent)

    assert [lead["status"]["name"] for lead in (first, named, no_person)] == ["Open", "Won", "Open"]


def test_contact_fields_are_copied_from_the_person(tenant, actors):
    person = create_person(
        {
            "firstname": "Jane",
            "lastname": "Doe",
            "email": "jane@example.com",
            "contacts": [
                {"contacts_types_id": type_id("CELLPHONE"), "value": "+1-212-555-0103", "weight": 0},
                {"contacts_types_id": type_id("PHONE"), "value": "+1-212-555-0102", "weight": 5},
                {"contacts_types_id": type_id("PHONE"), "value": "+1-212-555-0101", "weight": 1},
            ],
        },
        actor=actors.agent,
    )

    answer = create(actors.agent, people_id=person.pk, lastname="Roe")

    copied = [answer[name] for name in ("firstname", "lastname", "email", "phone")]
    assert copied == ["Jane", "Roe", "jane@example.com", "+1-212-555-0101"]


def test_status_decides_whether_the_lead_is_closed(tenant, actors):
    won, lost = (LeadStatus.objects.get(company=tenant.company, name=name) for name in ("Won", "Lost"))

    assert create(actors.agent, status_id=won.pk, reason_lost="x")["reason_lost"] is None
    answer = create(actors.agent, status_id=lost.pk, reason_lost="Price")
    assert (answer["reason_lost"], answer["closed_at"] is None) == ("Price", False)


def test_description_that_is_too_long(actors):
    with pytest.raises(ValidationError) as refused:
        create_lead({"title": "Deal", "description": "x" * 10_000_000}, actor=actors.agent)

    assert list(refused.value.message_dict) == ["description"]
    assert Lead.objects.count() == 0


def test_null_characters(actors):
    assert create_refused(actors.agent, description="a\0b") == {
        "code": "VALIDATION",
        "validation": {"input.description": ["Null characters are not allowed."]},
    }


def test_viewers_create_nothing(actors):
    assert create_refused(actors.viewer) == {"code": "FORBIDDEN"}
    assert Lead.objects.count() == 0
