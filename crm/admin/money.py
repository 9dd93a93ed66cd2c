"""Inputs of the admin for amounts and currencies."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.formats import get_format, number_format

from crm.languages.messages import translated
from crm.money import AMOUNT_PLACES, CURRENCIES, read_amount


def shown_amount(amount: Decimal | None, currency: str | None) -> str:
    """Return an amount with its currency as people read it; cents only where there are some."""
    if amount is None:
        return ""
    places = 0 if amount == amount.to_integral_value() else AMOUNT_PLACES
    return f"{number_format(amount, places, use_l10n=True, force_grouping=True)} {currency or ''}".rstrip()


class AmountField(forms.DecimalField):
    """An amount, read as at every other door: Django would also read others, such as 1_000 and 1e3."""

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # as Django does itself
        if value in self.empty_values:
            return None
        # As the page writes amounts: 12,50 where a comma stands before cents. A point is read as well.
        if isinstance(value, str) and get_format("DECIMAL_SEPARATOR") == "," and "." not in value:
            value = value.replace(",", ".")
        try:
            return read_amount(value)
        except ValueError as refused:
            raise forms.ValidationError(translated(refused), code="invalid") from refused


class CurrencyField(forms.ChoiceField):
    """A choice of the currencies of ISO 4217."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.offer()

    def offer(self, *others: str | None) -> None:
        """Offer all currencies, and other codes, such as one that was withdrawn since a row got it."""
        codes = sorted(CURRENCIES.union(code for code in others if code))
        empty = [] if self.required else [("", "---------")]
        self.choices = [*empty, *((code, code) for code in codes)]
