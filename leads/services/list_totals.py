"""The worth of the leads of a list."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from crm.actors import Actor
from crm.database.amounts import AmountSum
from leads.models import AmountTally, Lead

#: Sums of more rows would take longer than the page itself.
MOST_SUMMED = 10_000


def worth_of(
    rows: QuerySet[Lead], count: int, *, is_whole: bool, actor: Actor
) -> Sequence[tuple[str, Decimal]]:
    """Return the sums of the amounts of some leads by currency; none where counting them would take long.

    :param count: the number of the rows.
    :param is_whole: whether they are all leads of the company, which are summed up already on PostgreSQL.
    """
    if count == 0:
        return []
    summed: QuerySet[Any] = rows.order_by()
    if count > MOST_SUMMED:
        if not is_whole or connection.vendor != "postgresql" or not Lead.objects.all().sees_all(actor):
            return []
        summed = AmountTally.objects.filter(company_id=actor.company_id)
    sums = summed.exclude(amount=None).values_list("currency").annotate(total=AmountSum("amount"))
    return [(currency, total) for currency, total in sums.order_by("currency") if currency and total]
