"""The numbers of members: the worth of their open leads, and what they won this month and the last."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When

from crm.actors import Actor
from crm.database.amounts import AmountSum
from crm.dates import start_of
from crm.models import Activity
from leads.models import Lead, StatusCategory
from leads.models.rotting import is_rotting_in
from pipelines.models import Stage

#: A currency and the sum of the amounts in it.
Sums = Sequence[tuple[str, Decimal]]
THIS_MONTH, LAST_MONTH = 0, 1


@dataclass
class Total:
    """A number of leads, and what those with an amount are worth in each currency."""

    number: int = 0
    sums: dict[str, Decimal] = field(default_factory=dict)

    def add(self, number: int, currency: str | None, amount: Decimal | None) -> None:
        self.number += number
        if currency is not None and amount is not None:
            self.sums[currency] = self.sums.get(currency, Decimal(0)) + amount


@dataclass
class Standing:
    """The open and won leads of one member."""

    open: Total = field(default_factory=Total)
    won: Total = field(default_factory=Total)
    won_before: Total = field(default_factory=Total)
    rotting: int = 0
    overdue: int = 0


def _months(day: date, zone: tzinfo) -> tuple[datetime, datetime]:
    """Return the first moments of the month of a day, and of the month before."""
    first = day.replace(day=1)
    return start_of(first, zone), start_of((first - timedelta(days=1)).replace(day=1), zone)


def standing_of(actor: Actor, *, today: date, zone: tzinfo) -> Standing:
    """Return how the acting member stands, by two statements; what is late is left to the lists."""
    found = _by_owner(actor, today, zone, Q(owner=actor.user_id), Value(0))
    return found.get(actor.user_id, Standing())


def standings(actor: Actor, *, today: date, zone: tzinfo) -> Mapping[int | None, Standing]:
    """Return how each owner of visible leads stands, by four statements; None stands for leads of nobody."""
    # Also deleted ones, which leads may still be in.
    stages = Stage.objects.with_deleted_for(actor).filter(rotting_days__gt=0).order_by("pk")
    found = _by_owner(actor, today, zone, Q(), Count("pk", filter=is_rotting_in(stages)))
    late = Activity.objects.visible_to(actor).overdue(start_of(today, zone))
    for assignee, number in late.order_by().values_list("assignee").annotate(number=Count("pk")):
        found[assignee].overdue = number
    return found


def _by_owner(
    actor: Actor, today: date, zone: tzinfo, only: Q, rotting: Any
) -> defaultdict[int | None, Standing]:
    found: defaultdict[int | None, Standing] = defaultdict(Standing)
    leads = Lead.objects.in_report_for(actor).order_by().filter(only)
    # Without ``closed_at`` is what open means, and what the index of open leads holds.
    opened = leads.filter(closed_at=None).values_list("owner", "currency")
    for owner, currency, number, amount, idle in opened.annotate(
        number=Count("pk"), total=AmountSum("amount"), idle=rotting
    ):
        found[owner].open.add(number, currency, amount)
        found[owner].rotting += idle
    month, month_before = _months(today, zone)
    when = Case(
        When(closed_at__gte=month, then=Value(THIS_MONTH)),
        default=Value(LAST_MONTH),
        output_field=IntegerField(),
    )
    won = leads.filter(closed_at__gte=month_before, status__category=StatusCategory.WON)
    grouped = won.annotate(month=when).values_list("owner", "currency", "month")
    for owner, currency, which, number, amount in grouped.annotate(
        number=Count("pk"), total=AmountSum("amount")
    ):
        total = found[owner].won if which == THIS_MONTH else found[owner].won_before
        total.add(number, currency, amount)
    return found
