"""System messages in a lead's channel when owner, stage or status change."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Message
from leads.models import Lead, LeadStatus
from leads.services.leads import create_lead, delete_lead, restore_lead
from pipelines.models import Stage
from pipelines.services.pipelines import create_pipeline, delete_pipeline
from tests.graphql.leads.operations import update, update_refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead(actors):
    return create_lead({"title": "Deal"}, actor=actors.agent)


def said(lead: Lead) -> list[str]:
    rows = Message.objects.filter(channel__object_id=lead.pk, is_system=True).order_by("pk")
    assert all(row.channel.slug == str(lead.uuid) for row in rows)
    return [row.message["text"] for row in rows]


def test_a_new_lead_has_no_system_message(lead):
    assert said(lead) == []


def test_owner_stage_and_status_are_posted_in_one_statement(lead, tenant, actors):
    stages = list(Stage.objects.filter(pipeline=lead.pipeline).order_by("weight"))
    won = LeadStatus.objects.get(company=tenant.company, name="Won")
    with CaptureQueriesContext(connection) as queries:
        update(
            actors.manager,
            lead.pk,
            leads_owner_id=str(tenant.users["colleague"].pk),
            pipeline_stage_id=str(stages[1].pk),
            status_id=str(won.pk),
        )
    old_owner = str(tenant.users["admin"])
    assert said(lead) == [
        f"Owner: {old_owner} -> {tenant.users['colleague']}",
        "Stage: New -> Contacted",
        "Status: Open -> Won",
    ]
    assert len([one for one in queries if 'INSERT INTO "crm_message"' in one["sql"]]) == 1
    row = Message.objects.get(message__event="stage_changed")
    assert (row.user_id, row.message_verb, row.door) == (actors.manager.user_id, "system", "graphql")
    assert row.message == {
        "text": "Stage: New -> Contacted",
        "event": "stage_changed",
        "old": {"id": str(stages[0].pk), "name": "New"},
        "new": {"id": str(stages[1].pk), "name": "Contacted"},
    }


def test_a_lead_without_owner_says_none(lead, actors):
    update(actors.manager, lead.pk, leads_owner_id=None)
    assert said(lead)[0].endswith(" -> none")


def test_other_and_refused_changes_post_no_message(lead, actors):
    update(actors.agent, lead.pk, description="Long", pipeline_stage_id=str(lead.stage_id))
    update_refused(
        actors.agent, lead.pk, 1, pipeline_stage_id=str(Stage.objects.exclude(pk=lead.stage_id)[0].pk)
    )
    assert said(lead) == []


def test_a_restore_into_another_stage_posts_a_message(actors):
    pipeline = create_pipeline({"name": "Gone", "stages": [{"name": "Lobby"}]}, actor=actors.admin)
    lead = create_lead({"title": "Deal", "pipeline_id": pipeline.pk}, actor=actors.agent)
    delete_lead(lead.pk, actor=actors.agent)
    delete_pipeline(pipeline.pk, actor=actors.admin)
    restore_lead(lead.pk, actor=actors.agent)
    assert said(lead) == ["Stage: Lobby -> New"]
    entry = lead.history.get(kind="RESTORED")
    assert [side["name"] for side in entry.changes["stage"]] == ["Lobby", "New"]


def test_a_plain_restore_has_no_system_message(lead, actors):
    delete_lead(lead.pk, actor=actors.agent)
    restore_lead(lead.pk, actor=actors.agent)
    assert said(lead) == []
    assert lead.history.get(kind="RESTORED").changes == {}
