"""The command that tells whether tallies are right, and makes them so."""

import pytest
from django.db import connection
from django.db.models import F

from crm.models import Tally
from crm.models.tallies import count_visible
from leads.models import Lead
from tests.commands.running import run
from tests.factories.leads import LeadFactory
from tests.factories.people import PersonFactory

pytestmark = pytest.mark.django_db


def test_tallies_that_are_right(tenant):
    LeadFactory(company=tenant.company)

    assert run("check_tallies").lines == ["All tallies are right."]


@pytest.mark.postgres
def test_wrong_tallies_are_told_and_mended(tenant, other_tenant, actors):
    lead, _ = LeadFactory(company=tenant.company), PersonFactory(company=tenant.company)
    LeadFactory(company=other_tenant.company)
    mine = Tally.objects.filter(company_id=tenant.company.pk)
    mine.filter(kind="LEAD").update(n=F("n") + 2)
    mine.filter(kind="PEOPLE").delete()
    lines = [
        f"LEAD of company {tenant.company.pk}, {lead.pipeline_id}/{lead.stage_id}: +2",
        f"PEOPLE of company {tenant.company.pk}: -1",
    ]

    ended = run("check_tallies")
    assert (ended.code, ended.lines) == (1, lines)
    assert ended.errors == ["2 tallies are wrong; --fix corrects them."]
    assert count_visible(Lead, actors.manager) == 3

    assert run("check_tallies", "--fix").lines == [*lines, "Corrected: 2 tallies."]
    assert run("check_tallies").lines == ["All tallies are right."]
    assert count_visible(Lead, actors.manager) == 1


@pytest.mark.postgres
def test_rows_that_were_written_past_the_triggers_are_found(tenant):
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        PersonFactory(company=tenant.company)
        cursor.execute("SET session_replication_role = origin")

    assert run("check_tallies").code == 1
    assert run("check_tallies", "--fix").lines[-1] == "Corrected: 1 tallies."
