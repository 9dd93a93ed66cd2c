"""Amounts, currencies and close dates on the pages of leads, stages and companies."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.money import CURRENCIES
from leads.models import Lead
from tests.admin.conftest import errors_of, posted
from tests.factories.leads import LeadFactory

LIST = "/admin/leads/lead/"


def change_page(lead):
    return reverse("admin:leads_lead_change", args=[lead.pk])


def test_list_shows_the_value_and_sorts_by_it(signed_in, company):
    for amount in (5, 1234567, None):
        LeadFactory(company=company, amount=amount and Decimal(amount), currency=amount and "EUR")
    client = signed_in("viewer")

    page = client.get(LIST)

    assert "1,234,567 EUR" in page.content.decode()
    column = list(page.context["cl"].list_display).index("value")
    ordered = client.get(LIST, {"o": f"-{column}"}).context["cl"].queryset
    assert [lead.amount for lead in ordered if lead.amount is not None] == [Decimal(1234567), Decimal(5)]


def test_list_is_filtered_by_amount_and_close_date(signed_in, company):
    today = timezone.now().date()
    valued = LeadFactory(company=company, amount=Decimal(5), expected_close_on=today)
    later = LeadFactory(company=company, expected_close_on=today + timedelta(days=400))
    client = signed_in("viewer")

    def found(**parameters):
        return list(client.get(LIST, parameters).context["cl"].queryset)

    assert (found(amount="yes"), found(amount="no")) == ([valued], [later])
    day = {"expected_close_on__gte": str(today), "expected_close_on__lt": str(today + timedelta(days=1))}
    assert found(**day) == [valued]


def test_days_of_the_list_are_written_alike(signed_in, company):
    LeadFactory(company=company, expected_close_on="2026-12-24")

    page = signed_in("viewer").get(LIST)
    days = re.findall(r'class="field-(?:closing_day|untouched_since)[^"]*">([^<]*)<', page.content.decode())

    assert len(days) == 2
    assert "24 Dec 2026" in days
    assert all(re.fullmatch(r"\d{1,2} \w{3} \d{4}", day) for day in days)


def test_form_offers_currencies_and_keeps_one_that_was_withdrawn(signed_in, company):
    lead = LeadFactory(company=company, amount=Decimal(5), currency="HRK")
    client = signed_in("agent")
    page = client.get(change_page(lead))

    offered = [code for code, _ in page.context["adminform"].form.fields["currency"].choices]
    saved = client.post(change_page(lead), posted(page, amount="7.5"))

    # The company's is what an empty choice means.
    assert offered == ["", "HRK", *sorted(CURRENCIES - {"USD"})]
    assert saved.status_code == 302
    lead.refresh_from_db()
    assert (str(lead.amount), lead.currency, lead.version) == ("7.50", "HRK", 2)


def test_form_offers_the_currencies_that_are_in_use_first(signed_in, company, other_tenant):
    for currency in ("SEK", "CHF", "CHF", "USD"):
        LeadFactory(company=company, amount=Decimal(5), currency=currency)
    LeadFactory(company=other_tenant.company, amount=Decimal(5), currency="JPY")

    page = signed_in("agent").get("/admin/leads/lead/add/")

    choices = page.context["adminform"].form.fields["currency"].choices
    assert choices[:4] == [("", "USD"), ("CHF", "CHF"), ("SEK", "SEK"), ("AED", "AED")]


def test_form_that_changes_nothing_makes_no_version(signed_in, company):
    lead = LeadFactory(
        company=company,
        amount=Decimal("1234.50"),
        currency="EUR",
        expected_close_on=timezone.now().date(),
        probability=0,
    )
    client = signed_in("agent")

    response = client.post(change_page(lead), posted(client.get(change_page(lead))))

    assert response.status_code == 302
    lead.refresh_from_db()
    assert (lead.version, lead.probability) == (1, 0)


def test_form_clears_the_value(signed_in, company):
    lead = LeadFactory(company=company, amount=Decimal(5), currency="EUR", probability=3)
    client = signed_in("agent")
    cleared = posted(client.get(change_page(lead)), amount="", currency="", probability="")

    assert client.post(change_page(lead), cleared).status_code == 302

    lead.refresh_from_db()
    assert (lead.amount, lead.currency, lead.probability) == (None, None, None)


def test_viewers_see_the_value(signed_in, company):
    lead = LeadFactory(company=company, amount=Decimal("1234.50"), currency="CHF")

    page = signed_in("viewer").get(change_page(lead)).content.decode()

    assert "1,234.50" in page
    assert "CHF" in page


def test_company_has_a_currency_and_a_field_for_amounts(signed_in, company):
    client = signed_in("admin")
    address = reverse("admin:crm_company_change", args=[company.pk])
    page = client.get(address)

    refused = client.post(address, posted(page, currency="XYZ"))
    saved = client.post(address, posted(page, currency="EUR", amount_custom_field="deal_value"))

    assert errors_of(refused) == {
        "currency": ["Select a valid choice. XYZ is not one of the available choices."]
    }
    assert saved.status_code == 302
    company.refresh_from_db()
    assert (company.currency, company.amount_custom_field) == ("EUR", "deal_value")
    assert not Lead.objects.exists()


@pytest.mark.parametrize("code", ["EUR", "XYZ"])
def test_new_company_starts_with_a_currency(signed_in, company, code):
    client = signed_in("admin")
    company.memberships.get(user__is_staff=True).user.__class__.objects.update(is_superuser=True)
    address = reverse("admin:crm_company_add")

    response = client.post(
        address, posted(client.get(address), name="New", admin_username="ada", currency=code)
    )

    created = company.__class__.objects.filter(name="New")
    assert [each.currency for each in created] == (["EUR"] if code == "EUR" else [])
    assert response.status_code == (302 if code == "EUR" else 200)
