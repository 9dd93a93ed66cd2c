"""The reports that there are."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

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
    title: StrOrPromise
    about: StrOrPromise
    table: Callable[[Asked], Table]
    has_pipeline: bool = True
    has_owner: bool = True


REPORTS = (
    Report(
        name="funnel",
        title=_("Funnel"),
        about=_("What became of the leads that entered each stage."),
        table=funnel_table,
    ),
    Report(
        name="owners",
        title=_("Won and lost by owner"),
        about=_("Leads closed on these days, by their owner of now."),
        table=outcomes_by(Grouping.OWNER, User, _("Owner"), _("Nobody"), "owned"),
        has_owner=False,
    ),
    Report(
        name="sources",
        title=_("Won and lost by source"),
        about=_("Leads closed on these days, by where they came from."),
        table=outcomes_by(Grouping.SOURCE, LeadSource, _("Source"), _("No source"), "source"),
    ),
    Report(
        name="types",
        title=_("Won and lost by type"),
        about=_("Leads closed on these days, by their type."),
        table=outcomes_by(Grouping.TYPE, LeadType, _("Type"), _("No type"), "type"),
    ),
    Report(
        name="reasons",
        title=_("Why leads were lost"),
        about=_("Leads lost on these days, by the reason from the list."),
        table=reason_table,
    ),
    Report(
        name="new",
        title=_("New leads"),
        about=_("Leads by the day on which they were created."),
        table=new_leads_table,
    ),
    Report(
        name="forecast",
        title=_("Forecast"),
        about=_("What open leads are worth in the month in which they should close."),
        table=forecast_table,
    ),
    Report(
        name="cycle",
        title=_("Time to win"),
        about=_("How long it took from creation to won, by the month of winning."),
        table=cycle_table,
    ),
    Report(
        name="activity",
        title=_("Activity by member"),
        about=_("Calls, meetings, e-mails, notes and tasks done on these days."),
        table=activity_table,
        has_pipeline=False,
        has_owner=False,
    ),
)
