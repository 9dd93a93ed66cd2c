"""The query leadReport, whose fields are the reports on leads."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import graphene
from django.db.models import Model
from graphql import GraphQLResolveInfo

from crm.graphql.core.fields import RowType
from crm.graphql.core.list_fields import FIRST, Listed, ListSize
from crm.graphql.core.money import Money
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load, selected_fields
from crm.graphql.core.scalars import Date, Decimal
from crm.graphql.types import User
from crm.models.base import visible_rows
from leads.graphql.report_arguments import report_arguments
from leads.graphql.types import LeadLostReason, LeadSource, LeadType
from leads.services import funnel, reports
from leads.services.report_days import Days
from pipelines.graphql.types import LeadPipelineStage

CURRENCIES = "By currency, in the order of the codes."
DAYS = "in days, rounded to two places; null without any."


class LeadFunnelStage(graphene.ObjectType):
    """What became of the entries into one stage on the days of the report.

    A lead that comes back enters again.
    """

    stage = graphene.Field(LeadPipelineStage, required=True)
    entered = graphene.Int(required=True, description="Entries into the stage.")
    left_forward = graphene.Int(
        required=True, description="Of these, those that went on to a later stage of the pipeline."
    )
    won = graphene.Int(required=True, description="Of these, those that are in the stage still, and won.")
    lost = graphene.Int(required=True, description="Of these, those that are in the stage still, and lost.")
    median_days = graphene.Float(description=f"Median time in the stage of those that have left it, {DAYS}")


class LeadOutcomeAmount(graphene.ObjectType):
    """What won and lost leads were worth in one currency."""

    currency = graphene.String(required=True, description="Code of ISO 4217, such as EUR.")
    won = graphene.Field(Decimal, required=True)
    lost = graphene.Field(Decimal, required=True)


class _Outcome(graphene.ObjectType):
    """Base of the numbers of won and lost leads."""

    class Meta:
        abstract = True

    won = graphene.Int(required=True, description="The number of leads that were won.")
    lost = graphene.Int(required=True, description="The number of leads that were lost.")
    amounts = graphene.List(graphene.NonNull(LeadOutcomeAmount), required=True, description=CURRENCIES)


class LeadOwnerOutcome(_Outcome):
    """Won and lost leads of one owner; of those without an owner the owner is null."""

    owner = graphene.Field(User)


class LeadSourceOutcome(_Outcome):
    """Won and lost leads of one source; of those without a source the source is null."""

    source = graphene.Field(LeadSource)


class LeadTypeOutcome(_Outcome):
    """Won and lost leads of one type; of those without a type the type is null."""

    type = graphene.Field(LeadType)


class LeadReasonOutcome(graphene.ObjectType):
    """Lost leads of one reason; of those without a reason from the list it is null."""

    reason = graphene.Field(LeadLostReason)
    lost = graphene.Int(required=True, description="The number of leads that were lost.")
    amounts = graphene.List(
        graphene.NonNull(Money),
        required=True,
        description=CURRENCIES,
        resolver=lambda row, _: [Money(currency=each.currency, amount=each.lost) for each in row["amounts"]],
    )


class LeadDayCount(graphene.ObjectType):
    """The number of leads that were created on a day."""

    day = graphene.Field(Date, required=True, resolver=lambda row, _: row.day.first)
    lead_count = graphene.Int(required=True)


class LeadCycleTime(graphene.ObjectType):
    """How long it took to win the leads that were won in a month.

    The first and the last month are cut at the days of the report.
    """

    from_ = graphene.Field(Date, required=True, name="from", resolver=lambda row, _: row.period.first)
    to = graphene.Field(Date, required=True, resolver=lambda row, _: row.period.last)
    won = graphene.Int(required=True, description="The number of leads that were won.")
    median_days = graphene.Float(description=f"Median time from creation to won, {DAYS}")


def _rows(
    info: GraphQLResolveInfo, type_name: str, field: str, row_type: RowType, keys: Iterable[int | None]
) -> Mapping[int | None, Model]:
    """Return the visible rows that a field of a report names, by key, if the field is selected."""
    nodes = selected_fields(info, type_name, info.field_nodes).get(field)
    if not nodes:
        return {}
    visible = visible_rows(row_type._meta.model, actor_of(info))
    return load(visible, row_type, nodes, info).in_bulk([key for key in keys if key is not None])


class ReportField(graphene.Field):
    """A list that is one report.

    ``read`` returns it for the report's days and the keys of pipeline and owner.
    """

    def __init__(self, type_: RowType, read: Callable[..., object], **arguments: Any) -> None:
        def resolve(
            _root: object,
            info: GraphQLResolveInfo,
            *,
            from_: date,
            to: date,
            pipeline_id: str | None = None,
            owner_id: str | None = None,
            **further: object,
        ) -> object:
            days = Days.of_company(actor_of(info), from_, to)
            return read(info, days, pipeline_key=pipeline_id, owner_key=owner_id, **further)

        super().__init__(
            graphene.List(graphene.NonNull(type_)),
            required=True,
            resolver=resolve,
            **report_arguments(**arguments),
        )


class OutcomeField(ReportField):
    """A report on won and lost leads by one of their relations, which is ``field`` of the type."""

    def __init__(self, type_: RowType, by: reports.Grouping, field: str, row_type: RowType) -> None:
        #: The cost of a document reads it.
        self.size = size = ListSize()

        def read(info: GraphQLResolveInfo, days: Days, *, first: int | None = None, **keys: object) -> object:
            found = reports.outcomes(actor_of(info), days, by, **keys)
            listed = found[: size.of({FIRST: first})]
            rows = _rows(info, type_._meta.name, field, row_type, [each.key for each in listed])
            answered: Any = [{**vars(each), field: rows.get(each.key)} for each in listed]
            return size.cut(Listed(answered, len(found) > len(listed)), info, first)

        super().__init__(
            type_,
            read,
            first=size.argument,
            description="Those with most leads come first. A lead counts on the day on which it was closed.",
        )


def _funnel(info: GraphQLResolveInfo, days: Days, **keys: object) -> object:
    found = funnel.funnel(actor_of(info), days, **keys)
    rows = _rows(info, "LeadFunnelStage", "stage", LeadPipelineStage, [each.stage_id for each in found])
    return [{**vars(each), "stage": rows.get(each.stage_id)} for each in found]


class LeadReport(graphene.ObjectType):
    """Reports on the leads that one sees; the days of each are those of the company's time zone."""

    funnel = ReportField(
        LeadFunnelStage,
        _funnel,
        description="The stages of a pipeline in order, with what became of the leads that entered them.",
        pipeline_id=graphene.ID(required=True),
    )
    by_owner = OutcomeField(LeadOwnerOutcome, reports.Grouping.OWNER, "owner", User)
    by_source = OutcomeField(LeadSourceOutcome, reports.Grouping.SOURCE, "source", LeadSource)
    by_type = OutcomeField(LeadTypeOutcome, reports.Grouping.TYPE, "type", LeadType)
    by_reason = OutcomeField(LeadReasonOutcome, reports.Grouping.REASON, "reason", LeadLostReason)
    new_leads = ReportField(
        LeadDayCount,
        lambda info, days, **keys: reports.new_leads(actor_of(info), days, **keys),
        description="How many leads were created on each day; at most 367 days.",
    )
    cycle_time = ReportField(
        LeadCycleTime,
        lambda info, days, **keys: reports.cycle_times(actor_of(info), days, **keys),
        description="How long it took to win leads, by the month in which they were won; at most 120 months.",
    )


class ReportQuery(graphene.ObjectType):
    lead_report = Guarded(LeadReport, required=True)

    @staticmethod
    def resolve_lead_report(_root: object, _info: GraphQLResolveInfo) -> LeadReport:
        return LeadReport()
