"""The page of a pipeline's stages: order, values, new stages, and where the leads of a deleted one go."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.models.lifecycle import LIVE
from leads.models import Lead
from pipelines.models import Stage
from pipelines.services.pipelines import create_pipeline
from pipelines.services.stages import StageValues, create_stage
from tests.admin.conftest import messages_of
from tests.admin.stage_rows import rows_of_stages
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def partners(tenant):
    """A pipeline of two stages."""
    stages: list[StageValues] = [{"name": "Hello", "probability": 20}, {"name": "Signed"}]
    return create_pipeline({"name": "Partners", "stages": stages}, actor=tenant.actors.manager)


def page_of(pipeline):
    return reverse("admin:pipelines_pipeline_stages", args=[pipeline.pk])


def deletion_of(stage):
    return reverse("admin:pipelines_pipeline_delete_stage", args=[stage.pipeline_id, stage.pk])


def names(pipeline):
    return list(pipeline.stages.filter(LIVE).order_by("weight", "pk").values_list("name", flat=True))


def stage_of(pipeline, name):
    return pipeline.stages.get(name=name)


def test_all_is_changed_in_place_and_saved_together(signed_in, tenant, partners):
    client = signed_in("manager")
    form = rows_of_stages(client, page_of(partners))
    form |= {"stages-0-name": "Welcome", "stages-1-probability": "60", "stages-1-rotting_days": "9"}

    saved = client.post(page_of(partners), {**form, "stages-2-name": "Onboarding"}, follow=True)

    signed, new = stage_of(partners, "Signed"), stage_of(partners, "Onboarding")
    assert messages_of(saved) == ["The stages of “Partners” are saved."]
    assert names(partners) == ["Welcome", "Signed", "Onboarding"]
    assert (signed.probability, signed.rotting_days, signed.version) == (60, 9, 2)
    assert (new.company, new.probability, new.rotting_days) == (tenant.company, 100, 0)


def test_the_arrows_work_without_scripts_and_save_what_is_typed(signed_in, partners):
    client = signed_in("manager")
    form = rows_of_stages(client, page_of(partners))
    hello = stage_of(partners, "Hello")
    down = {**form, "move": f"down:{hello.pk}", "stages-1-name": "Closed"}

    client.post(page_of(partners), down)
    moved = names(partners)
    # At the end there is no way further down.
    client.post(page_of(partners), {**rows_of_stages(client, page_of(partners)), "move": f"down:{hello.pk}"})

    assert moved == names(partners) == ["Closed", "Hello"]


def test_a_dragged_order_is_stored_at_once_and_answers_the_versions(signed_in, partners):
    client = signed_in("manager")
    form = rows_of_stages(client, page_of(partners))
    address = reverse("admin:pipelines_pipeline_order_stages", args=[partners.pk])
    hello, signed = stage_of(partners, "Hello"), stage_of(partners, "Signed")

    answer = client.post(address, {"order": [signed.pk, hello.pk]})
    refused = client.post(address, {"order": [signed.pk]})

    assert answer.json() == {
        "message": "The order of the stages is saved.",
        "versions": {str(hello.pk): 2, str(signed.pk): 2},
    }
    assert refused.status_code == 422
    assert "Name each of the 2 rows exactly once." in refused.json()["message"]
    assert names(partners) == ["Signed", "Hello"]
    # What was typed meanwhile is saved with the versions of the answer, and not with the ones before.
    typed = {**form, "order": [signed.pk, hello.pk], "stages-0-name": "Welcome"}
    stale = client.post(page_of(partners), typed)
    assert "Somebody else changed this meanwhile" in stale.content.decode()
    client.post(page_of(partners), {**typed, "stages-0-version": 2, "stages-1-version": 2})
    assert names(partners) == ["Signed", "Welcome"]


def test_a_refused_form_stores_nothing_and_keeps_text_and_order(signed_in, partners):
    client = signed_in("manager")
    form = rows_of_stages(client, page_of(partners))
    form |= {"order": form["order"][::-1], "stages-0-name": "Typed", "stages-1-probability": "101"}

    refused = client.post(page_of(partners), form)

    assert names(partners) == ["Hello", "Signed"]
    assert [row["name"].value() for row in refused.context_data["shown"]] == ["Signed", "Typed"]
    assert "Ensure this value is less than or equal to 100." in refused.content.decode()


def test_a_stage_with_leads_is_deleted_once_it_is_said_where_they_go(signed_in, tenant, partners):
    client = signed_in("manager")
    hello, signed = stage_of(partners, "Hello"), stage_of(partners, "Signed")
    lead = LeadFactory(company=tenant.company, stage=hello)

    asked = client.get(deletion_of(hello), headers={"HX-Request": "true"}).content.decode()
    refused = client.post(deletion_of(hello), follow=True)
    deleted = client.post(deletion_of(hello), {"replacement": signed.pk}, follow=True)
    last = client.post(deletion_of(signed), follow=True)

    lead.refresh_from_db()
    assert "Move its lead to" in asked
    # Those of the same pipeline first.
    assert asked.index(">Signed<") < asked.index(">Default pipeline: New<")
    assert "<html" not in asked
    assert messages_of(refused) == ["“Hello” is not deleted: 1 leads are still in it: move them first."]
    assert messages_of(deleted) == ["“Hello” is deleted, and its lead is in the stage that you chose."]
    assert messages_of(last)[0].startswith("“Signed” is not deleted: 1 leads are still in it")
    assert (lead.stage, names(partners)) == (signed, ["Signed"])


def test_the_deletion_of_a_stage_without_leads_is_undone_by_its_message(signed_in, partners):
    client = signed_in("manager")
    hello = stage_of(partners, "Hello")

    deleted = client.post(deletion_of(hello), follow=True)
    gone = names(partners)
    restore = reverse("admin:pipelines_pipeline_restore_stage", args=[partners.pk, hello.pk])
    assert f'action="{restore}"' in messages_of(deleted)[0]
    client.post(restore)

    assert (gone, names(partners)) == (["Signed"], ["Hello", "Signed"])


@pytest.mark.parametrize("role", ["viewer", "agent"])
def test_others_look_and_change_nothing(signed_in, tenant, partners, role):
    client = signed_in(role)
    hello = stage_of(partners, "Hello")
    order = reverse("admin:pipelines_pipeline_order_stages", args=[partners.pk])
    restore = reverse("admin:pipelines_pipeline_restore_stage", args=[partners.pk, hello.pk])

    page = client.get(page_of(partners)).content.decode()
    answers = [
        client.post(page_of(partners), {"stages-TOTAL_FORMS": 0, "stages-INITIAL_FORMS": 0}).status_code,
        client.post(order, {"order": [stage_of(partners, "Signed").pk, hello.pk]}).status_code,
        client.get(deletion_of(hello)).status_code,
        client.post(deletion_of(hello)).status_code,
    ]
    client.post(restore)

    assert "Hello" in page
    assert "stages-form" not in page
    assert answers == [403, 422, 403, 403]
    assert names(partners) == ["Hello", "Signed"]


def test_nothing_of_another_company_is_found(signed_in, partners, other_tenant):
    client = signed_in("manager")
    foreign = Stage.objects.get(company=other_tenant.company, name="New")
    form = rows_of_stages(client, page_of(partners))

    taken = client.post(
        page_of(partners),
        {**form, "stages-0-id": foreign.pk, "stages-0-name": "Taken", "stages-1-name": "Typed"},
        follow=True,
    )
    deleted = client.post(reverse("admin:pipelines_pipeline_delete_stage", args=[partners.pk, foreign.pk]))

    assert client.get(page_of(foreign.pipeline)).status_code == 404
    assert deleted.status_code == 404
    # As of a stage that a colleague has deleted meanwhile: the others are saved.
    assert messages_of(taken)[0] == "“Taken” was deleted meanwhile: what you typed there is not saved."
    assert names(partners) == ["Hello", "Typed"]
    foreign.refresh_from_db()
    assert (foreign.name, foreign.deleted_at) == ("New", None)


def test_the_number_of_statements_does_not_grow_with_the_stages(signed_in, tenant, partners):
    client = signed_in("manager")
    client.get(page_of(partners))
    counts = []
    for number in (0, 8):
        for each in range(number):
            stage = create_stage(
                {"name": f"S{each}", "pipelines_id": partners.pk}, actor=tenant.actors.manager
            )
            LeadFactory(company=tenant.company, stage=stage)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert client.get(page_of(partners)).status_code == 200
        counts.append(len(captured))

    assert counts[0] == counts[1]
    assert Lead.objects.filter(company=tenant.company).count() == 8
