"""Filters of the list of leads from one day to another: ``created_from=2026-01-01&created_to=2026-03-31``.

Beside the range they have the periods of Django, and read the days that reports lead to:
``created=FROM..TO``. Days of a range are the company's.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Field, Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.admin.base import acting
from crm.admin.dates import shown_day
from crm.admin.range_filters import TypedRange, range_in_words
from crm.dates import parse_date
from crm.errors import CrmError
from crm.languages.messages import translated
from leads.admin.list_days import read_days
from leads.models import Lead
from leads.services.report_days import EARLIEST, LATEST, Days

NONE = "none"


class DayRange(TypedRange, admin.DateFieldListFilter):
    """Filter leads by a day, within a period or from one day to another."""

    #: What the chip says, and the name in the addresses of reports.
    called: ClassVar[StrOrPromise]
    name: ClassVar[str]
    input_type = "date"

    def __init__(
        self, field: Field[Any, Any], request: HttpRequest, params: dict[str, Any], *given: Any, **named: Any
    ) -> None:
        self.take_from(params)
        super().__init__(field, request, params, *given, **named)
        self.title = self.called

    @classmethod
    def names(cls) -> set[str]:
        return {*super().names(), cls.name}

    def condition(self, days: Days) -> Q:
        """Return the condition that it happened on some days."""
        return days.has(self.field_path)

    @property
    def named(self) -> str:
        """Return the days that the address of a report names."""
        return self.request.GET.get(self.name, "") if not any(self.typed) else ""

    def read_range(self) -> tuple[str, Q]:
        if self.named:
            days = read_days(self.named, self.request)
            return range_in_words(shown_day(days.first), shown_day(days.last)), self.condition(days)
        if not any(self.typed):
            return "", Q()
        first, last = (parse_date(text) if text else None for text in self.typed)
        try:
            days = Days.of_company(acting(self.request), first or EARLIEST, last or LATEST)
        except CrmError as refused:
            raise ValueError(translated(refused)) from refused
        words = range_in_words(*("" if day is None else shown_day(day) for day in (first, last)))
        return words, self.condition(days)

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        is_ranged = bool(self.named or any(self.typed))
        for title, lookups in self.links:
            given = {name: str(value) for name, value in lookups.items()}
            yield {
                "selected": not is_ranged and self.date_params == given,
                "query_string": changelist.get_query_string(given, [*self.replaced]),
                "display": title,
            }
        yield from self.range_choice(changelist)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        within: Any = super().queryset(request, queryset)
        return self.narrowed(within)


class CreatedDays(DayRange):
    called = _("created")
    name = "created"
    first_name, last_name = "created_from", "created_to"
    replaced = ("created",)


class ClosedDays(DayRange):
    called = _("closed")
    name = "closed"
    first_name, last_name = "closed_from", "closed_to"
    replaced = ("closed",)


class ExpectedDays(DayRange):
    """Filter leads by the day on which they should close, or by having none."""

    called = _("expected to close")
    name = "expected"
    first_name, last_name = "expected_from", "expected_to"
    replaced = ("expected",)

    def condition(self, days: Days) -> Q:
        return Q(expected_close_on__range=(days.first, days.last))

    def read_range(self) -> tuple[str, Q]:
        if self.named == NONE:
            # As the forecast counts them: with an amount.
            return gettext("no date"), Q(expected_close_on=None, amount__isnull=False)
        return super().read_range()


DAY_RANGES = (
    ("expected_close_on", ExpectedDays),
    ("created_at", CreatedDays),
    ("closed_at", ClosedDays),
)
