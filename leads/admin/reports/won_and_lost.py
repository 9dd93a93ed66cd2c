"""Won and lost leads by owner, source, type and reason."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext
from django_stubs_ext import StrOrPromise

from leads.admin.reports.asked import Asked, names_of
from leads.admin.reports.tables import Cell, Table, amounts, total_of
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
            _share(each.won, closed),
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
            gettext("Share won"),
            gettext("Won amount"),
            gettext("Lost amount"),
        )
        rows = [row(asked, each, names) for each in found]
        total = total_of(rows, 1, 2)
        if total:
            won = sum(each.won for each in found)
            total[3] = _share(won, won + sum(each.lost for each in found))
            total[4], total[5] = _sums(found, "won"), _sums(found, "lost")
        return Table(columns=columns, rows=rows, charted=1, total=total)

    return table


def _share(won: int, closed: int) -> Cell:
    percent = round(100 * won / closed) if closed else 0
    return Cell(percent, text=f"{percent} %")


def _sums(found: Iterable[Outcome], part: str) -> Cell:
    """Return the amounts of all outcomes together, by currency."""
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in found:
        for amount in each.amounts:
            sums[amount.currency] += getattr(amount, part)
    return amounts(sorted(sums.items()))


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
    total = total_of(rows, 1)
    if total:
        total[2] = _sums(found, "lost")
    columns = (gettext("Reason"), gettext("Lost"), gettext("Amount"))
    return Table(columns=columns, rows=rows, charted=1, total=total)
