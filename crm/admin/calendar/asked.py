"""The view, day and member that the address of the calendar names."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from urllib.parse import urlencode

from django.http import Http404
from django.utils.translation import gettext

from crm.actors import Actor, Role
from crm.admin.base import assignable_users
from crm.database.keys import parse_id
from crm.dates import parse_date
from crm.languages.messages import translated
from crm.models import User

#: Beyond these years, a month or a week more would leave the calendar of Python.
FIRST_YEAR, LAST_YEAR = 1000, 9000
EVERYBODY = "all"


class View(StrEnum):
    """The span of days that a page shows, and how many entries of each day."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"

    @property
    def most(self) -> int:
        """Return how many entries of a day are shown: at most 500 on a page."""
        return {View.DAY: 500, View.WEEK: 30, View.MONTH: 4}[self]

    def days(self, day: date) -> list[date]:
        """Return the days that are shown around one: weeks begin on Monday, months are whole weeks."""
        first, end = day, day + timedelta(days=1)
        if self is View.MONTH:
            first, end = day.replace(day=1), _next_month(day)
        if self is not View.DAY:
            first -= timedelta(days=first.weekday())
            end += timedelta(days=-end.weekday() % 7)
        return [first + timedelta(days=index) for index in range((end - first).days)]

    def neighbours(self, day: date) -> tuple[date, date]:
        """Return a day of the span before, and one of the span after."""
        if self is View.MONTH:
            return (day.replace(day=1) - timedelta(days=1)).replace(day=1), _next_month(day)
        step = timedelta(days=1 if self is View.DAY else 7)
        return day - step, day + step


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The contents of one page of the calendar."""

    view: View
    day: date
    #: The member whose calendar it is, or None for everything that the actor sees.
    user_id: int | None
    is_own: bool
    members: list[User]
    #: What was wrong with the address.
    refused: str = ""

    @property
    def member(self) -> str:
        """Return the member as the address names one; the actor goes without saying."""
        if self.is_own:
            return ""
        return EVERYBODY if self.user_id is None else str(self.user_id)

    def query(self, *, view: View | None = None, day: date | None = None) -> str:
        """Return the query of an address of the calendar of the same member."""
        given = {"view": view or self.view, "day": day or self.day, "member": self.member}
        return urlencode({name: str(value) for name, value in given.items() if value})


def read_asked(sent: Mapping[str, str], *, actor: Actor, today: date) -> Asked:
    """Read what an address asks for; the week of today where it is silent.

    Managers choose a member, others see their own entries or all that they may see.

    :raises Http404: for a member whom the actor cannot choose.
    """
    refused = []
    view = View.WEEK
    if sent.get("view"):
        if sent["view"] in list(View):
            view = View(sent["view"])
        else:
            refused.append(gettext("The view is day, week or month."))
    day = today
    if sent.get("day"):
        try:
            day = parse_date(sent["day"])
        except ValueError as wrong:
            refused.append(gettext("%(wrong)s This is today.") % {"wrong": translated(wrong)})
        if not FIRST_YEAR <= day.year <= LAST_YEAR:
            refused.append(
                gettext("The calendar has the years %(first_year)s to %(last_year)s. This is today.")
                % {"first_year": FIRST_YEAR, "last_year": LAST_YEAR}
            )
            day = today
    members = list(assignable_users(actor)) if actor.role.rank >= Role.MANAGER.rank else []
    user_id = actor.user_id
    if sent.get("member") == EVERYBODY:
        user_id = None
    elif sent.get("member"):
        user_id = parse_id(sent["member"])
        if user_id is None or user_id not in {actor.user_id, *(member.pk for member in members)}:
            raise Http404
    return Asked(
        view=view,
        day=day,
        user_id=user_id,
        is_own=user_id == actor.user_id,
        members=[member for member in members if member.pk != actor.user_id],
        refused=" ".join(refused),
    )
