"""The planned activities of some days, done or not: the calendar of one member, or of all."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta, tzinfo
from typing import Any

from django.db.models import Case, Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Value, When, Window
from django.db.models.functions import RowNumber

from crm.actors import Actor
from crm.dates import start_of
from crm.models import Activity, ActivityParticipant
from crm.models.activities import PLANNED_AT
from crm.models.activity_kinds import APPOINTMENTS, PLANNABLE
from crm.models.records import Record, link_columns
from crm.records.further_activities import FurtherActivities


@dataclass(kw_only=True)
class PlannedDay:
    """A day: its first activities, and the number of all."""

    day: date
    number: int = 0
    activities: list[Activity] = field(default_factory=list)

    @property
    def left_out(self) -> int:
        return self.number - len(self.activities)


def of_member(user_id: int | None) -> Q:
    """Return the condition that an activity is in the calendar of a member."""
    taking_part = ActivityParticipant.objects.filter(activity=OuterRef("pk"), user=user_id)
    own = Q(assignee=user_id) | Q(Exists(taking_part))
    # Who planned a call or meeting and named nobody else holds it.
    return own | Q(kind__in=APPOINTMENTS, user=user_id, assignee=None)


def planned_days(
    actor: Actor, days: Sequence[date], *, zone: tzinfo, most: int, user_id: int | None = None
) -> list[PlannedDay]:
    """Return consecutive days, each with at most so many activities in the order of their times.

    Where more are planned, those that are not done come first. As many statements for one row as for many.

    :param zone: whose midnight parts the days.
    :param user_id: the member whose calendar it is, else that of all.
    """
    starts = [start_of(day, zone) for day in (*days, days[-1] + timedelta(days=1))]
    rows: Any = Activity.objects.visible_to(actor).filter(kind__in=PLANNABLE)
    rows = rows.alias(planned_at=PLANNED_AT).filter(planned_at__gte=starts[0], planned_at__lt=starts[-1])
    if user_id is not None:
        rows = rows.filter(of_member(user_id))
    # By moments, so that the days are those of Python's time zones on each database.
    place = Case(
        *(When(planned_at__lt=end, then=Value(index)) for index, end in enumerate(starts[1:])),
        output_field=IntegerField(),
    )
    rows = rows.annotate(place=place)
    found = [PlannedDay(day=day) for day in days]
    chosen: dict[int, int] = {}
    free = 0
    # Two conditions, since each has an index of its own; what is not done comes first.
    for part in (rows.filter(done_at=None), rows.exclude(done_at=None)):
        for key, index, rank, number in _first_of_each_day(part, most):
            if rank == 1:
                free = most - found[index].number
                found[index].number += number
            if rank <= free:
                chosen[key] = index
    for activity in _in_order(actor, chosen):
        found[chosen[activity.pk]].activities.append(activity)
    return found


def _first_of_each_day(rows: Any, most: int) -> Any:
    """Return key, index of the day, rank in the day, and the number of rows of that day."""
    # Keys alone: texts may be long, and the database sorts what it numbers.
    numbered = rows.annotate(
        rank=Window(RowNumber(), partition_by=F("place"), order_by=[PLANNED_AT.asc(), F("pk").asc()]),
        number=Window(Count("pk"), partition_by=F("place")),
    )
    return (
        numbered.filter(rank__lte=most).order_by("place", "rank").values_list("pk", "place", "rank", "number")
    )


def _in_order(actor: Actor, keys: dict[int, int]) -> QuerySet[Activity]:
    rows = Activity.objects.visible_to(actor).filter(pk__in=keys)
    # The records are read by one statement for each kind.
    ordered: QuerySet[Activity] = (
        rows.select_related("assignee").prefetch_related("entity").order_by(PLANNED_AT, "pk")
    )
    return ordered


def next_planned(record: Record, further: FurtherActivities | None = None) -> Activity | None:
    """Return what is to be done next about a record, such as an overdue task.

    Not narrowed to what an actor sees: look the record up with ``visible_to``.

    :param further: activities of other records that belong to it.
    """
    own = Activity.objects.filter(**link_columns(record), deleted_at=None)
    # Two statements: each has an index of its own.
    parts: list[Any] = [own] if further is None else [own, further.rows]
    found = [first for rows in parts if (first := _first(rows.to_do())) is not None]
    return min(found, key=lambda each: (each.planned_for is None, each.planned_for, each.pk), default=None)


def _first(planned: Any) -> Activity | None:
    first: Activity | None = planned.order_by(F("planned_at").asc(nulls_last=True), "pk").first()
    return first
