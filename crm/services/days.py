"""The days of an actor: due, overdue, today, this week are meant in the time zone of the member."""

from datetime import date, datetime, tzinfo

from django.db.models import CharField, Subquery, Value
from django.db.models.expressions import Combinable
from django.utils import timezone

from crm.actors import Actor
from crm.dates import bounds_of, zone_named
from crm.models import Company, User


def zone_of(actor: Actor) -> tzinfo:
    """Return the time zone of an actor: the member's own, else the company's, else UTC."""
    own = User.objects.filter(pk=actor.user_id).values("timezone")
    return _zone(actor.company_id, Subquery(own[:1]))


def zone_of_company(company_id: int) -> tzinfo:
    """Return the time zone of a company, or UTC: that of the days of its reports."""
    return _zone(company_id, Value(None, CharField()))


def _zone(company_id: int, own: Combinable) -> tzinfo:
    names = Company.objects.filter(pk=company_id).annotate(own=own).values_list("own", "timezone")
    return zone_named(*names.get())


def today_of(actor: Actor) -> date:
    """Return the present day of an actor."""
    return timezone.now().astimezone(zone_of(actor)).date()


def day_of(actor: Actor, moment: datetime) -> date:
    """Return the day of an actor on which a moment is."""
    return moment.astimezone(zone_of(actor)).date()


def bounds_of_day(actor: Actor, day: date) -> tuple[datetime, datetime]:
    """Return the first moment of a day of an actor, and that of the next day."""
    return bounds_of(day, zone_of(actor))
