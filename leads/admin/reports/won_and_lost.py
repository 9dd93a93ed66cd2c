"""Won and lost leads by owner, source, type and reason."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from leads.admin.reports.asked import Asked, names_of
from leads.admin.reports.tables import Cell, Table, amounts
from leads.models import LeadLostReason
from leads.services import reports
from leads.services.reports import Grouping, Outcome


def outcomes_by(
    by: Grouping, model: Any, title: StrOrPromise, none: StrOrPromise, parameter: str
) -> Callable[[Asked], Table]:
    """Return a report of won and lost leads by one of their relations.

    :param title: of the column.
    :param none: what the line without a relation is called.
    :param parameter: the filter of the list of leads by that relation.
    """

    def address(asked: Asked, key: int | None, state: str) -> str:
        if parameter == "owned":
            return asked.leads(owned=key or "nobody", open=state, closed=asked.within())
        chosen: dict[str, object] = (
            {f"{parameter}__isnull": "True"} if key is None else {f"{parameter}__id__exact": key}
        )
        return asked.leads(**chosen, open=state, closed=asked.within())

    def row(asked: Asked, each: Outcome, names: dict[int, Model]) -> Sequence[Cell]:
        closed = each.won + each.lost
        name = (
            str(none)
            if each.key is None
            else str(names[each.key])
            if each.key in names
            else gettext("Deleted")
        )
        return [
            Cell(name),
            Cell(each.won, address(asked, each.key, "won")),
            Cell(each.lost, address(asked, each.key, "lost")),
            Cell(round(100 * each.won / closed), text=f"{round(100 * each.won / closed)} %"),
            amounts((sums.currency, sums.won) for sums in each.amounts),
            amounts((sums.currency, sums.lost) for sums in each.amounts),
        ]

    def table(asked: Asked) -> Table:
        found = reports.outcomes(asked.actor, asked.days, by, **asked.narrowed)
        names = names_of(model, (each.key for each in found), asked)
        columns = (
            str(title),
            gettext("Won"),
            gettext("Lost"),
            gettext("Won of both"),
            gettext("Won amount"),
            gettext("Lost amount"),
        )
        return Table(columns=columns, rows=[row(asked, each, names) for each in found], charted=1)

    return table


def reason_table(asked: Asked) -> Table:
    found = reports.outcomes(asked.actor, asked.days, Grouping.REASON, **asked.narrowed)
    names = names_of(LeadLostReason, (each.key for each in found), asked)

    def link(key: int | None) -> str:
        chosen: dict[str, object] = (
            {"lost_reason__isnull": "True"} if key is None else {"lost_reason__id__exact": key}
        )
        return asked.leads(**chosen, open="lost", closed=asked.within())

    rows = [
        [
            Cell(
                gettext("No reason from the list")
                if each.key is None
                else str(names.get(each.key, gettext("Deleted")))
            ),
            Cell(each.lost, link(each.key)),
            amounts((sums.currency, sums.lost) for sums in each.amounts),
        ]
        for each in found
    ]
    return Table(columns=(gettext("Reason"), gettext("Lost"), gettext("Amount")), rows=rows, charted=1)
