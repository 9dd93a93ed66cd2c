"""Amount, currency, close date and probability in deliveries, with a template and without one."""

from decimal import Decimal

import pytest

from leads.models import AttemptStatus, Lead, ReceiverAttempt
from leads.services.replaying import replay_attempt
from tests.receivers.delivering import deliver, deliver_body

pytestmark = pytest.mark.django_db


def test_plain_keys_that_fit_are_fields_and_others_stay_custom_fields(receiver):
    fitting = {"amount": 1234.5, "currency": "eur", "expected_close_on": "2026-12-31", "probability": "40"}
    others = {
        "amount": "1.234,50 EUR",
        "currency": "Euro",
        "expected_close_on": "soon",
        "probability": 101,
    }

    for payload in (fitting, others):
        assert deliver(receiver, {"title": "Deal", **payload}).status_code == 200

    first, second = Lead.objects.order_by("pk")
    assert (first.amount, first.currency, str(first.expected_close_on), first.probability) == (
        Decimal("1234.50"),
        "EUR",
        "2026-12-31",
        40,
    )
    assert first.custom_fields == {}
    assert (second.amount, second.currency, second.expected_close_on, second.probability) == (None,) * 4
    assert second.custom_fields == others


def test_template_reads_an_amount_out_of_a_text(receiver):
    receiver.template = {
        "order.total": {"name": "amount", "type": "regex", "pattern": "/([0-9.]+) EUR/"},
        "order.currency": {"name": "currency", "type": "string", "default": "EUR"},
    }
    receiver.save()

    deliver(receiver, {"title": "Deal", "order": {"total": "Total: 99.90 EUR"}})

    lead = Lead.objects.get()
    assert (lead.amount, lead.currency) == (Decimal("99.90"), "EUR")


def test_refused_delivery_is_kept_and_replayed_with_a_better_template(receiver, actors):
    receiver.template = {"total": {"name": "amount", "type": "string"}}
    receiver.save()

    answer = deliver(receiver, {"title": "Deal", "total": "99.90 EUR"})

    assert (answer.status_code, answer.json()["errors"]) == (
        422,
        {"amount": ["Expected a number such as 1234.50."]},
    )
    assert not Lead.objects.exists()
    receiver.template = {"total": {"name": "amount", "type": "regex", "pattern": "[0-9.]+"}}
    receiver.save()
    attempt = ReceiverAttempt.objects.get()
    assert replay_attempt(attempt.pk, actor=actors.manager).status == AttemptStatus.PROCESSED
    assert Lead.objects.get().amount == Decimal("99.90")


def test_number_with_more_digits_than_json_keeps_is_not_rounded(receiver):
    receiver.template = {"total": {"name": "amount", "type": "string"}}
    receiver.save()

    answer = deliver_body(receiver, '{"title": "Deal", "total": 1234567890.4499999999999999}')

    assert answer.json()["errors"] == {
        "amount": ["Enter at most 12 digits before the point and 2 behind it."]
    }
