"""Migration steps of tallies on a table that has rows already, and the way back."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from django.db import connection

from crm.database.tally_triggers import TallyRows
from crm.models import Tally
from crm.services.tallies import find_wrong_tallies
from leads.models import Lead
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db]

STEPS = [
    operation
    for app in ("people", "leads")
    for operation in import_module(f"{app}.migrations.0001_initial").Migration.operations
    if isinstance(operation, TallyRows)
]


def triggers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%\\_tally\\_%'")
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
