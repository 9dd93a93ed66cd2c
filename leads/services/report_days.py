"""The days that a forecast or report is about, and its leads; days are those of the company's time zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from enum import StrEnum
from typing import NamedTuple

from django.db.models import DateField, Q
from django.db.models.functions import Trunc

from crm.actors import Actor
from crm.dates import start_of
from crm.errors import BadUserInput
from crm.models import User
from crm.services.days import zone_of_company
from leads.models import Lead
from leads.models.querysets import LeadQuerySet
from pipelines.models import Pipeline

DAY = timedelta(days=1)
WEEK = timedelta(days=7)
#: Days outside of these are mistakes of typing.
EARLIEST, LATEST = date(1900, 1, 1), date(2999, 12, 31)
MOST_PERIODS = 120
#: A leap year, and the day a year later.
MOST_DAYS = 367


class Length(StrEnum):
    """The length of a period; a week begins on Monday."""

    DAY = "DAY"
    WEEK = "WEEK"
    MONTH = "MONTH"

    def start(self, day: date) -> date:
        """Return the first day of the period that a day is in."""
        match self:
            case Length.MONTH:
                return day.replace(day=1)
            case Length.WEEK:
                return day - timedelta(days=day.weekday())
        return day

    def next(self, start: date) -> date:
        """Return the first day of the period after the one that starts on a day."""
        match self:
            case Length.MONTH:
                return (start + timedelta(days=31)).replace(day=1)
            case Length.WEEK:
                return start + WEEK
        return start + DAY


class Period(NamedTuple):
    """Days from ``first`` to ``last``, both included."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class Days:
    """The days of a report, from ``first`` to ``last``, both included, in a time zone."""

    first: date
    last: date
    zone: tzinfo

    @classmethod
    def of_company(cls, actor: Actor, first: date, last: date) -> "Days":
        """Return days of the actor's company.

        :raises BadUserInput: if they end before they start, or are far away.
        """
        for argument, day in (("from", first), ("to", last)):
            if not EARLIEST <= day <= LATEST:
                raise BadUserInput(
                    f"{argument} takes a day from {EARLIEST} to {LATEST}, got {day}.", argument=argument
                )
        if last < first:
            raise BadUserInput(f"to is {last}, before from, which is {first}.", argument="to")
        return cls(first=first, last=last, zone=zone_of_company(actor.company_id))

    def has(self, column: str) -> Q:
        """Return the condition that a moment is on one of the days."""
        start, end = (start_of(day, self.zone) for day in (self.first, self.last + DAY))
        return Q(**{f"{column}__gte": start, f"{column}__lt": end})

    def start_of(self, column: str, length: Length) -> Trunc:
        """Return the first day of the period that a moment is in."""
        return Trunc(column, length.lower(), tzinfo=self.zone, output_field=DateField())

    def periods(self, length: Length) -> Sequence[Period]:
        """Return the periods that the days are in; the first and the last may be cut.

        :raises BadUserInput: if there are too many.
        """
        most = MOST_DAYS if length is Length.DAY else MOST_PERIODS
        starts: list[date] = []
        start = length.start(self.first)
        while start <= self.last:
            starts.append(start)
            if len(starts) > most:
                raise BadUserInput(
                    f"{self.first} to {self.last} has more than {most} {length.lower()}s.", argument="to"
                )
            start = length.next(start)
        return [Period(max(start, self.first), min(length.next(start) - DAY, self.last)) for start in starts]


def leads_of(actor: Actor, pipeline_key: object, owner_key: object) -> LeadQuerySet[Lead]:
    """Return the visible leads of a pipeline and an owner, or of all where the key is None."""
    leads = Lead.objects.in_report_for(actor).order_by()
    if pipeline_key is not None:
        leads = leads.filter(pipeline=Pipeline.objects.find(actor, pipeline_key, argument="pipeline_id"))
    if owner_key is not None:
        leads = leads.filter(owner=User.objects.find(actor, owner_key, argument="owner_id"))
    return leads
