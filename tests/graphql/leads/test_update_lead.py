"""updateLead: absent fields, null and versions."""

from datetime import UTC, datetime

import pytest

from leads.models import Lead, LeadStatus
from leads.services.leads import create_lead
from pipelines.models import Stage
from tests.clients import refusal
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory
from tests.factories.pipelines import PipelineFactory, StageFactory
from tests.graphql.leads.operations import UPDATE, invalid, not_found, update, update_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(tenant, actors):
    """Create a lead with a value in every field."""
    person = PersonFactory(company=tenant.company)
    organization = OrganizationFactory(company=tenant.company)
    lost = LeadStatus.objects.get(company=tenant.company, name="Lost")
    return create_lead(
        {
            "title": "Deal",
            "firstname": "Jane",
            "lastname": "Doe",
            "email": "jane@example.com",
            "phone": "+1-212-555-0100",
            "description": "Long",
            "reason_lost": "Price",
            "status_id": lost.pk,
            "people_id": person.pk,
            "organization_id": organization.pk,
            "participants_id": [tenant.users["colleague"].pk],
            "tags": [{"name": "Hot"}],
            "custom_fields": [{"name": "size", "value": 42}],
        },
        actor=actors.agent,
    )


#: Each field that null clears: the field of the answer, and what it shows then.
CLEARED: dict[str, tuple[str, list[object] | None]] = {
    "firstname": ("firstname", None),
    "lastname": ("lastname", None),
    "email": ("email", None),
    "phone": ("phone", None),
    "description": ("description", None),
    "reason_lost": ("reason_lost", None),
    "people_id": ("people", None),
    "organization_id": ("organization", None),
    "leads_owner_id": ("owner", None),
    "receiver_id": ("receiver", None),
    "type_id": ("type", None),
    "source_id": ("source", None),
    "participants_id": ("participants", []),
    "tags": ("tags", []),
    "custom_fields": ("custom_fields", []),
}


@pytest.mark.parametrize("name", CLEARED)
def test_absent_fields_stay_and_null_clears(lead, actors, name):
    field, empty = CLEARED[name]

    untouched = update(actors.agent, lead.pk, title="Renamed")
    cleared = update(actors.agent, lead.pk, **{name: None})

    assert untouched[field] != empty
    assert cleared == {**untouched, field: empty, "version": 3}


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("title", "This field cannot be blank."),
        ("status_id", "A lead must have a status."),
        ("pipeline_stage_id", "A lead is always in a stage."),
        ("pipeline_id", "A lead is always in a stage."),
        ("pipelines_id", "A lead is always in a stage."),
    ],
)
def test_null_is_refused_for_required_columns(lead, actors, name, message):
    assert update_refused(actors.agent, lead.pk, **{name: None}) == invalid(**{name: message})

    assert Lead.objects.get().version == 1


@pytest.mark.parametrize("name", ["status_id", "pipeline_stage_id", "pipeline_id", "pipelines_id"])
def test_zero_keeps_status_and_stage(lead, actors, name):
    answer = update(actors.agent, lead.pk, **{name: 0})

    assert (answer["status"]["name"], answer["stage"]["name"], answer["version"]) == ("Lost", "New", 1)


@pytest.mark.parametrize("title", ["", "   "])
def test_title_cannot_be_emptied(lead, actors, title):
    error = refusal(UPDATE, actor=actors.agent, variables={"id": lead.pk, "input": {"title": title}})

    assert error["message"] == "Validation failed for the field [updateLead]."
    assert error["extensions"] == invalid(title="This field cannot be blank.")


def test_version_counts_only_changes(lead, actors):
    same = update(actors.agent, lead.pk, title="Deal", tags=[{"name": "hot"}], firstname="Jane")
    before = Lead.objects.get().updated_at
    changed = update(actors.agent, lead.pk, 1, firstname="Janet")

    assert (same["version"], changed["version"]) == (1, 2)
    assert Lead.objects.get().updated_at > before


def test_expected_version(lead, actors):
    update(actors.agent, lead.pk, title="Renamed")

    error = refusal(
        UPDATE, actor=actors.agent, variables={"id": lead.pk, "input": {"title": "Lost"}, "version": 1}
    )

    assert error["extensions"] == {"code": "CONFLICT", "reason": "VERSION", "current_version": 2}
    assert Lead.objects.get().title == "Renamed"


def test_custom_fields_merge_by_name(lead, actors):
    answer = update(
        actors.agent, lead.pk, custom_fields=[{"name": "size", "data": True}, {"name": "new", "value": "x"}]
    )
    removed = update(actors.agent, lead.pk, custom_fields=[{"name": "size", "value": None}])

    assert answer["custom_fields"] == [{"name": "new", "value": "x"}, {"name": "size", "value": True}]
    assert removed["custom_fields"] == [{"name": "new", "value": "x"}]


def test_one_and_true_are_different_values(lead, actors):
    one = update(actors.agent, lead.pk, custom_fields=[{"name": "size", "value": 1}])
    true = update(actors.agent, lead.pk, custom_fields=[{"name": "size", "value": True}])

    assert (one["version"], true["version"]) == (2, 3)
    assert Lead.objects.get().custom_fields == {"size": True}


def test_stage_takes_its_pipeline_and_the_time(lead, tenant, actors):
    Lead.objects.update(stage_changed_at=datetime(2026, 1, 1, tzinfo=UTC))
    stage = StageFactory(company=tenant.company, pipeline=PipelineFactory(company=tenant.company))

    answer = update(actors.agent, lead.pk, pipeline_stage_id=stage.pk)

    assert (answer["stage"]["id"], answer["pipeline"]["id"]) == (str(stage.pk), str(stage.pipeline_id))
    assert Lead.objects.get().stage_changed_at > datetime(2026, 1, 1, tzinfo=UTC)


def test_pipeline_alone_moves_to_its_first_stage(lead, tenant, actors):
    pipeline = PipelineFactory(company=tenant.company)
    StageFactory(company=tenant.company, pipeline=pipeline, name="Entry")

    assert update(actors.agent, lead.pk, pipeline_id=pipeline.pk)["stage"]["name"] == "Entry"


def test_the_lead_s_own_pipeline_keeps_its_stage(lead, actors):
    proposal = Stage.objects.get(name="Proposal")
    update(actors.agent, lead.pk, pipeline_stage_id=proposal.pk)

    answer = update(actors.agent, lead.pk, pipeline_id=proposal.pipeline_id)

    assert (answer["stage"]["name"], answer["version"]) == ("Proposal", 2)


def test_pipeline_without_stages(lead, tenant, actors):
    pipeline = PipelineFactory(company=tenant.company)

    assert update_refused(actors.agent, lead.pk, pipeline_id=pipeline.pk) == invalid(
        pipeline_id="This pipeline has no stages."
    )


def test_another_person_leaves_the_contact_fields(lead, tenant, actors):
    person = PersonFactory(company=tenant.company, firstname="Zoe", email="zoe@example.com")

    answer = update(actors.agent, lead.pk, people_id=person.pk)

    assert (answer["people"]["id"], answer["firstname"]) == (str(person.pk), "Jane")


def test_reopening_clears_what_closing_set(lead, tenant, actors):
    open_status = LeadStatus.objects.get(company=tenant.company, name="Open")

    answer = update(actors.agent, lead.pk, status_id=open_status.pk)

    assert (answer["status"]["name"], answer["closed_at"], answer["reason_lost"]) == ("Open", None, None)


def test_owner_rules(lead, tenant, actors):
    assert update_refused(actors.agent, lead.pk, leads_owner_id=tenant.users["viewer"].pk) == invalid(
        leads_owner_id="An owner is an active member who is not a viewer."
    )
    colleague = str(tenant.users["colleague"].pk)
    assert update(actors.agent, lead.pk, leads_owner_id=colleague)["owner"] == {"id": colleague}


def test_unknown_foreign_and_deleted_leads_are_not_found(lead, actors, other_tenant):
    foreign = LeadFactory(company=other_tenant.company)
    Lead.objects.filter(pk=lead.pk).update(deleted_at=datetime(2026, 1, 1, tzinfo=UTC))
    keys = [10**6, foreign.pk, str(foreign.uuid), lead.pk, str(2**64), "-1", "\u0661", "x"]

    assert [update_refused(actors.agent, key, title="X") for key in keys] == [not_found("id")] * len(keys)
    assert set(Lead.objects.values_list("title", flat=True)) == {"Deal", "Enterprise deal"}


def test_viewers_change_nothing(lead, actors):
    assert update_refused(actors.viewer, lead.pk, title="X") == {"code": "FORBIDDEN"}
