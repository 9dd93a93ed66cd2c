"""The pages of pipelines and stages."""

import pytest
from django.urls import reverse

from crm.models.lifecycle import LIVE
from pipelines.models import Pipeline, Stage
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
    assert response.status_code == 302
    assert (upsell.slug, upsell.weight, upsell.is_default) == ("upsell", 2, False)
    assert names(upsell) == ["First", "Second"]
    assert upsell.stages.get(name="First").company == tenant.company


def test_pipeline_without_stages_is_refused(signed_in, partners):
    client = signed_in("manager")
    form = form_of(client, change_page(partners), name="Renamed")

    adding = client.post(ADD, form_of(client, ADD, name="Empty"))
    changing = client.post(change_page(partners), form | {"stages-0-DELETE": "on", "stages-1-DELETE": "on"})

    partners.refresh_from_db()
    for response in (adding, changing):
        assert "A pipeline has at least one stage." in response.content.decode()
    assert (partners.name, names(partners)) == ("Partners", ["Hello", "Signed"])
    assert not Pipeline.objects.filter(name="Empty").exists()


def test_stages_are_changed_added_and_removed(signed_in, partners):
    client = signed_in("manager")
    hello = partners.stages.get(name="Hello")
    form = form_of(client, change_page(partners))
    form |= {
        "stages-0-name": "Welcome",
        "stages-1-DELETE": "on",
        "stages-TOTAL_FORMS": "3",
        "stages-2-name": "Onboarding",
        "stages-2-rotting_days": "5",
        "stages-2-probability": "40",
    }

    response = client.post(change_page(partners), form)

    hello.refresh_from_db()
    assert response.status_code == 302
    assert names(partners) == ["Welcome", "Onboarding"]
    assert (hello.name, hello.version) == ("Welcome", 2)


def test_stage_with_leads_is_not_removed(signed_in, tenant, partners):
    client = signed_in("manager")
    LeadFactory(company=tenant.company, stage=partners.stages.get(name="Signed"))
    form = form_of(client, change_page(partners), name="Renamed") | {"stages-1-DELETE": "on"}

    response = client.post(change_page(partners), form)

    partners.refresh_from_db()
    assert errors_of(response) == {"__all__": ["1 leads are still in it: move them first."]}
    assert (partners.name, names(partners)) == ("Partners", ["Hello", "Signed"])


def test_stale_pipeline_and_stale_stage_save_nothing(signed_in, partners):
    client = signed_in("manager")
    form = form_of(client, change_page(partners))
    client.post(change_page(partners), form_of(client, change_page(partners), name="Theirs"))
    fresh = form_of(client, change_page(partners))
    client.post(change_page(partners), {**fresh, "stages-0-name": "Theirs"})

    pipeline = client.post(change_page(partners), {**form, "name": "Mine"})
    stage = client.post(change_page(partners), {**fresh, "stages-0-name": "Mine"})

    partners.refresh_from_db()
    for response in (pipeline, stage):
        assert "Somebody else changed this meanwhile" in response.content.decode()
    assert (partners.name, names(partners)) == ("Theirs", ["Theirs", "Signed"])


def test_stage_of_another_company_posted_by_hand(signed_in, partners, other_tenant):
    client = signed_in("manager")
    foreign = Stage.objects.get(company=other_tenant.company, name="New")
    form = form_of(client, change_page(partners))

    response = client.post(
        change_page(partners), {**form, "stages-0-id": foreign.pk, "stages-0-name": "Taken"}
    )

    assert response.status_code == 200
    assert Stage.objects.get(pk=foreign.pk).name == "New"
    assert names(partners) == ["Hello", "Signed"]


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
