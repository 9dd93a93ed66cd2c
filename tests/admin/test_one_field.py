"""One field of a record, saved alone on its page."""

import json
from typing import Any

import pytest
from django.urls import reverse

from crm.models import CustomFieldDefinition, HistoryEntry
from leads.models import LeadStatus
from leads.services.leads import update_lead
from people.services.people import create_person
from tests.factories.leads import LeadFactory
from tests.factories.people import OrganizationFactory, PersonFactory

HTMX = {"HTTP_HX_REQUEST": "true"}


def address(row: Any, name: str) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_field", args=[row.pk, name])


def sent(response: Any, **values: Any) -> dict[str, Any]:
    """Return what the form of a field posts."""
    context = response.context_data
    fields = {bound.html_name: bound.value() or "" for bound in context["bound"]}
    return {"version": context["version"], "seen": context["seen"], **fields, **values}


@pytest.fixture
def lead(tenant: Any) -> Any:
    return LeadFactory(company=tenant.company, title="Deal", description="Old", amount=5, currency="EUR")


def test_a_field_is_saved_alone_with_and_without_scripts(signed_in, tenant, lead):
    client = signed_in("agent")
    where = address(lead, "amount")

    page = client.get(where)
    saved = client.post(where, sent(page, amount="12.50", currency="USD"))
    part = client.get(where, **HTMX)
    again = client.post(where, sent(part, amount="13"), **HTMX)

    lead.refresh_from_db()
    assert saved.url == reverse("admin:leads_lead_change", args=[lead.pk])
    assert b"<html" in page.content
    assert b"<html" not in part.content
    assert again["HX-Trigger"] == "crm:changed"
    # What the form of the page needs to be of the new version.
    assert (again.context_data["before"], again.context_data["version"], lead.version) == (2, 3, 3)
    assert json.loads(again.context_data["seen"])["fields"]["amount"] == {"": ["13"]}
    assert (lead.amount, lead.currency, lead.description) == (13, "USD", "Old")
    changes = [entry.changes for entry in HistoryEntry.objects.filter(object_id=lead.pk).order_by("pk")]
    assert [[*each] for each in changes] == [["amount", "currency"], ["amount"]]
    # What changes nothing is no change.
    client.post(where, sent(client.get(where), amount="13"))
    lead.refresh_from_db()
    assert lead.version == 3


def test_an_amount_is_read_as_it_is_typed_and_shown_as_it_is_written(signed_in, tenant, lead):
    client, where = signed_in("agent"), address(lead, "amount")
    user = tenant.users["agent"]
    user.language = "de"
    user.save()

    client.post(where, sent(client.get(where, **HTMX), amount="12.000,50 €"), **HTMX)
    lead.refresh_from_db()
    assert str(lead.amount) == "12000.50"
    page = client.get(where, **HTMX)
    assert 'value="12.000,50"' in page.content.decode()
    assert 'type="number"' not in page.content.decode()
    for typed in ("12k", "$5"):
        refused = client.post(where, sent(page, amount=typed), **HTMX)
        assert refused.context_data["bound"][0].errors, typed
        assert f'value="{typed}"' in refused.content.decode()
    lead.refresh_from_db()
    assert str(lead.amount) == "12000.50"


def test_a_field_that_others_changed_shows_both_and_another_is_no_conflict(signed_in, tenant, lead):
    client = signed_in("agent")
    opened = client.get(address(lead, "title"), **HTMX)
    update_lead(lead.pk, {"description": "New"}, actor=tenant.actors.colleague)

    client.post(address(lead, "title"), sent(opened, title="First"), **HTMX)
    update_lead(lead.pk, {"title": "Theirs"}, actor=tenant.actors.colleague)
    beside = {"beside": "1", "title": "Mine"}
    refused = client.post(address(lead, "title"), sent(opened, **beside), **HTMX)

    lead.refresh_from_db()
    assert (lead.title, lead.description) == ("Theirs", "New")
    [difference] = refused.context_data["comparison"]
    assert (difference.mine, difference.theirs, difference.before) == ("Mine", "Theirs", "Deal")
    assert difference.change.user == tenant.users["colleague"]
    assert b"data-takes" in refused.content
    client.post(address(lead, "title"), sent(refused, title="Mine"), **HTMX)
    lead.refresh_from_db()
    assert (lead.title, lead.description) == ("Mine", "New")


def test_errors_stand_at_the_field_and_change_nothing(signed_in, tenant, lead):
    client = signed_in("agent")
    kinds = {"Budget": "NUMBER", "Start": "DATE", "Size": "CHOICE", "Key account": "BOOLEAN"}
    for name, kind in kinds.items():
        CustomFieldDefinition.objects.create(
            company=tenant.company, model="LEAD", name=name, kind=kind, choices=["S", "L"]
        )
    keys = dict(CustomFieldDefinition.objects.values_list("name", "pk"))
    good = {"Budget": "7", "Start": "2026-12-01", "Size": "L", "Key account": "true"}
    for name in ("Budget", "Start"):
        field = f"custom_{keys[name]}"
        answer = client.post(address(lead, field), sent(client.get(address(lead, field)), **{field: "x"}))
        assert answer.context_data["bound"][0].errors, name
    for name, value in good.items():
        field = f"custom_{keys[name]}"
        client.post(address(lead, field), sent(client.get(address(lead, field)), **{field: value}))
    lost = LeadStatus.objects.get(company=tenant.company, category="LOST")
    where = address(lead, "status")

    answer = client.post(where, sent(client.get(where), status=lost.pk))

    lead.refresh_from_db()
    assert lead.custom_fields == {"Budget": 7, "Start": "2026-12-01", "Size": "L", "Key account": True}
    assert "why the lead was lost" in str(answer.context_data["others"])
    assert lead.status != lost


def test_a_possible_duplicate_is_shown_and_may_be_saved_anyway(signed_in, tenant):
    actor = tenant.actors.agent
    create_person({"firstname": "Jane", "email": "jane@example.com"}, actor=actor)
    other = create_person({"firstname": "John"}, actor=actor)
    client, where = signed_in("agent"), address(other, "email")

    warned = client.post(where, sent(client.get(where), email="jane@example.com"), **HTMX)
    other.refresh_from_db()
    assert other.email is None
    assert "This may be a duplicate" in warned.content.decode()
    client.post(where, sent(warned, email="jane@example.com", save_anyway="on"), **HTMX)
    other.refresh_from_db()
    assert other.email == "jane@example.com"


def test_fields_are_for_those_who_may_change_them(signed_in, tenant, other_tenant, lead):
    agent, viewer = signed_in("agent"), signed_in("viewer")
    rows = [lead, PersonFactory(company=tenant.company), OrganizationFactory(company=tenant.company)]
    for row in rows:
        name = "title" if row is lead else "email"
        assert agent.get(address(row, name)).status_code == 200
        for method in (viewer.get, viewer.post):
            assert method(address(row, name)).status_code == 403
        for unknown in ("version", "seen", "new_file", "company", "save_anyway", "nothing"):
            assert agent.post(address(row, unknown)).status_code == 404, unknown
    foreign = LeadFactory(company=other_tenant.company)
    assert agent.get(address(foreign, "title")).status_code == 404
    page = viewer.get(reverse("admin:leads_lead_change", args=[lead.pk])).content.decode()
    assert "edit-fact" not in page
    assert "field-bar" not in page


def test_owners_to_choose_may_own_leads(signed_in, tenant):
    asked = {"app_label": "leads", "model_name": "lead", "field_name": "owner", "term": ""}

    found = signed_in("agent").get(reverse("admin:autocomplete"), asked).json()["results"]

    offered = {int(each["id"]) for each in found}
    assert tenant.users["colleague"].pk in offered
    assert tenant.users["viewer"].pk not in offered
