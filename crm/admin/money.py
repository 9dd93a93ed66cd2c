"""Inputs of the admin for amounts and currencies."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext

from crm.admin.typed_amounts import read_typed_amount, written_amount
from crm.money import CURRENCIES


def shown_amount(amount: Decimal | None, currency: str | None) -> str:
    """Return an amount with its currency as people read it; cents only where there are some."""
    return "" if amount is None else f"{written_amount(amount)} {currency or ''}".rstrip()


class AmountInput(forms.TextInput):
    """A text input: browsers drop the commas and points of a number input without a word."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"inputmode": "decimal", "autocomplete": "off", **(attrs or {})})


class AmountField(forms.DecimalField):
    """An amount as people type it, shown as the language of the page writes it."""

    widget = AmountInput

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]  # as Django does itself
        if value in self.empty_values:
            return None
        if isinstance(value, Decimal):
            return value
        try:
            return read_typed_amount(str(value)).amount
        except ValueError as unclear:
            raise forms.ValidationError(str(unclear), code="invalid") from unclear

    def prepare_value(self, value: Any) -> Any:
        return written_amount(value) if isinstance(value, Decimal) else value


def check_unit(text: str, currency: str | None) -> None:
    """Refuse an amount that was typed with the sign or code of another currency than the chosen one.

    :raises ValidationError: if it was; a text that is no amount is refused by its field.
    """
    try:
        typed = read_typed_amount(text)
    except ValueError:
        return
    if typed.currencies and currency not in typed.currencies:
        raise forms.ValidationError(
            gettext("The amount is in %(typed)s, and the currency is %(chosen)s: choose one of them.")
            % {"typed": typed.unit, "chosen": currency},
            code="currency",
        )


class CurrencyField(forms.ChoiceField):
    """A choice of the currencies of ISO 4217."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.offer()

    def offer(self, present: str | None = None, usual: str = "", used: Iterable[str] = ()) -> None:
        """Offer all currencies, those that are in use first.

        :param present: the code of the row, which may have been withdrawn since.
        :param usual: what an empty choice means: it stands first, by its code, unless the row has it.
        """
        first = list(dict.fromkeys(code for code in (present, usual, *used) if code))
        codes = [*first, *sorted(CURRENCIES.difference(first))]
        choices: list[tuple[str, str]] = [(code, code) for code in codes]
        if usual and usual != present:
            # Chosen by nobody, it is the currency of an amount, and of no lead without one.
            choices = [("", usual), *(choice for choice in choices if choice[0] != usual)]
        elif not self.required and not usual:
            choices = [("", "---------"), *choices]
        self.choices = choices

    def valid_value(self, value: Any) -> bool:
        return value in CURRENCIES or super().valid_value(value)
