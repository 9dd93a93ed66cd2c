"""Amounts from one to another, as people type them: the filter of the board and of the list of leads."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.admin.money import shown_amount
from crm.admin.range_filters import TypedRange, range_in_words
from crm.admin.typed_amounts import read_typed_amount
from leads.models import Lead

#: The names in addresses, and how a lead's amount compares.
LOOKUPS = {"min": "amount__gte", "max": "amount__lte"}


def amount_bound(name: str, text: str) -> tuple[str, Q]:
    """Return a typed bound as it was understood, and its condition: with a currency only amounts in it.

    :raises ValueError: with a message for the person, if the text is not clear as an amount.
    """
    typed = read_typed_amount(text)
    found = Q(**{LOOKUPS[name]: typed.amount})
    condition = found & Q(currency__in=typed.currencies) if typed.currencies else found
    return shown_amount(typed.amount, typed.unit), condition


class AmountFilter(TypedRange, admin.SimpleListFilter):
    """Filter leads by whether they have an amount, and by amounts from one to another."""

    title = _("amount")
    parameter_name = "amount"
    first_name, last_name = LOOKUPS
    replaced: ClassVar[tuple[str, ...]] = ("amount", *LOOKUPS)

    def __init__(self, request: HttpRequest, params: dict[str, Any], *given: Any) -> None:
        self.take_from(params)
        super().__init__(request, params, *given)

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        return [("yes", gettext("With an amount")), ("no", gettext("Without an amount"))]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        # Without the range too, which only a lead with an amount is in.
        unfiltered = {
            "selected": not self.value() and not any(self.typed),
            "query_string": changelist.get_query_string(remove=[*self.replaced]),
            "display": gettext("All"),
        }
        yield unfiltered
        for value, label in self.lookup_choices:
            yield {
                "selected": self.value() == value,
                "query_string": changelist.get_query_string({"amount": value}, [*self.replaced]),
                "display": label,
            }
        yield from self.range_choice(changelist)

    def read_range(self) -> tuple[str, Q]:
        bounds = [
            amount_bound(*each) if each[1] else ("", Q()) for each in zip(LOOKUPS, self.typed, strict=True)
        ]
        (first, above), (last, below) = bounds
        return range_in_words(first, last), above & below

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        if self.value() == "yes":
            queryset = queryset.filter(amount__isnull=False)
        if self.value() == "no":
            queryset = queryset.filter(amount__isnull=True)
        return self.narrowed(queryset)
