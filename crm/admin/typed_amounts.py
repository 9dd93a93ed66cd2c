"""Amounts as people type them, such as ``12.000,50`` or ``€ 12 000``; what is not clear is refused."""

import re
from dataclasses import dataclass
from decimal import Decimal

from django.utils.formats import number_format
from django.utils.text import Truncator
from django.utils.translation import gettext

from crm.languages.messages import translated
from crm.money import AMOUNT_PLACES, AROUND_NUMBER, currencies_meant, read_amount

_EXAMPLE = Decimal("12000.50")
_LONGEST_TYPED = 100
_LONGEST_SHOWN = 30
_MINUS = "\u2212-"  # In a set of characters the hyphen stands last.
# Whole numbers alone, or in groups of three with one and the same sign between them, and one or two places
# behind another sign. Three digits behind the only sign are therefore thousands: an amount has two places.
_NUMBER = re.compile(
    r"(?P<whole>[0-9]+|[1-9][0-9]{0,2}(?:(?P<between>[.,'\u2019 \u00a0\u2009\u202f])[0-9]{3})"
    r"(?:(?P=between)[0-9]{3})*)"
    r"(?:(?!(?P=between))[.,](?P<places>[0-9]{1,2}))?"
)


@dataclass(frozen=True)
class TypedAmount:
    """An amount, and the currencies that its sign or code may mean; none if it was typed without one."""

    amount: Decimal
    unit: str = ""
    currencies: frozenset[str] = frozenset()


def read_typed_amount(text: str) -> TypedAmount:
    """Read an amount that a person typed, whatever the language of the page.

    :raises ValueError: with a message for the person, if it is none, or may mean two different numbers.
    """
    parts = AROUND_NUMBER.fullmatch(text.strip()) if len(text) <= _LONGEST_TYPED else None
    if parts is None:
        raise ValueError(_unclear(text))
    before, number, after = (part.strip() for part in parts.groups())
    minus, before = _sign(before)
    spelled, unit = _NUMBER.fullmatch(number), before or after
    currencies = currencies_meant(unit)
    if spelled is None or (before and after) or (unit and not currencies):
        raise ValueError(_unclear(text))
    whole = re.sub(r"[^0-9]", "", spelled["whole"])
    try:
        amount = read_amount(f"{minus}{whole}.{spelled['places'] or '0'}")
    except ValueError as refused:
        raise ValueError(translated(refused)) from refused
    return TypedAmount(amount, unit, currencies)


def written_amount(amount: Decimal) -> str:
    """Return an amount as the language of the page writes it, with cents only where there are some."""
    places = 0 if amount == amount.to_integral_value() else AMOUNT_PLACES
    return number_format(amount, places, use_l10n=True, force_grouping=True)


def _sign(before: str) -> tuple[str, str]:
    """Return the minus in front of a number, or between it and its currency, and what else stands there."""
    signed = re.fullmatch(rf"(?P<first>[+{_MINUS}]?)(?P<rest>.*?)(?P<last>[+{_MINUS}]?)", before, re.DOTALL)
    assert signed is not None
    sign = signed["first"] or signed["last"]
    if signed["first"] and signed["last"]:
        return "", before
    return ("-" if sign and sign in _MINUS else ""), signed["rest"].strip()


def _unclear(text: str) -> str:
    return gettext("“%(typed)s” is not clear as an amount. Write it in full, such as %(example)s.") % {
        "typed": Truncator(text.strip()).chars(_LONGEST_SHOWN),
        "example": written_amount(_EXAMPLE),
    }
