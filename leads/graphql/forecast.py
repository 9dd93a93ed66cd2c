"""The query leadsForecast."""

from datetime import date
from typing import Any

import graphene
from graphql import GraphQLResolveInfo

from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.scalars import Date, Decimal
from leads.graphql.report_arguments import report_arguments
from leads.services import forecast
from leads.services.report_days import Days, Length

LENGTHS = {Length.MONTH: "Calendar months.", Length.WEEK: "Weeks from Monday to Sunday."}


def _describe(member: Any) -> str:
    return "The length of the periods of a forecast." if member is None else LENGTHS[member.value]


LeadForecastLength = graphene.Enum(
    "LeadForecastLength", [(length.value, length.value) for length in LENGTHS], description=_describe
)


MONTH = LeadForecastLength.get("MONTH")


class LeadForecastSum(graphene.ObjectType):
    """What the leads of a period are worth in one currency; leads without an amount are left out."""

    currency = graphene.String(required=True, description="Code of ISO 4217, such as EUR.")
    open = graphene.Field(
        Decimal, required=True, description="Of open leads that are expected to close in the period."
    )
    weighted = graphene.Field(
        Decimal,
        required=True,
        description="Of the same leads, each amount times the probability of the lead or else of its stage;"
        " the sum is rounded half up to two places.",
    )
    won = graphene.Field(Decimal, required=True, description="Of leads that were won in the period.")


def _sums(description: str) -> graphene.Field:
    return graphene.List(graphene.NonNull(LeadForecastSum), required=True, description=description)


class LeadForecastPeriod(graphene.ObjectType):
    """A month or week; the first and the last are cut at the days of the forecast."""

    from_ = graphene.Field(Date, required=True, name="from", resolver=lambda row, _: row.period.first)
    to = graphene.Field(Date, required=True, resolver=lambda row, _: row.period.last)
    sums = _sums("By currency, in the order of the codes; empty where there are no leads.")


class LeadForecast(graphene.ObjectType):
    """What the open leads that one sees are expected to bring, and what was won."""

    periods = graphene.List(
        graphene.NonNull(LeadForecastPeriod), required=True, description="All of them, in order."
    )
    undated = _sums("Of open leads without a close date; nothing of them is won.")


class ForecastQuery(graphene.ObjectType):
    leads_forecast = Guarded(
        LeadForecast,
        required=True,
        description="The forecast by month or week and currency. At most 120 periods. Days are those of the"
        " company's time zone.",
        **report_arguments(by=LeadForecastLength(required=True, default_value=MONTH)),
    )

    @staticmethod
    def resolve_leads_forecast(
        _root: object,
        info: GraphQLResolveInfo,
        *,
        from_: date,
        to: date,
        by: Any,
        pipeline_id: str | None = None,
        owner_id: str | None = None,
    ) -> forecast.Forecast:
        actor = actor_of(info)
        days = Days.of_company(actor, from_, to)
        return forecast.forecast(
            actor, days, Length(getattr(by, "value", by)), pipeline_key=pipeline_id, owner_key=owner_id
        )
