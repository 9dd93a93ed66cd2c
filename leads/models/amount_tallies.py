"""Tallies of amounts: sums of what leads are worth without reading leads, kept by triggers (ADR 33)."""

from typing import Any

from django.db import connection, models
from django.db.models import QuerySet, Sum

from crm.actors import Actor
from crm.database.amount_tally_triggers import summed_table
from crm.database.amounts import AmountSum
from leads.models.lookups import LeadStatus, StatusCategory

#: The tables of leads and of their tallies, and the columns of a lead that these are kept by.
SUMMED = ("leads_lead", "leads_amounttally", "pipeline_id", "stage_id", "status_id")
SUMMED_LEADS = summed_table(*SUMMED)


class AmountTally(models.Model):
    """A change of what the live leads of a stage and status are worth in one currency.

    By status and not by its category: then a status whose category changes needs no new sums.
    """

    # No foreign keys in the database: they would block deletions, and cost a check for each insert.
    company_id = models.BigIntegerField()
    pipeline_id = models.BigIntegerField()
    stage_id = models.BigIntegerField()
    status = models.ForeignKey(
        LeadStatus, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    currency = models.CharField(max_length=3)
    #: The number of leads: a currency of which no lead is left has no sum, and not the sum 0.
    n = models.BigIntegerField()
    amount = models.DecimalField(max_digits=30, decimal_places=2)

    class Meta:
        verbose_name_plural = "tallies of amounts"
        indexes = [models.Index(fields=["company_id", "stage_id"], name="amount_tally_of_stage")]

    def __str__(self) -> str:
        return f"{self.amount:+} {self.currency} in {self.company_id}"


def open_amounts(leads: Any, actor: Actor, key: str) -> QuerySet[Any, dict[str, Any]]:
    """Return what the open leads that an actor sees are worth, by ``key_id`` and currency, as ``amount_sum``.

    :param leads: the query set of leads.
    :param key: ``stage`` or ``pipeline``.
    """
    column = f"{key}_id"
    if connection.vendor == "postgresql" and leads.sees_all(actor):
        tallies = AmountTally.objects.filter(
            company_id=actor.company_id, status__category=StatusCategory.OPEN
        )
        grouped: QuerySet[Any, dict[str, Any]] = tallies.values(column, "currency").annotate(
            amount_sum=AmountSum("amount"), leads=Sum("n")
        )
        return grouped.filter(leads__gt=0).order_by("currency")
    rows = leads.in_report_for(actor).open().exclude(amount=None).exclude(currency=None)
    return rows.order_by("currency").values(column, "currency").annotate(amount_sum=AmountSum("amount"))  # type: ignore[no-any-return]
