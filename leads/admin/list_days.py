"""Filters of the list of leads by days, which reports lead to: ``closed=2026-01-01..2026-03-31``.

A list offers none of these by itself; one that is set stands above it as a chip. Days are the company's.
Those that a list offers are in ``day_ranges``.
"""

from datetime import date
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from crm.admin.base import acting
from crm.admin.dates import shown_day
from crm.admin.range_filters import range_in_words
from crm.database.keys import parse_id
from crm.errors import CrmError
from leads.models import Lead, StageVisit
from leads.services.report_days import Days


class DaysFilter(admin.SimpleListFilter):
    """Filter leads by the days on which something happened to them."""

    column: ClassVar[str]

    def condition(self, days: Days) -> Q:
        """Return the condition that it happened on some days."""
        return days.has(self.column)

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        value = request.GET.get(str(self.parameter_name), "")
        return [(value, self.label(value))] if value else []

    def label(self, value: str) -> str:
        """Return what the chip says."""
        first, _dots, last = value.partition("..")
        return range_in_words(_shown(first), _shown(last))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        value = self.value()
        if not value:
            return queryset
        return queryset.filter(self.condition(read_days(value, request)))


def _shown(day: str) -> str:
    try:
        return shown_day(date.fromisoformat(day))
    except ValueError:
        # The list then refuses it.
        return day


def read_days(value: str, request: HttpRequest) -> Days:
    """Return the days that an address names.

    :raises IncorrectLookupParameters: if it names none; the page then leads back to the list without filters.
    """
    first, _, last = value.partition("..")
    try:
        return Days.of_company(acting(request), date.fromisoformat(first), date.fromisoformat(last))
    except (ValueError, CrmError) as refused:
        raise IncorrectLookupParameters from refused


class StagedDays(DaysFilter):
    title = _("in its stage since")
    parameter_name = "staged"
    column = "stage_changed_at"


class VisitedStage(DaysFilter):
    """Filter leads by a stage that they entered on some days: ``visited=12:2026-01-01..2026-03-31``."""

    title = _("entered the stage")
    parameter_name = "visited"

    def label(self, value: str) -> str:
        return super().label(value.partition(":")[2])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Lead]) -> QuerySet[Lead]:
        value = self.value()
        if not value:
            return queryset
        stage, _, days = value.partition(":")
        key = parse_id(stage)
        if key is None:
            raise IncorrectLookupParameters
        entered: QuerySet[Any] = StageVisit.objects.visible_to(acting(request)).filter(
            read_days(days, request).has("entered_at"), stage_id=key
        )
        return queryset.filter(pk__in=entered.values("lead_id"))


DAYS_FILTERS = (StagedDays, VisitedStage)
