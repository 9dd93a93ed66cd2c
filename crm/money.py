"""Amounts of money: how decimals are read without losing a digit, and the currencies of ISO 4217."""

import math
import re
from decimal import Decimal

from django.core.exceptions import ValidationError

from crm.json_texts import InexactNumber

#: Digits of an amount, and how many of them stand behind the point.
AMOUNT_DIGITS = 14
AMOUNT_PLACES = 2

EXPECTED_NUMBER = "Expected a number such as 1234.50."
TOO_LONG = (
    f"Enter at most {AMOUNT_DIGITS - AMOUNT_PLACES} digits before the point and {AMOUNT_PLACES} behind it."
)
INEXACT = "Write a number of so many digits as text."
UNKNOWN_CURRENCY = "Enter a currency code of ISO 4217, such as EUR."
# Decimal() would also read "1_000", "1e3", "NaN" and digits of other scripts.
_SPELLED = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")
#: Bounds the work that one text can cause; no column holds as many digits.
_LONGEST_SPELLED = 100
_CENT = Decimal(1).scaleb(-AMOUNT_PLACES)

#: The active codes of ISO 4217 (as of 2026-01) without those of metals, bonds, tests and no currency.
_CODES = """
    AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF
    CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
    GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT
    LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR
    NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
    SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAD
    XAF XCD XCG XDR XOF XPF XSU XUA YER ZAR ZMW ZWG
"""
CURRENCIES = frozenset(_CODES.split())
#: From the first digit of a typed amount to the last one, and what stands around.
AROUND_NUMBER = re.compile(r"([^0-9]*)([0-9](?:.*[0-9])?)([^0-9]*)", re.DOTALL)
_DOLLARS = (
    "ARS AUD BBD BMD BND BSD BZD CAD CLP COP DOP FJD GYD HKD JMD KYD LRD MXN NAD NZD SBD SGD SRD TTD TWD USD "
    "UYU XCD"
)
#: The currencies that a sign stands for, in lower case.
_SIGNS = {
    sign: frozenset(codes.split())
    for sign, codes in {
        "$": _DOLLARS,
        "us$": "USD",
        "r$": "BRL",
        "€": "EUR",
        "£": "EGP FKP GBP GIP LBP SDG SHP SSP SYP",
        "¥": "CNY JPY",
        "₹": "INR",
        "₺": "TRY",
        "₽": "RUB",
        "₩": "KPW KRW",
        "₪": "ILS",
        "₴": "UAH",
        "fr": "CHF",
        "fr.": "CHF",
        "sfr.": "CHF",
        "zł": "PLN",
        "kč": "CZK",
        "kr": "DKK ISK NOK SEK",
        "kr.": "DKK ISK NOK SEK",
        "ft": "HUF",
        "lei": "RON",
    }.items()
}


def currencies_meant(unit: str) -> frozenset[str]:
    """Return the currencies that a sign or a code beside an amount may mean; none if it is neither."""
    code = unit.upper()
    return frozenset({code}) if code in CURRENCIES else _SIGNS.get(unit.lower(), frozenset())


def read_decimal(value: object) -> Decimal:
    """Read a number, or a text with a number, with exactly the digits that it has.

    A float, which JSON has for a number with a point, stands for the shortest decimal that is that float.

    :raises ValueError: if the value is neither, or is a float that lost digits of what was written.
    """
    if isinstance(value, str):
        text = value.strip()
        if len(text) > _LONGEST_SPELLED or not _SPELLED.fullmatch(text):
            raise ValueError(EXPECTED_NUMBER)
        return Decimal(text)
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError(EXPECTED_NUMBER)
    if isinstance(value, InexactNumber):
        raise ValueError(INEXACT)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(EXPECTED_NUMBER)
        # 100.0 is how JSON readers have 100: the zero says nothing.
        return Decimal(int(value)) if value.is_integer() else Decimal(repr(value))
    return Decimal(value)


def read_amount(value: object) -> Decimal:
    """Read a number that a column of amounts holds as it is, and return it with both places behind the point.

    It may be negative, as in a comparison; that an amount is not is a rule of its column.

    :raises ValueError: if the value is no number, or has more digits.
    """
    amount = read_decimal(value)
    exponent = amount.as_tuple().exponent
    # NaN and infinity have a letter for an exponent.
    if not isinstance(exponent, int):
        raise ValueError(EXPECTED_NUMBER)
    if -exponent > AMOUNT_PLACES or amount.adjusted() >= AMOUNT_DIGITS - AMOUNT_PLACES:
        raise ValueError(TOO_LONG)
    # The sum turns minus zero into zero.
    return amount.quantize(_CENT) + 0


def canonical_currency(code: str) -> str:
    """Return a currency code as it is stored."""
    return code.strip().upper()


def check_currency(code: str) -> None:
    """Refuse a text that is no currency code.

    :raises ValidationError: if it is none.
    """
    if canonical_currency(code) not in CURRENCIES:
        raise ValidationError(UNKNOWN_CURRENCY)
