"""The days, pipeline and owner that the address of a report names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from crm.actors import Actor
from crm.admin.base import assignable_users
from crm.errors import CrmError
from crm.languages.messages import translated
from crm.models import User
from leads.services.report_days import Days
from pipelines.models import Pipeline

#: Days that a report has if the address names none: the last three months or so.
USUAL = timedelta(days=90)


class AskedForm(forms.Form):
    """The days and the leads of a report."""

    days_from = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}))
    days_to = forms.DateField(label=_("To"), widget=forms.DateInput(attrs={"type": "date"}))
    pipeline: forms.ModelChoiceField[Pipeline] = forms.ModelChoiceField(
        label=_("Pipeline"), queryset=None, required=False, empty_label=_("All pipelines")
    )
    owner: forms.ModelChoiceField[User] = forms.ModelChoiceField(
        label=_("Owner"), queryset=None, required=False, empty_label=_("All owners")
    )

    def __init__(self, data: Mapping[str, Any], *, actor: Actor) -> None:
        super().__init__(data)
        self.actor = actor
        fields: Any = self.fields
        fields["pipeline"].queryset = Pipeline.objects.visible_to(actor).order_by("-is_default", "name", "pk")
        fields["owner"].queryset = assignable_users(actor)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors:
            try:
                cleaned["days"] = Days.of_company(self.actor, cleaned["days_from"], cleaned["days_to"])
            except CrmError as refused:
                raise ValidationError(translated(refused.message)) from refused
        return cleaned


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The days of a report, and the pipeline and the owner whose leads it is about."""

    actor: Actor
    days: Days
    pipeline: Pipeline | None = None
    owner: User | None = None

    @property
    def narrowed(self) -> dict[str, object]:
        """The arguments of the services of reports."""
        return {
            "pipeline_key": self.pipeline and self.pipeline.pk,
            "owner_key": self.owner and self.owner.pk,
        }

    def leads(self, **filters: object) -> str:
        """Return the address of the list of leads with some filters, and those of the report."""
        own = {
            "pipeline__id__exact": self.pipeline and self.pipeline.pk,
            "owned": self.owner and self.owner.pk,
        }
        given = {name: value for name, value in {**own, **filters}.items() if value is not None}
        return f"{reverse('admin:leads_lead_changelist')}?{urlencode(given)}"

    def within(self, first: date | None = None, last: date | None = None) -> str:
        """Return days as the filters of the list have them; those of the report unless others are given."""
        return f"{first or self.days.first}..{last or self.days.last}"


@dataclass(frozen=True)
class Span:
    """A period that the page offers."""

    label: StrOrPromise
    first: date
    last: date

    @property
    def query(self) -> dict[str, str]:
        return {"days_from": self.first.isoformat(), "days_to": self.last.isoformat()}


def spans(today: date) -> list[Span]:
    """Return the periods that are asked for most often, as of a day."""
    month = today.replace(day=1)
    last_month = (month - timedelta(days=1)).replace(day=1)
    quarter = today.replace(month=(today.month - 1) // 3 * 3 + 1, day=1)
    year = today.replace(month=1, day=1)
    return [
        Span(gettext("This month"), month, _end_of_month(today)),
        Span(gettext("Last month"), last_month, month - timedelta(days=1)),
        Span(gettext("This quarter"), quarter, _end_of_month(quarter + timedelta(days=65))),
        Span(gettext("Last 90 days"), today - USUAL, today),
        Span(gettext("This year"), year, today.replace(month=12, day=31)),
        Span(gettext("Last year"), year.replace(year=year.year - 1), year - timedelta(days=1)),
    ]


def _end_of_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def names_of(model: Any, keys: Iterable[int | None], asked: Asked) -> dict[int, Model]:
    """Return the visible rows that the lines of a report are about, by key."""
    rows = model.objects.visible_to(asked.actor)
    found: dict[int, Model] = rows.in_bulk([key for key in keys if key is not None])
    return found
