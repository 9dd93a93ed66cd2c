"""Views, columns, chips and totals of the lists."""

import re
from decimal import Decimal
from typing import Any

import pytest

from crm.models.list_views import ListColumns, ListView
from crm.services import list_views
from leads.models import LeadStatus
from leads.services.leads import create_lead
from tests.admin.conftest import messages_of
from tests.factories.crm import TagFactory
from tests.factories.leads import LeadFactory

LIST = "/admin/leads/lead/"


def tabs(response: Any) -> dict[str, str]:
    return {tab.name: tab.query for tab in response.context["views"]}


def shown(response: Any) -> list[str]:
    return [str(name) for name in response.context["cl"].list_display if name != "action_checkbox"]


@pytest.fixture
def agent(signed_in: Any) -> Any:
    return signed_in("agent")


def save(client: Any, name: str, query: str, **fields: str) -> Any:
    return client.post(f"{LIST}views/", {"name": name, "query": query, **fields}, follow=True)


def test_a_view_is_saved_shown_replaced_and_deleted(agent, signed_in):
    saved = save(agent, "No owner", "owned=nobody&p=2")

    assert messages_of(saved) == ["Saved the view No owner."]
    assert tabs(saved)["No owner"] == "owned=nobody"
    current = [tab.name for tab in agent.get(f"{LIST}?owned=nobody").context["views"] if tab.is_current]
    assert current == ["No owner"]
    save(agent, "NO OWNER", "owned=mine")
    assert tabs(agent.get(LIST))["NO OWNER"] == "owned=mine"
    assert "NO OWNER" not in tabs(signed_in("colleague").get(LIST))

    [view] = ListView.objects.all()
    assert signed_in("colleague").post(f"{LIST}views/{view.pk}/delete/", follow=True).status_code == 200
    assert ListView.objects.exists()
    deleted = agent.post(f"{LIST}views/{view.pk}/delete/", follow=True)
    assert messages_of(deleted) == ["Deleted the view NO OWNER."]
    assert not ListView.objects.exists()


def test_shared_views_are_seen_by_colleagues_of_the_company_alone(agent, signed_in, tenant, other_tenant):
    save(agent, "Fresh", "open=yes", shared="on")

    assert "Fresh" in tabs(signed_in("viewer").get(LIST))
    assert not ListView.objects.visible_to(other_tenant.actors.admin).exists()
    refused = save(signed_in("viewer"), "Mine", "open=yes", shared="on")
    assert len(messages_of(refused)) == 1
    assert ListView.objects.count() == 1
    # Agents leave the shared views of others alone; managers do not.
    [view] = ListView.objects.all()
    signed_in("colleague").post(f"{LIST}views/{view.pk}/delete/")
    assert ListView.objects.exists()
    signed_in("manager").post(f"{LIST}views/{view.pk}/delete/")
    assert not ListView.objects.exists()


def test_a_view_without_a_name_or_too_long_or_one_too_many_is_refused(agent, tenant, monkeypatch):
    monkeypatch.setattr(list_views, "MOST_VIEWS", 1)

    assert messages_of(save(agent, "  ", "open=yes")) == ["Give the view a name."]
    assert messages_of(save(agent, "Long", f"q={'x' * 2001}")) == ["These filters are too long to be saved."]
    save(agent, "One", "open=yes")
    assert "You have 1 views of this list" in messages_of(save(agent, "Two", "open=yes"))[0]


def test_a_view_keeps_its_order_when_columns_change(agent):
    place = agent.get(LIST).context["cl"].list_display.index("untouched_since")
    save(agent, "Oldest", f"o={place}")

    agent.post(f"{LIST}columns/", {"columns": ["untouched_since", "value"], "query": ""})

    changed = agent.get(LIST)
    assert shown(changed) == ["title", "untouched_since", "value"]
    assert tabs(changed)["Oldest"] == "o=2"
    agent.post(f"{LIST}columns/", {"columns": ["value"], "query": ""})
    assert tabs(agent.get(LIST))["Oldest"] == ""


def test_columns_are_those_of_the_member_until_the_usual_ones_come_back(agent, signed_in):
    usual = shown(agent.get(LIST))

    agent.post(f"{LIST}columns/", {"columns": ["phone", "owner"], "query": "open=yes"})
    assert shown(agent.get(LIST)) == ["title", "phone", "owner"]
    assert shown(signed_in("colleague").get(LIST)) == usual
    refused = agent.post(f"{LIST}columns/", {"columns": ["password"]}, follow=True)
    assert messages_of(refused) == ["This list has no column password."]
    agent.post(f"{LIST}columns/", {"columns": ["owner"], "usual": "1"})
    assert shown(agent.get(LIST)) == usual
    assert not ListColumns.objects.exists()


def test_filters_stand_as_chips_that_remove_them(agent, tenant):
    tag = TagFactory(company=tenant.company, name="Fair")
    lead = LeadFactory(company=tenant.company, title="Fair lead")
    lead.tags.add(tag)
    LeadFactory(company=tenant.company, title="Fair, untagged")

    response = agent.get(f"{LIST}?q=fair&tagged={tag.pk}&open=yes")

    assert [(chip.title, chip.value) for chip in response.context["cl"].chips] == [
        ("Search", "fair"),
        ("Open or closed", "Open"),
        ("Tag", "Fair"),
    ]
    assert list(response.context["cl"].queryset) == [lead]
    [_, state, _] = response.context["cl"].chips
    assert "open" not in state.without
    assert "tagged" in state.without


def test_open_leads_and_the_worth_of_a_list(agent, tenant):
    won = LeadStatus.objects.get(company=tenant.company, name="Won")
    for amount, currency in (("10.10", "EUR"), ("20.20", "EUR"), ("5", "USD")):
        LeadFactory(company=tenant.company, amount=Decimal(amount), currency=currency)

    create_lead(
        {"title": "Won", "status_id": won.pk, "amount": "7", "currency": "USD"}, actor=tenant.actors.agent
    )

    def worth(query: str) -> list[str]:
        return list(agent.get(f"{LIST}{query}").context["cl"].totals())

    assert worth("") == ["30.30 EUR", "12 USD"]
    assert worth("?open=yes") == ["30.30 EUR", "5 USD"]
    assert worth("?open=no") == ["7 USD"]
    assert worth("?q=nothing") == []


def test_filters_are_called_by_different_names(agent):
    text = agent.get(LIST).content.decode()
    headings = re.findall(r"<details data-filter-title[^>]*>\s*<summary>\s*(.*?)\s*</summary>", text)
    assert {"Open or closed", "Status", "Deleted", "Rotting"} <= set(headings)
    assert len(set(headings)) == len(headings)
