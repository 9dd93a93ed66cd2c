"""What a lead is worth, in the input of any door and in a custom field that stands for it."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError

from crm.models import Company
from crm.texts import name_key
from leads.models import Lead
from leads.models.deal_value import READERS, read_valid


def apply_deal_value(lead: Lead, given: Mapping[str, Any]) -> None:
    """Set what the input names of amount, currency, close date and probability; an empty text clears.

    :raises ValidationError: keyed by field, if a value cannot be read.
    """
    errors: dict[str, list[str]] = {}
    for name, read in READERS.items():
        if name not in given:
            continue
        value = given[name]
        is_empty = value is None or (isinstance(value, str) and not value.strip())
        try:
            setattr(lead, name, None if is_empty else read(value))
        except ValueError as refused:
            errors[name] = [str(refused)]
    if errors:
        raise ValidationError(errors)


def amount_in_custom_fields(custom_fields: Mapping[str, Any], name: str) -> Decimal | None:
    """Return the amount that a custom field holds, None without such a field or value.

    :param name: of the custom field; in any spelling, as definitions are found.
    :raises ValueError: with the reason, if the field holds something that is no amount.
    """
    key = name_key(name)
    spelled = (value for field, value in custom_fields.items() if name_key(field) == key)
    value = custom_fields[name] if name in custom_fields else next(spelled, None)
    if value is None or value == "":
        return None
    amount: Decimal = read_valid("amount", value)
    return amount


def take_over_amount(lead: Lead, company: Company) -> None:
    """Set the amount of a new lead from the custom field that the company has named for it.

    What is no amount stays in the custom field alone: whoever sent it does not know of amounts.
    """
    if company.amount_custom_field:
        try:
            lead.amount = amount_in_custom_fields(lead.custom_fields, company.amount_custom_field)
        except ValueError:
            return
