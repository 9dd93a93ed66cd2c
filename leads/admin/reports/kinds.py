"""The reports that there are."""

from collections.abc import Callable
from dataclasses import dataclass

from crm.models import User
from leads.admin.reports.asked import Asked
from leads.admin.reports.over_time import (
    activity_table,
    cycle_table,
    forecast_table,
    funnel_table,
    new_leads_table,
)
from leads.admin.reports.tables import Table
from leads.admin.reports.won_and_lost import outcomes_by, reason_table
from leads.models import LeadSource, LeadType
from leads.services.reports import Grouping


@dataclass(frozen=True, kw_only=True)
class Report:
    """A kind of report: its name in the address, its title, and how its table is made."""

    name: str
    title: str
    about: str
    table: Callable[[Asked], Table]
    has_pipeline: bool = True
    has_owner: bool = True


REPORTS = (
    Report(
        name="funnel",
        title="Funnel",
        about="What became of the leads that entered each stage.",
        table=funnel_table,
    ),
    Report(
        name="owners",
        title="Won and lost by owner",
        about="Leads closed on these days, by their owner of now.",
        table=outcomes_by(Grouping.OWNER, User, "Owner", "Nobody", "owned"),
        has_owner=False,
    ),
    Report(
        name="sources",
        title="Won and lost by source",
        about="Leads closed on these days, by where they came from.",
        table=outcomes_by(Grouping.SOURCE, LeadSource, "Source", "No source", "source"),
    ),
    Report(
        name="types",
        title="Won and lost by type",
        about="Leads closed on these days, by their type.",
        table=outcomes_by(Grouping.TYPE, LeadType, "Type", "No type", "type"),
    ),
    Report(
        name="reasons",
        title="Why leads were lost",
        about="Leads lost on these days, by the reason from the list.",
        table=reason_table,
    ),
    Report(
        name="new",
        title="New leads",
        about="Leads by the day on which they were created.",
        table=new_leads_table,
    ),
    Report(
        name="forecast",
        title="Forecast",
        about="What open leads are worth in the month in which they should close.",
        table=forecast_table,
    ),
    Report(
        name="cycle",
        title="Time to win",
        about="How long it took from creation to won, by the month of winning.",
        table=cycle_table,
    ),
    Report(
        name="activity",
        title="Activity by member",
        about="Calls, meetings, e-mails, notes and tasks done on these days.",
        table=activity_table,
        has_pipeline=False,
        has_owner=False,
    ),
)
