"""The query for what the caller has to do today."""

from collections.abc import Callable, Sequence
from typing import Any

import graphene
from django.db.models import OrderBy, QuerySet
from graphql import GraphQLResolveInfo

from crm.graphql.activity_types import Activity
from crm.graphql.core.fields import RowType
from crm.graphql.core.permissions import Guarded, actor_of
from crm.graphql.core.prefetch import load
from crm.graphql.core.scalars import Date
from crm.graphql.lists.pages import DEFAULT_PAGE_SIZE, Page, check_page, paginator_type
from crm.graphql.lists.paginator import data_nodes
from leads.graphql.types import Lead
from leads.services import my_day as service
from leads.services.my_day import BY_TIME, LONGEST_IDLE_FIRST, NEWEST_FIRST


def _list(
    row_type: RowType,
    rows_of: Callable[[service.MyDay], QuerySet[Any]],
    order: Sequence[str | OrderBy],
    description: str,
) -> graphene.Field:
    """Declare a list of the day: its rows in a fixed order, by pages."""
    wrapper = paginator_type(row_type)

    def resolve(day: service.MyDay, info: GraphQLResolveInfo, *, first: int, page: int | None = None) -> Page:
        number = check_page(first, page)
        rows = rows_of(day)
        loaded = load(rows, row_type, data_nodes(info, wrapper), info).order_by(*order)
        return Page.over(loaded, rows, first=first, page=number)

    return graphene.Field(
        wrapper,
        required=True,
        resolver=resolve,
        description=description,
        first=graphene.Int(required=True, default_value=DEFAULT_PAGE_SIZE),
        page=graphene.Int(),
    )


class MyDay(graphene.ObjectType):
    """What the caller has to do. Days are those of the caller's time zone, else the company's, else UTC."""

    date = Date(required=True, description="Today.")
    timezone = graphene.String(required=True, description="The time zone whose days count.")
    overdue = _list(
        Activity,
        service.MyDay.overdue,
        BY_TIME,
        "What is assigned to the caller, was planned for a day before today and is not done, the oldest"
        " first.",
    )
    today = _list(
        Activity,
        service.MyDay.due_today,
        BY_TIME,
        "Tasks due today, and calls and meetings of today, that are not done: those that the caller is"
        " assigned to or takes part in.",
    )
    this_week = _list(
        Activity, service.MyDay.due_this_week, BY_TIME, "The same from tomorrow on until Sunday."
    )
    rotting = _list(
        Lead,
        service.MyDay.rotting,
        LONGEST_IDLE_FIRST,
        "Open leads of the caller that rot, the longest without activity first.",
    )
    new_to_me = _list(
        Lead,
        service.MyDay.new_leads,
        NEWEST_FIRST,
        "Open leads that the caller got in the last 7 days and has no activity about yet, the newest first.",
    )

    @staticmethod
    def resolve_date(day: service.MyDay, _info: GraphQLResolveInfo) -> object:
        return day.today

    @staticmethod
    def resolve_timezone(day: service.MyDay, _info: GraphQLResolveInfo) -> str:
        return str(day.zone)


class MyDayQuery(graphene.ObjectType):
    my_day = Guarded(MyDay, required=True, description="What the caller has to do.")

    @staticmethod
    def resolve_my_day(_root: object, info: GraphQLResolveInfo) -> service.MyDay:
        return service.my_day(actor_of(info))
