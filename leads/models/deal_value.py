"""What a lead is worth, when it is expected to close, and how likely it is to be won."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce

from crm.dates import parse_date
from crm.money import check_currency, read_amount
from leads.models.lookups import StatusCategory
from pipelines.models import HIGHEST_PROBABILITY

FIRST_CLOSE, LAST_CLOSE = date(1970, 1, 1), date(2199, 12, 31)
NEGATIVE = "An amount cannot be negative."
OUTSIDE_YEARS = "Enter a day from 1970 to 2199."
NO_PERCENTAGE = "Enter a whole number from 0 to 100."

AMOUNT_RULES = [MinValueValidator(0, NEGATIVE)]
CLOSE_RULES = [MinValueValidator(FIRST_CLOSE, OUTSIDE_YEARS), MaxValueValidator(LAST_CLOSE, OUTSIDE_YEARS)]
PROBABILITY_RULES = [
    MinValueValidator(0, NO_PERCENTAGE),
    MaxValueValidator(HIGHEST_PROBABILITY, NO_PERCENTAGE),
]

#: The same rules, for rows that nobody validates. Which currencies there are changes: no constraint.
CONSTRAINTS = (
    models.CheckConstraint(condition=Q(amount__gte=0), name="lead_amount_not_negative"),
    models.CheckConstraint(
        condition=Q(amount__isnull=True) | Q(currency__isnull=False), name="lead_amount_has_currency"
    ),
    models.CheckConstraint(
        condition=Q(expected_close_on__gte=FIRST_CLOSE, expected_close_on__lte=LAST_CLOSE),
        name="lead_close_in_calendar",
    ),
    models.CheckConstraint(
        condition=Q(probability__lte=HIGHEST_PROBABILITY), name="lead_probability_in_percent"
    ),
)


def _read_currency(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("Expected text.")
    return value


def _read_day(value: object) -> date:
    return value if isinstance(value, date) else parse_date(value)


def _read_percentage(value: object) -> int:
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,9}\s*", value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(NO_PERCENTAGE)
    return value


#: The columns, each with what reads a typed value, or the text of a file or of a delivery.
READERS: Mapping[str, Callable[[object], Any]] = {
    "amount": read_amount,
    "currency": _read_currency,
    "expected_close_on": _read_day,
    "probability": _read_percentage,
}
RULES: Mapping[str, Sequence[Callable[[Any], None]]] = {
    "amount": AMOUNT_RULES,
    "currency": [check_currency],
    "expected_close_on": CLOSE_RULES,
    "probability": PROBABILITY_RULES,
}


def read_valid(column: str, value: object) -> Any:
    """Read a value of one of the columns that keeps its rules.

    :raises ValueError: with the reason, if the value is another.
    """
    read = READERS[column](value)
    try:
        for rule in RULES[column]:
            rule(read)
    except ValidationError as refused:
        raise ValueError(" ".join(refused.messages)) from refused
    return read


def win_probability() -> Case:
    """Return the expression for the probability of a lead, in percent.

    That of an open lead is its own, else its stage's. A won lead has 100, any other closed one 0.
    """
    return Case(
        When(status__category=StatusCategory.OPEN, then=Coalesce("probability", "stage__probability")),
        When(status__category=StatusCategory.WON, then=Value(HIGHEST_PROBABILITY)),
        default=Value(0),
        output_field=IntegerField(),
    )
