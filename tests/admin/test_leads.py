"""The pages of leads."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from crm.actors import Role
from crm.models import Membership, SocialChannel
from crm.models.lifecycle import LIVE
from leads.models import Lead, LeadLostReason, LeadReceiver, LeadStatus
from leads.services.leads import create_lead, save_lead
from leads.signals import lead_changed
from people.services.organizations import create_organization, delete_organization
from people.services.people import create_person
from pipelines.models import Stage
from pipelines.services.pipelines import create_pipeline
from tests.admin.conftest import errors_of, form_of, messages_of, posted
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory

LIST = "/admin/leads/lead/"
ADD = "/admin/leads/lead/add/"


def change_page(lead):
    return reverse("admin:leads_lead_change", args=[lead.pk])


@pytest.fixture
def events():
    """Collect the events of leads that are sent after commit."""
    received = []

    def receive(*, event, **kwargs):
        received.append(event)

    lead_changed.connect(receive)
    yield received
    lead_changed.disconnect(receive)


def test_new_lead_gets_the_defaults_of_the_api(signed_in, tenant):
    client = signed_in("agent")

    response = client.post(ADD, form_of(client, ADD, title="Website request"))

    by_api = create_lead({"title": "By API"}, actor=tenant.actors.agent)
    lead = Lead.objects.get(title="Website request")
    assert response.status_code == 302
    for name in ("status_id", "stage_id", "pipeline_id", "receiver_id", "owner_id", "type_id", "source_id"):
        assert getattr(lead, name) == getattr(by_api, name), name
        assert getattr(lead, name) is not None, name
    assert lead.user_id == tenant.users["agent"].pk
    assert SocialChannel.objects.filter(slug=str(lead.uuid)).count() == 1


def test_new_lead_gets_the_chosen_values(signed_in, tenant):
    client = signed_in("agent")
    person = create_person(
        {"firstname": "Jane", "lastname": "Doe", "email": "jane@example.com"}, actor=tenant.actors.agent
    )
    tag = TagFactory(company=tenant.company, name="VIP")
    stage = Stage.objects.get(name="Proposal")
    colleague = tenant.users["colleague"]

    client.post(
        ADD,
        form_of(
            client,
            ADD,
            title="Renewal",
            person=person.pk,
            stage=stage.pk,
            owner=colleague.pk,
            team=[tenant.users["manager"].pk],
            tags=[tag.pk],
            custom_fields='{"budget": "50000", "seats": 12}',
        ),
    )

    lead = Lead.objects.get()
    assert (lead.person, lead.stage, lead.owner) == (person, stage, colleague)
    assert (lead.firstname, lead.email) == ("Jane", "jane@example.com")
    assert lead.custom_fields == {"budget": "50000", "seats": 12}
    assert [row.name for row in lead.tags.all()] == ["VIP"]
    assert list(lead.participants.all()) == [tenant.users["manager"]]


def test_change_is_one_event_with_one_version(signed_in, tenant, events, django_capture_on_commit_callbacks):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company, title="Deal")
    tag = TagFactory(company=tenant.company)
    form = form_of(client, change_page(lead))
    form |= {"title": "Bigger deal", "tags": [tag.pk], "team": [tenant.users["colleague"].pk]}

    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(change_page(lead), form)

    lead.refresh_from_db()
    assert response.status_code == 302
    assert (lead.title, lead.version) == ("Bigger deal", 2)
    assert (list(lead.tags.all()), list(lead.participants.all())) == ([tag], [tenant.users["colleague"]])
    assert [(event.kind, event.object_id, event.door) for event in events] == [("updated", lead.pk, "admin")]
    assert tenant.users["colleague"].pk in events[0].after


def test_unchanged_form_changes_nothing(signed_in, tenant, events, django_capture_on_commit_callbacks):
    client = signed_in("agent")
    lead = LeadFactory(
        company=tenant.company,
        description="First line\nsecond line",
        owner=tenant.users["agent"],
        custom_fields={"note": "é\n", "nested": {"a": [1, 2.5, None]}},
    )

    with django_capture_on_commit_callbacks(execute=True):
        form = form_of(client, change_page(lead))
        form["description"] = form["description"].replace("\n", "\r\n")
        response = client.post(change_page(lead), form)

    before = lead.updated_at
    lead.refresh_from_db()
    assert response.status_code == 302
    assert (lead.version, lead.updated_at, events) == (1, before, [])


def test_the_stage_sets_the_pipeline(signed_in, tenant):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company)
    other = create_pipeline({"name": "Partners", "stages": [{"name": "Hello"}]}, actor=tenant.actors.manager)
    stage = other.stages.get()

    page = client.get(change_page(lead))
    client.post(change_page(lead), posted(page, stage=stage.pk))

    lead.refresh_from_db()
    assert "Default pipeline: New" in page.content.decode()
    assert (lead.stage, lead.pipeline) == (stage, other)


def test_stale_form_saves_nothing(signed_in, tenant):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company, title="Deal")
    mine = form_of(client, change_page(lead), title="Mine")
    client.post(change_page(lead), form_of(client, change_page(lead), title="Theirs"))

    response = client.post(change_page(lead), mine)
    again = client.post(change_page(lead), posted(response))

    lead.refresh_from_db()
    for page in (response, again):
        assert errors_of(page)["__all__"][0].startswith("Somebody else changed this meanwhile")
    assert (lead.title, lead.version) == ("Theirs", 2)


def test_form_without_version_saves_nothing(signed_in, tenant):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company, title="Deal")
    form = form_of(client, change_page(lead), title="Mine")
    del form["version"]

    response = client.post(change_page(lead), form)

    lead.refresh_from_db()
    assert "__all__" in errors_of(response)
    assert lead.title == "Deal"


def test_race_lost_in_the_service_is_an_error_on_the_form(signed_in, tenant, monkeypatch):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company, title="Deal")
    tag = TagFactory(company=tenant.company)
    form = form_of(client, change_page(lead), title="Mine", tags=[tag.pk])

    def slower(*args, expected_version, **kwargs):
        # Another writer stored its version between this form's check and the service's lock.
        return save_lead(*args, expected_version=expected_version + 7, **kwargs)

    monkeypatch.setattr("leads.admin.leads.save_lead", slower)
    response = client.post(change_page(lead), form)

    lead.refresh_from_db()
    assert errors_of(response) == {"__all__": ["Somebody else changed this meanwhile."]}
    assert (lead.title, lead.version, lead.tags.count()) == ("Deal", 1, 0)
    assert LogEntry.objects.count() == 0


@pytest.mark.parametrize("title", ["", "   "])
def test_title_is_required(signed_in, title):
    client = signed_in("agent")

    response = client.post(ADD, form_of(client, ADD, title=title))

    assert errors_of(response) == {"title": ["This field is required."]}
    assert not Lead.objects.exists()


@pytest.mark.parametrize("field", ["stage", "status", "person", "organization", "receiver", "source", "type"])
def test_row_of_another_company_is_not_a_choice(signed_in, tenant, other_tenant, field):
    client = signed_in("admin")
    lead = LeadFactory(company=tenant.company)
    others = {
        "person": lambda: create_person({"firstname": "Jim"}, actor=other_tenant.actors.admin),
        "organization": lambda: create_organization({"name": "Acme"}, actor=other_tenant.actors.admin),
    }
    model: Any = Lead._meta.get_field(field).related_model
    foreign = (
        others[field]() if field in others else model.objects.filter(company=other_tenant.company).first()
    )

    adding = client.post(ADD, form_of(client, ADD, title="New", **{field: foreign.pk}))
    changing = client.post(change_page(lead), form_of(client, change_page(lead), **{field: foreign.pk}))

    for response in (adding, changing):
        assert [name for name in errors_of(response) if name != "__all__"] == [field]
        assert "Select a valid choice" in errors_of(response)[field][0]
    assert list(Lead.objects.all()) == [lead]
    assert Lead.objects.get().version == 1


@pytest.mark.parametrize("field", ["owner", "team"])
def test_user_of_another_company_is_not_a_choice(signed_in, tenant, other_tenant, field):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company)
    stranger = other_tenant.users["agent"]

    response = client.post(change_page(lead), form_of(client, change_page(lead), **{field: stranger.pk}))

    assert list(errors_of(response)) == [field]
    assert Lead.objects.get().version == 1


def test_viewer_cannot_be_owner(signed_in, tenant):
    client = signed_in("agent")

    form = form_of(client, ADD, title="New", owner=tenant.users["viewer"].pk)

    assert list(errors_of(client.post(ADD, form))) == ["owner"]
    assert not Lead.objects.exists()


def test_former_owner_is_kept_until_another_is_chosen(signed_in, tenant):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company, owner=tenant.users["colleague"])
    # Closed leads, and those of before, keep an owner who may own no others.
    Membership.objects.filter(user=tenant.users["colleague"]).update(role=Role.VIEWER.value)

    response = client.post(change_page(lead), form_of(client, change_page(lead), title="Renamed"))

    lead.refresh_from_db()
    assert response.status_code == 302
    assert (lead.title, lead.owner) == ("Renamed", tenant.users["colleague"])


def test_deleted_organization_stays_linked_but_hidden(signed_in, tenant):
    client = signed_in("agent")
    organization = create_organization({"name": "Secret"}, actor=tenant.actors.agent)
    lead = LeadFactory(company=tenant.company, organization=organization)
    delete_organization(organization.pk, actor=tenant.actors.agent)

    page = client.get(change_page(lead))
    client.post(change_page(lead), posted(page, title="Renamed"))

    lead.refresh_from_db()
    assert "Secret" not in page.content.decode()
    assert (lead.title, lead.organization) == ("Renamed", organization)
    assert "Secret" not in client.get(LIST).content.decode()


def test_lost_lead_needs_a_reason_where_the_company_requires_it(signed_in, tenant):
    client = signed_in("agent")
    tenant.company.reason_lost_required = True
    tenant.company.save()
    lead = LeadFactory(company=tenant.company)
    lost = LeadStatus.objects.get(name="Lost")

    refused = client.post(change_page(lead), form_of(client, change_page(lead), status=lost.pk))
    stored = client.post(
        change_page(lead), form_of(client, change_page(lead), status=lost.pk, reason_lost="Price")
    )

    lead.refresh_from_db()
    assert errors_of(refused) == {"reason_lost": ["Enter why the lead was lost."]}
    assert stored.status_code == 302
    assert (lead.status, lead.reason_lost, lead.version) == (lost, "Price", 2)
    assert lead.closed_at is not None


def test_default_pipeline_without_stages_is_an_error_beside_the_stage(signed_in, tenant):
    client = signed_in("agent")
    create_pipeline({"name": "Empty", "is_default": True}, actor=tenant.actors.manager)

    response = client.post(ADD, form_of(client, ADD, title="New"))

    assert errors_of(response) == {"stage": ["This pipeline has no stages."]}
    assert not Lead.objects.exists()


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '"text"',
        "null",
        '{"a": NaN}',
        '{"a": 1e999}',
        '{"a": "\\u0000"}',
        '{"a": "\\ud800"}',
        "[" * 50_000,
        '{"a": ' + "9" * 5000 + "}",
        '{"a": "' + "x" * 100_001 + '"}',
    ],
    ids=lambda text: text[:12],
)
def test_custom_fields_that_cannot_be_stored(signed_in, tenant, text):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company, custom_fields={"kept": 1})

    response = client.post(change_page(lead), form_of(client, change_page(lead), custom_fields=text))

    lead.refresh_from_db()
    assert errors_of(response) == {"custom_fields": ['Enter a JSON object, for example {"segment": "A"}.']}
    assert lead.custom_fields == {"kept": 1}


def test_delete_and_restore(signed_in, tenant, events, django_capture_on_commit_callbacks):
    client = signed_in("agent")
    lead, other = LeadFactory.create_batch(2, company=tenant.company)

    with django_capture_on_commit_callbacks(execute=True):
        confirmation = client.post(LIST, {"action": "delete_selected", "_selected_action": [lead.pk]})
        client.post(LIST, {"action": "delete_selected", "_selected_action": [lead.pk], "post": "yes"})
    deleted = client.get(LIST, {"deleted": "1"})
    live = client.get(LIST)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(LIST + "?deleted=1", {"action": "restore_selected", "_selected_action": [lead.pk]})

    assert confirmation.status_code == 200
    assert list(deleted.context["cl"].result_list) == [lead]
    assert "delete_selected" not in deleted.content.decode()
    assert list(live.context["cl"].result_list) == [other]
    assert set(Lead.objects.filter(LIVE)) == {lead, other}
    assert [event.kind for event in events] == ["deleted", "restored"]


def test_confirmed_deletion_of_one_lead(signed_in, tenant):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company)
    page = reverse("admin:leads_lead_delete", args=[lead.pk])

    confirmation = client.get(page)
    client.post(page, {"post": "yes"})

    lead.refresh_from_db()
    assert confirmation.context["deleted_objects"] == ["Enterprise deal"]
    assert lead.deleted_at is not None
    assert client.get(change_page(lead)).status_code == 302


def test_own_visibility_hides_leads_of_colleagues(signed_in, tenant):
    client = signed_in("agent")
    tenant.company.lead_visibility = "OWN"
    tenant.company.save()
    mine = LeadFactory(company=tenant.company, owner=tenant.users["agent"])
    theirs = LeadFactory(company=tenant.company, owner=tenant.users["colleague"])

    listed = client.get(LIST)

    assert list(listed.context["cl"].result_list) == [mine]
    assert client.get(change_page(theirs)).status_code == 302
    assert list(signed_in("manager").get(LIST).context["cl"].result_list) == [theirs, mine]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"owned": "mine"}, "Mine"),
        ({"owned": "nobody"}, "Nobody's"),
        ({"q": "enterprise ACME"}, "Enterprise Acme"),
        ({"q": "(555) 0199"}, "By phone"),
    ],
)
def test_filter_and_search(signed_in, tenant, query, found):
    client = signed_in("agent")
    colleague = tenant.users["colleague"]
    LeadFactory(company=tenant.company, title="Mine", owner=tenant.users["agent"])
    LeadFactory(company=tenant.company, title="Nobody's")
    LeadFactory(company=tenant.company, title="Enterprise Acme", owner=colleague)
    LeadFactory(company=tenant.company, title="By phone", owner=colleague, phone="555-0199")

    listed = client.get(LIST, query)

    assert [lead.title for lead in listed.context["cl"].result_list] == [found]


def test_filter_by_stage_and_status(signed_in, tenant):
    client = signed_in("agent")
    lead = LeadFactory(company=tenant.company)
    LeadFactory(company=tenant.company, stage=Stage.objects.get(name="Proposal"))

    listed = client.get(
        LIST,
        {
            "stage__id__exact": lead.stage_id,
            "status__id__exact": lead.status_id,
            "pipeline__id__exact": lead.pipeline_id,
        },
    )

    assert list(listed.context["cl"].result_list) == [lead]


def test_receiver_in_use_cannot_be_deleted(signed_in, tenant):
    client = signed_in("manager")
    receiver = LeadReceiver.objects.get()
    LeadFactory(company=tenant.company, receiver=receiver)

    response = client.post(
        reverse("admin:leads_leadreceiver_delete", args=[receiver.pk]), {"post": "yes"}, follow=True
    )

    assert messages_of(response) == ["1 leads still use it."]
    assert LeadReceiver.objects.count() == 1
    assert LogEntry.objects.count() == 0


def test_active_lost_reasons_are_offered_and_inactive_ones_kept(signed_in, tenant):
    client = signed_in("agent")
    price, old = (
        LeadLostReason.objects.create(company=tenant.company, name=name, is_active=active)
        for name, active in (("Price", True), ("Old", False))
    )
    lost = LeadStatus.objects.get(company=tenant.company, name="Lost")
    lead = LeadFactory(company=tenant.company)
    page = client.get(change_page(lead))
    # It is asked for once the lead is to be lost.
    assert "lost_reason" not in page.context["adminform"].form.fields
    asked = client.post(change_page(lead), posted(page, status=lost.pk))
    offered = asked.context["adminform"].form.fields["lost_reason"].queryset

    response = client.post(change_page(lead), posted(asked, lost_reason=price.pk))

    lead.refresh_from_db()
    assert errors_of(asked) == {"reason_lost": ["Choose why the lead was lost, or write it down."]}
    assert price in offered
    assert old not in offered
    assert (response.status_code, lead.lost_reason) == (302, price)
    Lead.objects.filter(pk=lead.pk).update(lost_reason=old)
    again = client.get(change_page(lead)).context["adminform"].form.fields["lost_reason"].queryset
    assert {price, old} <= set(again)


def test_filter_by_rotting(signed_in, tenant):
    long_ago = timezone.now() - timedelta(days=400)
    rotten, fresh = (LeadFactory(company=tenant.company, title=title) for title in ("Rotten", "Fresh"))
    Lead.objects.filter(pk=rotten.pk).update(last_activity_at=long_ago, stage_changed_at=long_ago)
    client = signed_in("agent")
    address = reverse("admin:leads_lead_changelist")

    shown = {
        answer: set(client.get(address, {"rotting": answer}).context["cl"].queryset)
        for answer in ("yes", "no")
    }

    assert shown == {"yes": {rotten}, "no": {fresh}}


def test_viewers_read_an_amount_as_the_page_writes_it_and_one_sign_for_nothing(signed_in, company):
    lead = LeadFactory(company=company, amount=Decimal("1234.50"), currency="EUR", owner=None)
    client = signed_in("viewer")

    page = client.get(change_page(lead)).content.decode()
    german = client.get(change_page(lead), headers={"Accept-Language": "de"}).content.decode()
    listed = client.get(LIST).content.decode()

    assert '<div class="readonly">1,234.50</div>' in page
    assert '<div class="readonly">1.234,50</div>' in german
    assert "<dt>Owner</dt><dd>\N{EN DASH}" in page
    assert re.search('class="field-owner[^"]*">\N{EN DASH}<', listed)
