"""The pages of pipelines and stages."""

import pytest
from django.urls import reverse

from crm.models.lifecycle import LIVE
from pipelines.models import Pipeline
from pipelines.services.pipelines import create_pipeline
from tests.admin.conftest import errors_of, form_of, messages_of
from tests.factories.leads import LeadFactory

LIST = "/admin/pipelines/pipeline/"
ADD = "/admin/pipelines/pipeline/add/"


def change_page(pipeline):
    return reverse("admin:pipelines_pipeline_change", args=[pipeline.pk])


@pytest.fixture
def partners(tenant):
    """A pipeline of two stages."""
    return create_pipeline(
        {"name": "Partners", "stages": [{"name": "Hello"}, {"name": "Signed"}]}, actor=tenant.actors.manager
    )


def names(pipeline):
    return list(pipeline.stages.filter(LIVE).order_by("weight", "pk").values_list("name", flat=True))


def test_new_pipeline_with_stages(signed_in, tenant):
    client = signed_in("manager")
    stages = {
        "stages-TOTAL_FORMS": "2",
        "stages-0-name": "First",
        "stages-0-rotting_days": "3",
        "stages-0-probability": "25",
        "stages-1-name": "Second",
        "stages-1-rotting_days": "0",
        "stages-1-probability": "75",
    }

    response = client.post(ADD, form_of(client, ADD, name="Upsell", **stages))

    upsell = Pipeline.objects.get(name="Upsell")
    # On to the stages, which have a page of their own from then on.
    assert response.url == reverse("admin:pipelines_pipeline_stages", args=[upsell.pk])
    assert (upsell.slug, upsell.weight, upsell.is_default) == ("upsell", 2, False)
    assert names(upsell) == ["First", "Second"]
    assert upsell.stages.get(name="First").company == tenant.company


def test_new_pipeline_without_stages_is_refused(signed_in, tenant):
    client = signed_in("manager")

    refused = client.post(ADD, form_of(client, ADD, name="Empty"))

    assert "A pipeline has at least one stage." in refused.content.decode()
    assert not Pipeline.objects.filter(name="Empty").exists()


def test_stale_pipeline_saves_nothing(signed_in, partners):
    client = signed_in("manager")
    form = form_of(client, change_page(partners))
    client.post(change_page(partners), {**form, "name": "Theirs"})

    refused = client.post(change_page(partners), {**form, "name": "Mine"})

    partners.refresh_from_db()
    assert "Somebody else changed this meanwhile" in refused.content.decode()
    assert (partners.name, names(partners)) == ("Theirs", ["Hello", "Signed"])


@pytest.mark.parametrize("weight", ["-1", "100001", "many"])
def test_broken_weight(signed_in, partners, weight):
    client = signed_in("manager")

    response = client.post(change_page(partners), form_of(client, change_page(partners), weight=weight))

    assert list(errors_of(response)) == ["weight"]


def test_default_moves_and_is_not_given_up(signed_in, tenant, partners):
    client = signed_in("manager")

    client.post(change_page(partners), form_of(client, change_page(partners), is_default="on"))
    form = form_of(client, change_page(partners))
    del form["is_default"]
    refused = client.post(change_page(partners), form)

    assert list(Pipeline.objects.filter(company=tenant.company, is_default=True)) == [partners]
    assert errors_of(refused) == {"is_default": ["Make another pipeline the default instead."]}


def test_delete_refuse_and_restore(signed_in, tenant, partners):
    client = signed_in("manager")
    default = Pipeline.objects.get(is_default=True)
    LeadFactory(company=tenant.company)

    both = {"action": "delete_selected", "_selected_action": [partners.pk, default.pk], "post": "yes"}
    deleted = client.post(LIST, both, follow=True)
    live = list(Pipeline.objects.filter(LIVE))
    stages = reverse("admin:pipelines_pipeline_stages", args=[partners.pk])
    assert stages not in client.get(LIST + "?deleted=1").content.decode()
    restored = {"action": "restore_selected", "_selected_action": [partners.pk]}
    client.post(LIST + "?deleted=1", restored)

    assert messages_of(deleted) == [
        "Default pipeline: 1 leads are still in it: move them first.",
        "Deleted 1 pipeline.",
    ]
    assert live == [default]
    assert set(Pipeline.objects.filter(LIVE)) == {default, partners}


def test_list_counts_live_stages_and_visible_leads(signed_in, tenant, partners):
    LeadFactory(company=tenant.company, stage=partners.stages.get(name="Hello"))

    rows = signed_in("viewer").get(LIST).context["cl"].result_list

    assert [(row.name, row.stage_number, row.lead_number) for row in rows] == [
        ("Default pipeline", 4, 0),
        ("Partners", 2, 1),
    ]


def test_stage_page(signed_in, tenant, partners):
    client = signed_in("manager")
    stage = partners.stages.get(name="Hello")
    page = reverse("admin:pipelines_stage_change", args=[stage.pk])

    client.post(page, form_of(client, page, rotting_days="9"))
    client.post(
        "/admin/pipelines/stage/", {"action": "delete_selected", "_selected_action": [stage.pk], "post": 1}
    )
    gone = names(partners)
    restored = {"action": "restore_selected", "_selected_action": [stage.pk]}
    client.post("/admin/pipelines/stage/?deleted=1", restored)

    stage.refresh_from_db()
    assert (stage.rotting_days, gone) == (9, ["Signed"])
    assert names(partners) == ["Hello", "Signed"]
