"""Migration steps of tallies on a table that has rows already, and the way back."""

from collections.abc import Callable
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from crm.database.amount_tally_triggers import TallyAmounts
from crm.database.tally_triggers import TallyRows
from crm.models import Tally
from crm.services.tallies import find_wrong_tallies
from leads.models import AmountTally, Lead
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

STEPS = [
    operation
    for app in ("people", "leads")
    for operation in import_module(f"{app}.migrations.0001_initial").Migration.operations
    if isinstance(operation, TallyRows)
]

[AMOUNTS] = [
    operation
    for operation in import_module("leads.migrations.0011_amount_tallies").Migration.operations
    if isinstance(operation, TallyAmounts)
]


def triggers(kind: str = "tally") -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE %s", [f"%\\_{kind}\\_%"])
        return {name for (name,) in cursor.fetchall()}


def run(step: Callable[..., None]) -> None:
    # PostgreSQL refuses to alter a table while foreign keys of its rows wait to be checked.
    connection.check_constraints()
    with connection.schema_editor() as editor:
        step("", editor, None, None)


def test_rows_that_are_there_are_tallied_and_the_way_back_leaves_nothing(tenant: Any):
    for _ in range(3):
        LeadFactory(company=tenant.company)
    PersonFactory(company=tenant.company)
    before, present = triggers(), sorted(Tally.objects.values_list("kind").distinct())

    for step in STEPS:
        run(step.database_backwards)
    assert not Tally.objects.exists()
    assert triggers() == set()
    Lead.objects.filter(pk=LeadFactory(company=tenant.company).pk).update(title="Untallied")
    assert not Tally.objects.exists()

    for step in STEPS:
        run(step.database_forwards)
    assert triggers() == before
    assert len(before) == 12
    assert sorted(Tally.objects.values_list("kind").distinct()) == present == [("LEAD",), ("PEOPLE",)]
    assert find_wrong_tallies() == []
    assert sum(Tally.objects.filter(kind="LEAD").values_list("n", flat=True)) == 4


def test_amounts_that_are_there_are_summed_up_and_the_way_back_leaves_nothing(tenant: Any):
    kept, other, deleted, without = (LeadFactory(company=tenant.company) for _ in range(4))
    valued = Lead.objects.filter(pk__in=[kept.pk, other.pk, deleted.pk])
    valued.update(amount="12.34", currency="EUR")
    Lead.objects.filter(pk=deleted.pk).update(deleted_at=timezone.now())
    before = triggers("amounts")

    run(AMOUNTS.database_backwards)
    assert not AmountTally.objects.exists()
    assert triggers("amounts") == set()
    Lead.objects.filter(pk=other.pk).update(amount="1", currency="USD")
    assert not AmountTally.objects.exists()

    run(AMOUNTS.database_forwards)
    assert triggers("amounts") == before
    assert len(before) == 4
    assert find_wrong_tallies() == []
    place = {"pipeline_id": without.pipeline_id, "stage_id": without.stage_id, "status": without.status}
    sums = AmountTally.objects.filter(company_id=tenant.company.pk, **place).order_by("currency")
    assert list(sums.values_list("currency", "n", "amount")) == [
        ("EUR", 1, Decimal("12.34")),
        ("USD", 1, Decimal("1.00")),
    ]
