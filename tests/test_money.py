"""Decimals are read without losing a digit, and currencies are those of ISO 4217."""

import math
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from crm.json_texts import read_json
from crm.money import CURRENCIES, check_currency, read_amount, read_decimal

NUMBER = "Expected a number such as 1234.50."
DIGITS = "Enter at most 12 digits before the point and 2 behind it."


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("1234.50", "1234.50"),
        (" +7 ", "7.00"),
        ("0", "0.00"),
        ("-0.00", "0.00"),
        ("-3.5", "-3.50"),
        ("000000000000000012.5", "12.50"),
        ("999999999999.99", "999999999999.99"),
        (50000, "50000.00"),
        (1234.5, "1234.50"),
        (100.0, "100.00"),
        (0.1, "0.10"),
        (Decimal("2.5"), "2.50"),
    ],
)
def test_amounts_keep_their_digits(value, read):
    assert str(read_amount(value)) == read


@pytest.mark.parametrize(
    "value",
    [
        *("", "abc", "1,5", "1.234,50 EUR", "1_000", "1e3", "NaN", "inf", "٣", ".5", "5.", "1" * 101),
        *(None, True, [1], {}, math.inf, math.nan, Decimal("NaN"), Decimal("Infinity")),
    ],
)
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match=NUMBER):
        read_amount(value)


@pytest.mark.parametrize(
    "value",
    [
        *("1.234", "1.500", "1000000000000", "-1000000000000.00", "123456789012345"),
        *(0.001, 1e12, 10**15, Decimal("0.001")),
    ],
)
def test_more_digits_than_the_column_has_are_refused(value):
    with pytest.raises(ValueError, match=DIGITS):
        read_amount(value)


def test_number_that_lost_digits_is_refused():
    with pytest.raises(ValueError, match="Write a number of so many digits as text"):
        read_amount(read_json("1.2000000000000000001"))


@given(st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2))
def test_every_amount_is_read_as_it_is_written(amount):
    written = f"{amount:f}"

    assert str(read_amount(written)) == written
    # Fourteen digits are fewer than a float keeps.
    assert read_amount(read_json(written)) == amount


def test_decimals_have_any_number_of_digits():
    assert read_decimal("0.123456789012345678901234567890") == Decimal("0.123456789012345678901234567890")


def test_currencies_are_the_codes_of_money():
    assert len(CURRENCIES) == 168
    assert all(code.isalpha() and code.isupper() and len(code) == 3 for code in CURRENCIES)
    assert {"EUR", "USD", "XOF", "CLF", "ZWG"} <= CURRENCIES
    # Withdrawn, metals, tests and none.
    assert not {"HRK", "BGN", "ZWL", "XAU", "XBA", "XTS", "XXX"} & CURRENCIES
    check_currency(" eur ")
    for code in ("EURO", "XYZ", "€", "U$D", "\uff25\uff35\uff32"):
        with pytest.raises(ValidationError, match="Enter a currency code of ISO 4217"):
            check_currency(code)
