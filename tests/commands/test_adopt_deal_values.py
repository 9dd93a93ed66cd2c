"""adopt_deal_values: amounts from a custom field, once for each lead and as a change of it."""

import signal
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import HistoryEntry
from leads.models import Lead
from leads.services import amount_adoption
from leads.signals import lead_changed
from tests.commands.running import run, usage_error
from tests.factories.leads import LeadFactory

pytestmark = pytest.mark.django_db


def lead_with(company, **values) -> Lead:
    lead: Lead = LeadFactory(company=company, **values)
    return lead


def adopt(company, *arguments: str):
    return run("adopt_deal_values", "--company", str(company.pk), *arguments)


@pytest.fixture
def heard():
    """Collect the lead events as they are signalled."""
    received = []

    def listen(*, event, **_):
        received.append(event)

    lead_changed.connect(listen)
    yield received
    lead_changed.disconnect(listen)


def test_values_become_amounts_in_the_currency_of_the_company(
    company, heard, django_capture_on_commit_callbacks
):
    company.currency, company.amount_custom_field = "EUR", "deal_value"
    company.save()
    text = lead_with(company, custom_fields={"deal_value": "50000"})
    number = lead_with(company, custom_fields={"Deal_Value": 1234.5, "other": "x"}, currency="CHF")

    with django_capture_on_commit_callbacks(execute=True):
        ended = adopt(company)

    assert (ended.code, ended.lines) == (0, ["2 amounts taken over, 0 values are no amounts."])
    for lead, amount, currency in ((text, "50000.00", "EUR"), (number, "1234.50", "CHF")):
        custom_fields = lead.custom_fields
        lead.refresh_from_db()
        assert (lead.amount, lead.currency, lead.version) == (Decimal(amount), currency, 2)
        assert lead.custom_fields == custom_fields
        entry = HistoryEntry.objects.get(object_id=lead.pk)
        assert (entry.kind, entry.door, entry.via, entry.user) == (
            "UPDATED",
            "command",
            "adopt_deal_values",
            None,
        )
        assert entry.changes["amount"] == [None, amount]
    assert [(event.object_id, event.kind, event.changes["amount"]) for event in heard] == [
        (text.pk, "updated", None),
        (number.pk, "updated", None),
    ]


def test_what_has_an_amount_or_no_value_stays_as_it_is(company, other_company):
    has_one = lead_with(company, amount=Decimal(5), custom_fields={"value": "7"})
    lead_with(company, custom_fields={})
    lead_with(company, custom_fields={"value": "", "other": "9"})
    deleted = lead_with(company, custom_fields={"value": "7"}, deleted_at=company.created_at)
    foreign = lead_with(other_company, custom_fields={"value": "7"})

    ended = adopt(company, "--field", "value")

    assert (ended.code, ended.lines) == (0, ["0 amounts taken over, 0 values are no amounts."])
    for lead in (has_one, deleted, foreign):
        lead.refresh_from_db()
    assert (has_one.amount, deleted.amount, foreign.amount) == (Decimal(5), None, None)
    assert not Lead.objects.exclude(version=1).exists()


def test_values_that_are_no_amounts_are_listed(company):
    values = ["about 50", "1.234,50", "1.500", -3, True, [1], "123456789012345"]
    leads = [lead_with(company, custom_fields={"value": value}) for value in values]
    good = lead_with(company, custom_fields={"value": 7})

    ended = adopt(company, "--field", "value")

    number, digits = (
        "Expected a number such as 1234.50.",
        ("Enter at most 12 digits before the point and 2 behind it."),
    )
    reasons = [number, number, digits, "An amount cannot be negative.", number, number, digits]
    assert ended.code == 3
    assert ended.errors == [
        *(f"lead {lead.pk}: {reason}" for lead, reason in zip(leads, reasons, strict=True)),
        "7 values are no amounts.",
    ]
    assert ended.lines == ["1 amounts taken over, 7 values are no amounts."]
    good.refresh_from_db()
    assert good.amount == 7


def test_dry_run_tells_and_stores_nothing(company):
    lead_with(company, custom_fields={"value": "7"})
    lead_with(company, custom_fields={"value": "x"})

    ended = adopt(company, "--field", "value", "--dry-run")

    assert (ended.code, ended.lines) == (
        3,
        ["Dry run, nothing is stored: 1 amounts taken over, 1 values are no amounts."],
    )
    assert not Lead.objects.filter(amount__isnull=False).exists()
    assert not HistoryEntry.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_run_that_was_stopped_is_resumed(company):
    for number in range(4):
        lead_with(company, custom_fields={"value": number})

    def stop_at_second(**_):
        if Lead.objects.filter(amount__isnull=False).count() == 2:
            signal.raise_signal(signal.SIGTERM)

    lead_changed.connect(stop_at_second)
    try:
        stopped = adopt(company, "--field", "value")
    finally:
        lead_changed.disconnect(stop_at_second)
    resumed = adopt(company, "--field", "value")

    assert (stopped.code, stopped.lines) == (143, ["2 amounts taken over, 0 values are no amounts."])
    assert (resumed.code, resumed.lines) == (0, ["2 amounts taken over, 0 values are no amounts."])
    assert set(Lead.objects.values_list("version", "amount")) == {(2, Decimal(each)) for each in range(4)}


def test_amount_that_somebody_gives_meanwhile_stays(company, monkeypatch):
    lead = lead_with(company, custom_fields={"value": "7"})
    read = amount_adoption._without_amount

    def read_then_changed(actor):
        for row in list(read(actor)):
            Lead.objects.update(amount=Decimal(9), currency="EUR")
            yield row

    monkeypatch.setattr(amount_adoption, "_without_amount", read_then_changed)
    ended = adopt(company, "--field", "value")

    lead.refresh_from_db()
    assert (ended.lines, lead.amount) == (["0 amounts taken over, 0 values are no amounts."], Decimal(9))


def test_field_must_be_named(company, capsys):
    ended = adopt(company)

    assert (ended.code, ended.errors) == (
        1,
        ["Name the custom field with --field: the company has no amount_custom_field."],
    )
    assert run("adopt_deal_values", "--company", "999", "--field", "x").code == 1
    assert usage_error("adopt_deal_values", capsys=capsys).code == 2


def statements_of(company, count: int) -> int:
    for number in range(count):
        lead_with(company, custom_fields={"value": number})
    with CaptureQueriesContext(connection) as queries:
        assert adopt(company, "--field", "value").code == 0
    return len(queries)


def test_each_lead_takes_the_same_number_of_statements(company):
    statements_of(company, 1)

    two, three, twelve = (statements_of(company, number) for number in (2, 3, 12))

    assert twelve - two == 10 * (three - two)
