"""Tallies of rows that were there before them, and the way back."""

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from crm.models import Tally
from crm.services.tallies import find_wrong_tallies
from leads.models import Lead
from tests.factories.crm import tenant as make_tenant
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

STEPS = {"leads": "0009_tally", "people": "0009_tally"}


def migrate(app: str, name: str) -> None:
    call_command("migrate", app, name, verbosity=0)


def triggers() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgname LIKE '%\\_tally\\_%'")
        return {name for (name,) in cursor.fetchall()}


def test_rows_that_are_there_are_tallied_and_the_way_back_leaves_nothing():
    graph = MigrationLoader(None).graph
    made = make_tenant("Old")
    for _ in range(3):
        LeadFactory(company=made.company)
    PersonFactory(company=made.company)
    before, present = triggers(), sorted(Tally.objects.values_list("kind").distinct())
    try:
        for app, name in STEPS.items():
            [previous] = [
                parent.key[1] for parent in graph.node_map[app, name].parents if parent.key[0] == app
            ]
            migrate(app, previous)
        assert not Tally.objects.exists()
        assert triggers() == set()
        Lead.objects.filter(pk=LeadFactory(company=made.company).pk).update(title="Untallied")
    finally:
        for app in ("people", "leads"):
            [(_, leaf)] = graph.leaf_nodes(app)
            migrate(app, leaf)

    assert triggers() == before
    assert len(before) == 12
    assert sorted(Tally.objects.values_list("kind").distinct()) == present == [("LEAD",), ("PEOPLE",)]
    assert find_wrong_tallies() == []
    assert sum(Tally.objects.filter(kind="LEAD").values_list("n", flat=True)) == 4
