"""Amounts are read as people type them, and refused where they may mean two numbers."""

from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from crm.admin.typed_amounts import read_typed_amount, written_amount
from crm.money import CURRENCIES

UNCLEAR = "is not clear as an amount. Write it in full, such as"
LANGUAGES = ("en", "de", "es")

amounts = st.decimals(min_value=0, max_value=Decimal("999999999999.99"), places=2)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("12000,50", "12000.50"),
        ("12.000,50", "12000.50"),
        ("12,000.50", "12000.50"),
        ("12 000", "12000.00"),
        ("12\u00a0000,5", "12000.50"),
        ("12\u202f000", "12000.00"),
        ("12'000", "12000.00"),
        ("12\u2019000.50", "12000.50"),
        ("12.000", "12000.00"),
        ("12,000", "12000.00"),
        ("1.234.567", "1234567.00"),
        ("1,234,567.8", "1234567.80"),
        ("12,5", "12.50"),
        ("12.5", "12.50"),
        ("0,5", "0.50"),
        (" 7 ", "7.00"),
        ("+7", "7.00"),
        ("007", "7.00"),
        ("-3,50", "-3.50"),
        ("\u22123", "-3.00"),
        ("999.999.999.999,99", "999999999999.99"),
    ],
)
def test_amounts_are_read_as_people_type_them(typed, read):
    for language in LANGUAGES:
        with override(language):
            assert str(read_typed_amount(typed).amount) == read


@pytest.mark.parametrize(
    "typed",
    [
        *("", "abc", "12k", "1e3", "NaN", "\u0663", "1_000", "(12)", "5%", "1/2", "--5", "+-5", "5-", "12,-"),
        # Three digits behind a point are thousands, but not behind these.
        *("0.500", "0,500", "1200.000", "00.500", "1234,567"),
        *("1.5000", "1.23456", "1.2.3", "12.34.567", "1,23,456", "12 50", "1 234 56"),
        *("1.234,567", "1,234.567", "1.234 567", "1'234 567", "1.234,567.8", "1.234.567.8", "12,000,5"),
        *(".50", "50.", "5..", "5,,0", "5 , 0", "5. 0"),
        *("12 XYZ", "EUR 12 EUR", "€12€", "12 EUR net", "about 12", "12 XAU"),
        "1" * 101,
    ],
)
def test_what_is_doubtful_is_refused_with_a_message(typed):
    with pytest.raises(ValueError, match=UNCLEAR):
        read_typed_amount(typed)


def test_too_many_digits_are_refused_as_at_every_door():
    with pytest.raises(ValueError, match="Enter at most 12 digits before the point and 2 behind it"):
        read_typed_amount("1.000.000.000.000")


@pytest.mark.parametrize(
    ("typed", "unit"),
    [
        *(("12.000 EUR", "EUR"), ("EUR 12.000", "EUR"), ("12000eur", "EUR"), ("€12,000", "EUR")),
        *(("12 000,00 €", "EUR"), ("-€12,000", "EUR"), ("$12,000", "USD"), ("$12,000", "CAD")),
        *(("£ 5", "GBP"), ("Fr. 5", "CHF"), ("5 kr", "SEK"), ("5 zł", "PLN"), ("US$5", "USD")),
    ],
)
def test_a_sign_or_code_tells_the_currency(typed, unit):
    assert unit in read_typed_amount(typed).currencies


def test_signs_stand_for_currencies_that_exist():
    for sign in (
        "$",
        "US$",
        "R$",
        "€",
        "£",
        "¥",
        "₹",
        "₺",
        "₽",
        "₩",
        "₪",
        "₴",
        "Fr",
        "zł",
        "Kč",
        "kr",
        "Ft",
        "lei",
    ):
        meant = read_typed_amount(f"5 {sign}").currencies
        assert meant
        assert meant <= CURRENCIES
    assert read_typed_amount("5").currencies == frozenset()
    assert read_typed_amount("US$5").currencies == {"USD"}


@given(amount=amounts, language=st.sampled_from(LANGUAGES), read_in=st.sampled_from(LANGUAGES))
def test_what_one_language_writes_every_language_reads(amount, language, read_in):
    with override(language):
        written = written_amount(amount)
    with override(read_in):
        assert read_typed_amount(written).amount == amount


@given(
    amount=amounts,
    between=st.sampled_from(["", ".", ",", " ", "'", "\u2019", "\u00a0", "\u202f"]),
    before_cents=st.sampled_from(".,"),
    code=st.sampled_from(["", "EUR", "€", "$"]),
)
def test_every_way_to_write_an_amount_is_read_or_refused_but_never_another_number(
    amount, between, before_cents, code
):
    whole, cents = f"{amount:,.2f}".split(".")
    typed = f"{whole.replace(',', between)}{before_cents}{cents} {code}"

    if between == before_cents and "," in f"{amount:,.2f}":
        with pytest.raises(ValueError, match=UNCLEAR):
            read_typed_amount(typed)
    else:
        assert read_typed_amount(typed).amount == amount


@given(st.text(alphabet="0123456789.,' \u00a0-+ekEUR€$", max_size=20))
def test_a_text_that_is_read_has_the_digits_that_were_typed(typed):
    try:
        read = read_typed_amount(typed).amount
    except ValueError:
        return

    def digits(text: str) -> str:
        return "".join(each for each in text if each in "0123456789").lstrip("0")

    # A part of one or two digits behind the last sign are cents, and nothing else is left out or put in.
    assert digits(f"{read:f}").rstrip("0") == digits(typed).rstrip("0")


def test_amounts_are_written_as_the_language_does():
    assert written_amount(Decimal("12000.00")) == "12,000"
    assert written_amount(Decimal("12000.50")) == "12,000.50"
    with override("de"):
        assert written_amount(Decimal("12000.50")) == "12.000,50"
    with override("es"):
        assert written_amount(Decimal("12000.50")) == "12\u00a0000,50"
