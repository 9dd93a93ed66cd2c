"""Reports on leads: won and lost, new leads a day, and the time from creation to won."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from django.db.models import Count, F, Q

from crm.actors import Actor
from crm.database.amounts import AmountSum
from crm.database.medians import MedianDays
from leads.models import StatusCategory
from leads.services.report_days import Days, Length, Period, leads_of

WON, LOST = Q(status__category=StatusCategory.WON), Q(status__category=StatusCategory.LOST)


class Grouping(StrEnum):
    """The relations of a lead that won and lost leads are grouped by."""

    OWNER = "owner"
    SOURCE = "source"
    TYPE = "type"
    REASON = "lost_reason"


@dataclass(frozen=True, kw_only=True)
class OutcomeAmount:
    """What won and lost leads were worth in one currency."""

    currency: str
    won: Decimal
    lost: Decimal


@dataclass(kw_only=True)
class Outcome:
    """The won and lost leads that have one owner, source, type or reason, or none (``key`` is None)."""

    key: int | None
    won: int = 0
    lost: int = 0
    amounts: list[OutcomeAmount] = field(default_factory=list)


def outcomes(
    actor: Actor, days: Days, by: Grouping, *, pipeline_key: object = None, owner_key: object = None
) -> Sequence[Outcome]:
    """Return the leads that were won and lost on some days, those with most leads first."""
    closed = leads_of(actor, pipeline_key, owner_key).filter(days.has("closed_at"))
    # Only a lost lead has a reason.
    closed = closed.filter(LOST if by is Grouping.REASON else WON | LOST)
    rows = closed.values_list(f"{by}_id", "currency").annotate(
        # By a column of the index that is never null.
        won_count=Count("status", filter=WON),
        lost_count=Count("status", filter=LOST),
        won_sum=AmountSum("amount", filter=WON),
        lost_sum=AmountSum("amount", filter=LOST),
    )
    found: dict[int | None, Outcome] = {}
    for key, currency, won, lost, won_sum, lost_sum in rows.order_by("currency"):
        outcome = found.setdefault(key, Outcome(key=key))
        outcome.won += won
        outcome.lost += lost
        # Leads without an amount are in the numbers alone.
        if currency is not None and (won_sum, lost_sum) != (None, None):
            nothing = Decimal("0.00")
            outcome.amounts.append(
                OutcomeAmount(currency=currency, won=won_sum or nothing, lost=lost_sum or nothing)
            )
    return sorted(found.values(), key=lambda each: (-each.won - each.lost, each.key or 0))


@dataclass(frozen=True, kw_only=True)
class DayCount:
    day: Period
    lead_count: int


def new_leads(
    actor: Actor, days: Days, *, pipeline_key: object = None, owner_key: object = None
) -> Sequence[DayCount]:
    """Count the leads that were created on each day, also where there are none."""
    periods = days.periods(Length.DAY)
    created = leads_of(actor, pipeline_key, owner_key).filter(days.has("created_at"))
    counts = dict(created.values_list(days.start_of("created_at", Length.DAY)).annotate(number=Count("*")))
    return [DayCount(day=period, lead_count=counts.get(period.first, 0)) for period in periods]


@dataclass(frozen=True, kw_only=True)
class CycleTime:
    """The leads that were won in a month; ``median_days`` is None without any."""

    period: Period
    won: int
    median_days: float | None


def cycle_times(
    actor: Actor, days: Days, *, pipeline_key: object = None, owner_key: object = None
) -> Sequence[CycleTime]:
    """Return the median time from creation to won of the leads that were won in each month."""
    periods = days.periods(Length.MONTH)
    won = leads_of(actor, pipeline_key, owner_key).filter(WON, days.has("closed_at"))
    rows = won.values_list(days.start_of("closed_at", Length.MONTH)).annotate(
        number=Count("*"), median=MedianDays(F("closed_at") - F("created_at"))
    )
    found = {start: (count, median) for start, count, median in rows}
    return [
        CycleTime(period=period, won=count, median_days=median)
        for period in periods
        for count, median in [found.get(Length.MONTH.start(period.first), (0, None))]
    ]
