"""The rules of amount, currency, close date and probability, each through every door."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm import actors
from leads.models import AttemptStatus, Lead, LeadReceiver, ReceiverAttempt
from leads.models.deal_value import READERS
from tests.clients import ask
from tests.doors import AdminDoor, GraphQLDoor, ImportDoor, Outcome
from tests.each_case import each_case
from tests.factories.crm import Tenant
from tests.factories.leads import LeadFactory, LeadReceiverFactory
from tests.module_tenant import made_tenant, tenant
from tests.receivers.delivering import business_rows, deliver
from tests.stored import read_all, without_ledger

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.one_database

NUMBER = "Expected a number such as 1234.50."
DIGITS = "Enter at most 12 digits before the point and 2 behind it."
NEGATIVE = "An amount cannot be negative."
CURRENCY = "Enter a currency code of ISO 4217, such as EUR."
UNCLEAR = "is not clear as an amount. Write it in full, such as 12,000.50."
YEARS = "Enter a day from 1970 to 2199."
DATE = "Expected a date such as 2026-01-31."
PERCENT = "Enter a whole number from 0 to 100."
BAD = [
    ("amount", "abc", NUMBER),
    ("amount", "1.234,50 EUR", NUMBER),
    ("amount", "1e3", NUMBER),
    ("amount", "1.5000", DIGITS),
    ("amount", "1234567890123.45", DIGITS),
    ("amount", "-1", NEGATIVE),
    ("currency", "XYZ", CURRENCY),
    ("currency", "XAU", CURRENCY),
    ("expected_close_on", "1900-01-01", YEARS),
    ("expected_close_on", "2200-01-01", YEARS),
    ("expected_close_on", "tomorrow", DATE),
    ("probability", "101", PERCENT),
    ("probability", "-1", PERCENT),
    ("probability", "ten", PERCENT),
]
#: What a form says in its own words: the browser offers no such choice, day or number.
OF_FORMS = {
    ("amount", "abc"): f"“abc” {UNCLEAR}",
    ("amount", "1.234,50 EUR"): "The amount is in EUR, and the currency is USD: choose one of them.",
    ("amount", "1e3"): f"“1e3” {UNCLEAR}",
    ("amount", "1.5000"): f"“1.5000” {UNCLEAR}",
    ("currency", "XYZ"): "Select a valid choice. XYZ is not one of the available choices.",
    ("currency", "XAU"): "Select a valid choice. XAU is not one of the available choices.",
    ("expected_close_on", "tomorrow"): "Enter a valid date.",
    ("probability", "-1"): "Ensure this value is greater than or equal to 0.",
    ("probability", "ten"): "Enter a whole number.",
}
#: What an import asks of a file, whose amounts may have a currency.
OF_FILES = {
    ("amount", "1.234,50 EUR"): "'1.234,50' may be two numbers: say which sign stands before decimals,"
    " --decimal , or --decimal .",
}
#: Texts that are no values of their scalar: the whole request is refused, and the error names the place.
NOT_COERCED = ("abc", "1.234,50 EUR", "1e3", "tomorrow", "ten")


class ReceiverDoor:
    """A delivery to a receiver whose template maps each key to the field of that name."""

    name = actors.Door.WEBHOOK

    def __init__(self, tenant: Tenant) -> None:
        keys = ("title", "deal_value", *READERS)
        template = {key: {"name": key, "type": "string"} for key in keys if key != "deal_value"}
        template["deal_value"] = {"name": "deal_value", "type": "customField"}
        self._receiver: LeadReceiver = LeadReceiverFactory(company=tenant.company, template=template)

    def create_lead(self, values: Mapping[str, Any]) -> Outcome:
        answer = deliver(self._receiver, dict(values)).json()
        if "lead_id" in answer:
            return Outcome(row=Lead.objects.get(pk=answer["lead_id"]))
        attempt = ReceiverAttempt.objects.latest("pk")
        assert (attempt.status, attempt.errors) == (AttemptStatus.FAILED, answer["errors"])
        return Outcome(errors=answer["errors"])


def typed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as a client of the API sends them: a probability as a number."""
    text = values.get("probability")
    is_number = isinstance(text, str) and text.lstrip("-").isdigit()
    return {**values, **({"probability": int(text)} if is_number and text else {})}


@pytest.fixture(params=[GraphQLDoor, AdminDoor, ImportDoor, ReceiverDoor], ids=lambda door: door.name.value)
def door(request: pytest.FixtureRequest, tenant: Tenant) -> Any:
    return request.param(tenant)


@each_case(("field", "value", "message"), BAD)
def test_bad_values_are_refused_at_their_field(door, field, value, message):
    values = {"title": "New", "amount": "5", field: value}
    before = business_rows()

    outcome = door.create_lead(typed(values) if isinstance(door, GraphQLDoor) else values)

    if isinstance(door, AdminDoor):
        message = OF_FORMS.get((field, value), message)
    if isinstance(door, ImportDoor):
        message = OF_FILES.get((field, value), message)
    if isinstance(door, GraphQLDoor) and value in NOT_COERCED:
        [(_, [refusal])] = outcome.errors.items()
        assert f"at 'input.{field}'" in refusal
        assert message in refusal or field == "probability"
    else:
        assert outcome.errors == {field: [message]}
    assert without_ledger(business_rows()) == without_ledger(before)


def test_good_values_are_stored_exactly(door):
    values = {
        "title": "New",
        "amount": "1234.5",
        "currency": "EUR",
        "expected_close_on": "2026-12-31",
        "probability": "0",
    }

    outcome = door.create_lead(typed(values) if isinstance(door, GraphQLDoor) else values)

    assert outcome.errors == {}
    lead = outcome.row
    lead.refresh_from_db()
    assert str(lead.amount) == "1234.50"
    assert (lead.currency, lead.expected_close_on, lead.probability) == ("EUR", date(2026, 12, 31), 0)


def test_a_point_before_three_digits_is_refused_of_programs_and_thousands_of_people(door):
    outcome = door.create_lead({"title": "New", "amount": "1.500"})

    if isinstance(door, AdminDoor):
        assert (outcome.row.amount, outcome.row.currency) == (1500, "USD")
    else:
        assert outcome.errors == {"amount": [DIGITS]}


@each_case("amount", ["0", "0.00", "999999999999.99"])
def test_amounts_reach_from_nothing_to_fourteen_digits(door, amount):
    lead = door.create_lead({"title": "New", "amount": amount}).row

    lead.refresh_from_db()
    assert lead.amount == Decimal(amount)


def test_an_amount_without_a_currency_is_in_that_of_the_company(door, tenant):
    tenant.company.currency = "CHF"
    tenant.company.save()

    with_amount = door.create_lead({"title": "New", "amount": "5"}).row
    without = door.create_lead({"title": "New"}).row

    assert (with_amount.currency, without.currency) == ("CHF", None)


@each_case(
    ("value", "amount"),
    [("50000", "50000"), (" 1234.50 ", "1234.50"), ("about 50", None), ("-5", None), ("1.500", None)],
)
def test_custom_field_of_the_company_becomes_the_amount(door, tenant, value, amount):
    tenant.company.amount_custom_field = "Deal_Value"
    tenant.company.save()

    lead = door.create_lead({"title": "New", **custom_field(door, "deal_value", value)}).row

    lead.refresh_from_db()
    assert lead.amount == (None if amount is None else Decimal(amount))
    assert lead.currency == (None if amount is None else "USD")
    assert lead.custom_fields["deal_value"].strip() == value.strip()


def test_amount_that_is_given_wins_over_the_custom_field(door, tenant):
    tenant.company.amount_custom_field = "deal_value"
    tenant.company.save()

    lead = door.create_lead({"title": "New", "amount": "7", **custom_field(door, "deal_value", "50000")}).row

    assert lead.amount == 7


def custom_field(door: Any, name: str, value: str) -> dict[str, Any]:
    match door:
        case GraphQLDoor():
            return {"custom_fields": [{"name": name, "data": value}]}
        case AdminDoor():
            return {"custom_fields": f'{{"{name}": "{value}"}}'}
        case ImportDoor():
            return {f"custom_fields.{name}": value}
    return {name: value}


@pytest.fixture(params=[GraphQLDoor, AdminDoor], ids=lambda door: door.name.value)
def editing_door(request: pytest.FixtureRequest, tenant: Tenant) -> Any:
    return request.param(tenant)


@each_case(
    ("field", "value", "message"),
    [bad for bad in BAD if bad[1] not in NOT_COERCED and bad[:2] not in OF_FORMS],
)
def test_changes_keep_the_rules_too(editing_door, tenant, field, value, message):
    lead = LeadFactory(company=tenant.company)
    before = read_all()

    values = {field: value}
    given = typed(values) if isinstance(editing_door, GraphQLDoor) else values
    outcome = editing_door.update_lead(lead, given, version=1)

    assert outcome.errors == {field: [message]}
    assert read_all() == before


@each_case(("field", "value", "message"), [bad for bad in BAD if bad[1] not in NOT_COERCED])
def test_bulk_changes_are_refused_lead_by_lead(tenant, field, value, message):
    leads = [LeadFactory(company=tenant.company) for _ in range(2)]
    document = """mutation($ids: [ID!], $changes: LeadUpdateInput!) {
      updateLeads(ids: $ids, changes: $changes) { done refused { id code message field } } }"""
    before = read_all()

    changes = typed({field: value})
    answer = ask(
        document,
        actor=tenant.actors.agent,
        variables={"ids": [lead.pk for lead in leads], "changes": changes},
    )

    refused = [
        {"id": str(lead.pk), "code": "VALIDATION", "message": message, "field": f"changes.{field}"}
        for lead in leads
    ]
    assert answer["data"]["updateLeads"] == {"done": 0, "refused": refused}
    assert read_all() == before
