"""Amounts with a currency: the currency of the row is theirs, or the row is refused."""

import pytest

from crm.importing.currency_signs import signed_amount
from crm.money import CURRENCIES
from leads.models import Lead


@pytest.mark.parametrize(
    ("text", "number", "currency"),
    [
        ("€1.200,50", "1.200,50", "EUR"),
        ("1 200 €", "1 200", "EUR"),
        ("-£5", "-5", "GBP"),
        ("£-5", "-5", "GBP"),
        ("USD 12,000.00", "12,000.00", "USD"),
        ("12000CHF", "12000", "CHF"),
        ("12 usd", "12", "USD"),
        ("R$ 30", "30", "BRL"),
        ("120,- zł", "120", "PLN"),
        ("$12,000", "12,000", None),
        ("100 kr", "100", None),
        ("¥900", "900", None),
    ],
)
def test_an_amount_has_a_number_and_a_currency(text, number, currency):
    amount = signed_amount(text)

    assert amount is not None
    assert (amount.number, amount.currency) == (number, currency)
    assert amount.currencies <= CURRENCIES


@pytest.mark.parametrize("text", ["12", "", "€", "ABC 12", "12 apples", "$ 12 $", "€" + "1" * 90])
def test_another_text_is_no_amount_with_a_currency(text):
    assert signed_amount(text) is None


def amounts():
    return {lead.title: (str(lead.amount), lead.currency) for lead in Lead.objects.all()}


@pytest.mark.django_db
def test_the_currency_of_a_row_is_that_of_its_amount(import_leads):
    ended = import_leads('title,amount,currency\nA,€120.50,\nB,"$1,200.00",CAD\nC,7,GBP\nD,USD 9,usd\n')

    assert (ended.code, ended.errors[2:]) == (0, [])
    assert amounts() == {
        "A": ("120.50", "EUR"), "B": ("1200.00", "CAD"), "C": ("7.00", "GBP"), "D": ("9.00", "USD"),
    }  # fmt: skip


@pytest.mark.django_db
def test_a_row_that_says_two_currencies_or_none_for_sure_is_refused(import_leads):
    ended = import_leads('title,amount,currency\nA,€120,USD\nB,$120,EUR\nC,$120,\nD,"1.234,50 EUR",\n')

    assert ended.code == 3
    assert [line for line in ended.errors if line.startswith("line ")] == [
        "line 2: amount: The amount is in €, and the currency is USD: choose one of them.",
        "line 3: amount: The amount is in $, and the currency is EUR: choose one of them.",
        "line 4: amount: $ may be several currencies: say which, such as --set currency=USD.",
        "line 5: amount: '1.234,50' may be two numbers: say which sign stands before decimals, --decimal , or"
        " --decimal .",
    ]
    assert amounts() == {}


@pytest.mark.django_db
def test_a_sign_of_several_currencies_is_read_once_somebody_says_which(import_leads):
    ended = import_leads('title,amount\nA,"$12,000"\nB,80 $\n', "--set", "currency=USD", "--decimal", ".")

    assert ended.code == 0
    assert amounts() == {"A": ("12000.00", "USD"), "B": ("80.00", "USD")}
