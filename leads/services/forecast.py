"""The forecast: what leads are expected to be worth, and what was won, by month or week and currency."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import DateField, Q
from django.db.models.functions import Coalesce, Trunc

from crm.actors import Actor
from crm.database.amounts import AmountSum, weighted
from leads.models import StatusCategory
from leads.services.report_days import Days, Length, Period, leads_of

NOTHING = Decimal("0.00")


@dataclass(kw_only=True)
class ForecastSum:
    """Amounts of one currency; ``weighted`` is of the open leads, by the probability that each is won."""

    currency: str
    open: Decimal = NOTHING
    weighted: Decimal = NOTHING
    won: Decimal = NOTHING


Sums = dict[str, ForecastSum]


@dataclass(frozen=True, kw_only=True)
class ForecastPeriod:
    period: Period
    sums: Sequence[ForecastSum]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """The amounts of each period, and those of open leads without a close date."""

    periods: Sequence[ForecastPeriod]
    undated: Sequence[ForecastSum]


@dataclass
class _Collected:
    by_start: dict[date | None, Sums] = field(default_factory=lambda: defaultdict(dict))

    def add(self, start: date | None, currency: str, **amounts: Decimal) -> None:
        sums = self.by_start[start].setdefault(currency, ForecastSum(currency=currency))
        for name, amount in amounts.items():
            setattr(sums, name, amount)

    def of(self, start: date | None) -> Sequence[ForecastSum]:
        return [found for _, found in sorted(self.by_start.get(start, {}).items())]


def forecast(
    actor: Actor, days: Days, by: Length, *, pipeline_key: object = None, owner_key: object = None
) -> Forecast:
    """Return the forecast of the visible leads that have an amount, by two statements.

    Open leads are in the period in which they are expected to close, won ones in the period in which they
    were closed. The sums of undated leads have nothing that is won.
    """
    periods = days.periods(by)
    leads = leads_of(actor, pipeline_key, owner_key).exclude(amount=None).exclude(currency=None)
    collected = _Collected()
    expected = Q(expected_close_on__range=(days.first, days.last)) | Q(expected_close_on=None)
    opened = leads.open().filter(expected)
    start_of_expected = Trunc("expected_close_on", by.lower(), output_field=DateField())
    for start, currency, total, product in opened.values_list(start_of_expected, "currency").annotate(
        total=AmountSum("amount"),
        # By the lead's own probability, else its stage's. Only the sum is rounded.
        product=AmountSum("amount", Coalesce("probability", "stage__probability")),
    ):
        collected.add(start, currency, open=total, weighted=weighted(product))
    won = leads.filter(days.has("closed_at"), status__category=StatusCategory.WON)
    for start, currency, total in won.values_list(days.start_of("closed_at", by), "currency").annotate(
        total=AmountSum("amount")
    ):
        collected.add(start, currency, won=total)
    return Forecast(
        periods=[
            ForecastPeriod(period=period, sums=collected.of(by.start(period.first))) for period in periods
        ],
        undated=collected.of(None),
    )
