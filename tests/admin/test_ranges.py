"""Filters of the list of leads from one value to another, and the links between board and list."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME

from crm.models.list_views import ListView
from leads.models import Lead
from pipelines.models import Pipeline
from tests.factories.leads import LeadFactory

LIST = "/admin/leads/lead/"


@pytest.fixture
def leads(tenant: Any) -> None:
    for title, amount, currency, day in (
        ("Small", "11999.99", "EUR", date(2026, 3, 1)),
        ("Exact", "12000.50", "EUR", date(2026, 3, 31)),
        ("Dollars", "15000", "USD", None),
        ("Large", "90000", "EUR", date(2026, 4, 1)),
        ("None", None, None, None),
    ):
        LeadFactory(
            company=tenant.company,
            title=title,
            amount=amount and Decimal(amount),
            currency=currency,
            expected_close_on=day,
        )


def found(client: Any, query: str) -> list[str]:
    return sorted(lead.title for lead in client.get(f"{LIST}?{query}").context["cl"].queryset)


def chips(client: Any, query: str) -> dict[str, str]:
    return {chip.title: chip.value for chip in client.get(f"{LIST}?{query}").context["cl"].chips}


@pytest.mark.parametrize(
    ("query", "titles", "said"),
    [
        ("min=12.000,50", ["Dollars", "Exact", "Large"], "from 12,000.50"),
        ("max=12000", ["Small"], "up to 12,000"),
        ("min=12.000,50&max=15 000", ["Dollars", "Exact"], "12,000.50 to 15,000"),
        ("min=12.000,50+€&max=", ["Exact", "Large"], "from 12,000.50 €"),
    ],
)
def test_leads_from_one_amount_to_another(signed_in, leads, query, titles, said):
    client = signed_in("agent")

    assert found(client, query) == titles
    assert chips(client, query) == {"Amount": said}


def test_the_chip_of_a_range_removes_it_and_nothing_else(signed_in, leads):
    client = signed_in("agent")

    [chip] = [
        c for c in client.get(f"{LIST}?min=1&max=9&open=yes").context["cl"].chips if c.title == "Amount"
    ]

    assert chip.without == "?open=yes"


def test_the_form_of_a_range_keeps_the_other_filters_and_drops_the_page(signed_in, leads):
    client = signed_in("agent")

    response = client.get(f"{LIST}?open=yes&q=Exact&created_from=2020-01-01&min=5&amount=yes&p=1")
    [amount] = [spec for spec in response.context["cl"].filter_specs if spec.title == "amount"]

    assert amount.kept() == [("open", "yes"), ("q", "Exact"), ("created_from", "2020-01-01")]
    assert 'name="min" value="5"' in response.content.decode()


def test_a_range_that_cannot_be_read_finds_nothing_and_says_why(signed_in, leads):
    client = signed_in("agent")

    for query, why in (
        ("min=1,2,3", "“1,2,3” is not clear as an amount."),
        ("created_from=2026-03-31&created_to=2026-03-01", "before from"),
    ):
        response = client.get(f"{LIST}?{query}")
        assert response.context["cl"].result_count == 0
        assert why in response.content.decode()
        assert 'aria-invalid="true"' in response.content.decode()


def test_days_from_one_to_another_or_open_at_an_end(signed_in, leads):
    client = signed_in("agent")

    assert found(client, "expected_from=2026-03-01&expected_to=2026-03-31") == ["Exact", "Small"]
    assert found(client, "expected_from=2026-03-31") == ["Exact", "Large"]
    assert chips(client, "expected_to=2026-03-31") == {"Expected to close": "up to 31 Mar 2026"}
    Lead.objects.filter(title="Large").update(created_at=datetime(2020, 5, 31, 12, tzinfo=UTC))
    assert found(client, "created_from=2020-05-31&created_to=2020-05-31") == ["Large"]
    # A period of Django's replaces the range, and the other way round.
    response = client.get(f"{LIST}?created_from=2020-05-31")
    [created] = [spec for spec in response.context["cl"].filter_specs if spec.title == "created"]
    assert all(
        "created_from" not in each["query_string"] for each in [*created.choices(response.context["cl"])][:5]
    )


def test_a_range_is_part_of_views_exports_totals_and_changes_of_many(signed_in, leads, tenant):
    client = signed_in("manager")

    client.post(f"{LIST}views/", {"name": "Large ones", "query": "min=12.000,50+€"})
    assert ListView.objects.get().query == "min=12.000%2C50+%E2%82%AC"
    assert client.get(f"{LIST}?min=12.000,50 €").context["cl"].totals() == ["102,000.50 EUR"]
    exported = client.post(f"{LIST}?min=12.000,50 €", {"action": "export_listed"})
    rows = csv.DictReader(io.StringIO(b"".join(exported.streaming_content).decode("utf-8-sig")))
    assert sorted(row["title"] for row in rows) == ["Exact", "Large"]
    asked = {"action": "change_selected", ACTION_CHECKBOX_NAME: ["0"], "select_across": "1"}
    page = client.post(f"{LIST}?min=12.000,50 €", asked)
    assert page.context_data["of"] == 2


def test_board_and_list_lead_to_each_other_with_the_filters_of_both(signed_in, leads, tenant):
    client = signed_in("agent")
    pipeline = Pipeline.objects.get(company=tenant.company)
    Lead.objects.filter(company=tenant.company).update(owner=tenant.users["agent"])

    page = client.get(f"/admin/leads/lead/board/?pipeline={pipeline.pk}&owner=me&min=12.000,50+€&q=ar")

    shown = client.get(page.context["list_address"])
    assert [lead.title for lead in shown.context["cl"].queryset] == ["Large"]
    assert shown.context["board_address"] in shown.content.decode().replace("&amp;", "&")
    back = client.get(shown.context["board_address"])
    assert back.context["filters"].given == page.context["filters"].given
    assert [card["lead"].title for column in back.context["columns"] for card in column["cards"]] == ["Large"]
