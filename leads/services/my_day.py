"""What a member has to do: tasks, calls, meetings and leads, by the member's own days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Exists, OrderBy, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import cached_property

from crm.actors import Actor
from crm.dates import start_of
from crm.models import Activity, ActivityKind, ActivityParticipant, HistoryEntry
from crm.models.activities import PLANNED_AT
from crm.services.days import zone_of
from leads.models import Lead
from leads.models.rotting import is_rotting

#: How long a lead without an activity of its owner is new.
NEW_FOR = timedelta(days=7)
#: How far "later" reaches.
LATER_DAYS = 30
#: The order of the lists of activities, and of each list of leads.
BY_TIME: Sequence[str | OrderBy] = (PLANNED_AT.asc(nulls_last=True), "pk")
LONGEST_IDLE_FIRST = ("last_activity_at", "pk")
NEWEST_FIRST = ("-created_at", "pk")


@dataclass(frozen=True, kw_only=True)
class MyDay:
    """The lists of one member on one day; days and weeks, from Monday on, are those of ``zone``."""

    actor: Actor
    zone: tzinfo
    now: datetime

    @cached_property
    def today(self) -> date:
        return self.now.astimezone(self.zone).date()

    def overdue(self) -> QuerySet[Activity]:
        """Return what is assigned to the member, was planned for before today and is not done."""
        # Not what the member only takes part in, for which somebody else answers: so the index is used.
        rows = Activity.objects.visible_to(self.actor).filter(assignee=self.actor.user_id)
        return rows.overdue(start_of(self.today, self.zone))

    def undated(self) -> QuerySet[Activity]:
        """Return the member's open tasks without a day."""
        rows = Activity.objects.visible_to(self.actor).filter(assignee=self.actor.user_id)
        return rows.to_do().filter(kind=ActivityKind.TASK, due_at=None)

    def due_today(self) -> QuerySet[Activity]:
        """Return the open tasks due today, and the calls and meetings of today that are not done."""
        return self._between(self.today, self.today + timedelta(days=1))

    def due_this_week(self) -> QuerySet[Activity]:
        """Return what is planned from tomorrow on until the end of Sunday."""
        return self._between(self.today + timedelta(days=1), self._monday)

    def later(self) -> QuerySet[Activity]:
        """Return what is planned after this week, within the next 30 days."""
        return self._between(self._monday, self.today + timedelta(days=LATER_DAYS + 1))

    @property
    def _monday(self) -> date:
        return self.today + timedelta(days=7 - self.today.weekday())

    def rotting(self) -> QuerySet[Lead]:
        """Return the member's open leads that rot."""
        return Lead.objects.visible_to(self.actor).filter(is_rotting(), owner=self.actor.user_id)

    def new_leads(self) -> QuerySet[Lead]:
        """Return the open leads that the member got in the last days and has done nothing about yet."""
        since = self.now - NEW_FOR
        user_id = self.actor.user_id
        of_lead = {"content_type": ContentType.objects.get_for_model(Lead), "object_id": OuterRef("pk")}
        handed_over = HistoryEntry.objects.filter(
            **of_lead, created_at__gte=since, changes__owner__1__id=str(user_id)
        )
        done = Activity.objects.filter(Q(user=user_id) | Q(done_by=user_id), **of_lead, deleted_at=None)
        owned = Lead.objects.visible_to(self.actor).open().filter(owner=user_id)
        # A change of the owner is an update, so that few histories are searched.
        return owned.filter(
            Q(created_at__gte=since) | Q(Exists(handed_over), updated_at__gte=since), ~Exists(done)
        )

    def _between(self, first: date, end: date) -> QuerySet[Activity]:
        """Return what the member is to do, or takes part in, from one day on until before another."""
        user_id = self.actor.user_id
        takes_part = ActivityParticipant.objects.filter(activity=OuterRef("pk"), user=user_id)
        rows: Any = Activity.objects.visible_to(self.actor).to_do()
        mine = rows.filter(Q(assignee=user_id) | Q(Exists(takes_part)))
        planned: QuerySet[Activity] = mine.filter(
            planned_at__gte=start_of(first, self.zone), planned_at__lt=start_of(end, self.zone)
        )
        return planned


def my_day(actor: Actor) -> MyDay:
    """Return the day of the acting member, in the member's time zone, else the company's, else in UTC."""
    return MyDay(actor=actor, zone=zone_of(actor), now=timezone.now())
