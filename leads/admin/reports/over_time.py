"""The funnel, new leads, the time to win, the forecast, and what members did."""

from collections.abc import Sequence
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext

from crm.admin.dates import shown_day
from crm.admin.money import shown_amount
from crm.models import ActivityKind, User
from leads.admin.reports.asked import Asked, names_of
from leads.admin.reports.tables import Cell, Table, days, total_of
from leads.services import forecast, funnel, member_activity, reports
from leads.services.report_days import DAY, Length
from pipelines.models import Pipeline, Stage


def funnel_table(asked: Asked) -> Table:
    pipeline = (
        asked.pipeline or Pipeline.objects.visible_to(asked.actor).order_by("-is_default", "pk").first()
    )
    columns = (
        gettext("Stage"),
        gettext("Entered"),
        gettext("Went on"),
        gettext("Won"),
        gettext("Lost"),
        gettext("Median days in it"),
    )
    if pipeline is None:
        return Table(columns=columns, rows=[], charted=1)
    found = funnel.funnel(
        asked.actor, asked.days, pipeline_key=pipeline.pk, owner_key=asked.owner and asked.owner.pk
    )
    stages = names_of(Stage, (each.stage_id for each in found), asked)

    def link(key: int, state: str) -> str:
        return asked.leads(stage__id__exact=key, pipeline__id__exact=None, open=state, staged=asked.within())

    def entered(key: int) -> str:
        return asked.leads(visited=f"{key}:{asked.within()}", pipeline__id__exact=None)

    rows = [
        [
            Cell(str(stages[each.stage_id])),
            Cell(
                each.entered,
                asked.leads(visited=f"{each.stage_id}:{asked.within()}", pipeline__id__exact=None),
            ),
            Cell(each.left_forward),
            Cell(each.won, link(each.stage_id, "won")),
            Cell(each.lost, link(each.stage_id, "lost")),
            days(each.median_days),
        ]
        for each in found
        if each.stage_id in stages
    ]
    note = gettext("%(pipeline)s. A lead that came back entered twice, and is listed once.") % {
        "pipeline": pipeline
    }
    return Table(columns=columns, rows=rows, charted=1, note=note)


def new_leads_table(asked: Asked) -> Table:
    found = reports.new_leads(asked.actor, asked.days, **asked.narrowed)
    rows = [
        [
            Cell(each.day.first.isoformat(), text=shown_day(each.day.first)),
            Cell(each.lead_count, asked.leads(created=asked.within(each.day.first, each.day.last))),
        ]
        for each in found
    ]
    columns = (gettext("Day"), gettext("New leads"))
    return Table(columns=columns, rows=rows, charted=1, total=total_of(rows, 1))


def cycle_table(asked: Asked) -> Table:
    found = reports.cycle_times(asked.actor, asked.days, **asked.narrowed)
    rows = [
        [
            _month(each.period.first),
            Cell(each.won, asked.leads(open="won", closed=asked.within(each.period.first, each.period.last))),
            days(each.median_days),
        ]
        for each in found
    ]
    return Table(
        columns=(gettext("Month"), gettext("Won"), gettext("Median days to win")), rows=rows, charted=2
    )


def forecast_table(asked: Asked) -> Table:
    found = forecast.forecast(asked.actor, asked.days, Length.MONTH, **asked.narrowed)

    def rows(
        month: Cell, expected: str, won: str, sums: Sequence[forecast.ForecastSum]
    ) -> list[Sequence[Cell]]:
        opened = asked.leads(open="yes", expected=expected)
        closed = asked.leads(open="won", closed=won) if won else ""
        return [
            [
                month,
                Cell(each.currency),
                Cell(each.open, opened, shown_amount(each.open, None)),
                Cell(each.weighted, text=shown_amount(each.weighted, None)),
                Cell(each.won, closed, shown_amount(each.won, None)),
            ]
            for each in sums
        ]

    table: list[Sequence[Cell]] = []
    for each in found.periods:
        within = asked.within(each.period.first, each.period.last)
        table += rows(_month(each.period.first), within, within, each.sums)
    table += rows(Cell(gettext("Without a date")), "none", "", found.undated)
    columns = (gettext("Month"), gettext("Currency"), gettext("Open"), gettext("Weighted"), gettext("Won"))
    note = gettext(
        "Weighted: each open amount by the chance that its lead is won. Currencies are never added up."
    )
    return Table(columns=columns, rows=table, charted=3, naming=2, note=note)


def _month(day: date) -> Cell:
    return Cell(f"{day:%Y-%m}", text=date_format(day, "YEAR_MONTH_FORMAT"))


def activity_table(asked: Asked) -> Table:
    found = member_activity.activity_by_member(asked.actor, asked.days)
    names = names_of(User, found, asked)
    kinds = [
        ActivityKind.CALL,
        ActivityKind.MEETING,
        ActivityKind.EMAIL,
        ActivityKind.NOTE,
        ActivityKind.TASK,
    ]
    rows = [
        [
            Cell(str(names[member]) if member in names else gettext("Others")),
            *(Cell(counts.get(kind, 0)) for kind in kinds),
            Cell(sum(counts.values())),
        ]
        for member, counts in sorted(found.items(), key=lambda each: -sum(each[1].values()))
    ]
    columns = (
        gettext("Member"),
        gettext("Calls"),
        gettext("Meetings"),
        gettext("E-mails"),
        gettext("Notes"),
        gettext("Tasks done"),
        gettext("All"),
    )
    total = total_of(rows, *range(1, len(columns)))
    return Table(columns=columns, rows=rows, charted=6, total=total)


def months_ahead(today: date) -> tuple[date, date]:
    """Return the days of a forecast that nobody has chosen: this month and the five after it."""
    first = today.replace(day=1)
    last = first
    for _ in range(6):
        last = Length.MONTH.next(last)
    return first, last - DAY
