"""The pages of reports: their numbers, and the lists behind these."""

import csv
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.admin.views.main import ChangeList
from django.urls import reverse

from crm.models import Membership
from crm.services.activities import create_activity
from leads.admin.reports.asked import spans
from leads.admin.reports.kinds import REPORTS
from leads.models import LeadLostReason, LeadSource
from leads.services.closing import close_lead
from leads.services.leads import create_lead, update_lead
from pipelines.models import Stage

NOW = datetime(2026, 3, 20, 12, tzinfo=ZoneInfo("UTC"))
DAYS = {"days_from": "2026-01-01", "days_to": "2026-06-30"}
#: Numbers that a list of leads cannot show.
WITHOUT_LIST = {"Went on", "Share won", "Median days in it", "Median days to win", "Weighted"}


@pytest.fixture
def worked(tenant: Any) -> None:
    """Fill the company with leads that were made, moved, won and lost over three months."""
    agent, colleague = tenant.users["agent"], tenant.users["colleague"]
    stages = list(Stage.objects.filter(company=tenant.company).order_by("weight"))
    source = LeadSource.objects.filter(company=tenant.company).first()
    reason = LeadLostReason.objects.create(company=tenant.company, name="Too dear")
    actor = tenant.actors.agent
    with time_machine.travel(NOW - timedelta(days=70), tick=False) as clock:
        made = []
        for number in range(8):
            lead = create_lead(
                {
                    "title": f"Lead {number}",
                    "leads_owner_id": [agent.pk, colleague.pk, None][number % 3],
                    "source_id": source.pk if source and number % 2 else None,
                    "amount": 100 + number,
                    "currency": "EUR" if number % 4 else "USD",
                    "expected_close_on": "2026-04-15" if number % 3 else None,
                },
                actor=actor,
            )
            made.append(lead.pk)
            clock.shift(timedelta(days=5))
            update_lead(lead.pk, {"pipeline_stage_id": stages[1].pk}, actor=actor)
            clock.shift(timedelta(days=2))
            if number in (1, 2):
                close_lead(lead.pk, "won", actor=actor)
            elif number in (3, 4, 5):
                close_lead(lead.pk, "lost", actor=actor, lost_reason_id=reason.pk if number < 5 else None)
            elif number == 6:
                update_lead(lead.pk, {"pipeline_stage_id": stages[0].pk}, actor=actor)
        create_activity(
            {"kind": "CALL", "text": "Rang", "entity_type": "LEAD", "entity_id": made[-1]}, actor=actor
        )


def table_of(client: Any, name: str, **asked: str) -> Any:
    response = client.get(reverse("admin:report", args=[name]), {**DAYS, **asked})
    assert response.status_code == 200
    return response.context["table"]


@pytest.mark.parametrize("name", [report.name for report in REPORTS])
def test_every_number_opens_the_list_behind_it(signed_in, worked, name):
    client = signed_in("manager")
    table = table_of(client, name)

    opened = 0
    for row in table.rows:
        for column, cell in zip(table.columns[1:], row[1:], strict=True):
            if not cell.value or column in WITHOUT_LIST or isinstance(cell.value, str) or name == "activity":
                continue
            assert cell.address, column
            found: ChangeList = client.get(cell.address).context["cl"]
            if name == "forecast":
                assert found.result_count, cell.address
                assert (
                    sum(lead.amount for lead in found.queryset if lead.currency == row[1].value) == cell.value
                )
            else:
                # One lead came back to the first stage: it entered twice, and is listed once.
                again = (column, row[0].value) == ("Entered", "New")
                assert found.result_count == cell.value - again, (row[0].value, column, cell.address)
            opened += 1
    assert opened or name in ("activity", "types")
    assert table.rows


def test_a_report_is_narrowed_by_pipeline_and_owner(signed_in, worked, tenant):
    client = signed_in("manager")
    colleague = tenant.users["colleague"]

    found = table_of(client, "sources", owner=str(colleague.pk))
    everybody = table_of(client, "sources")

    def closed(table: Any) -> int:
        return sum(row[1].value + row[2].value for row in table.rows)

    assert (closed(found), closed(everybody)) == (2, 5)
    address = next(cell.address for row in found.rows for cell in row if cell.address and cell.value)
    assert f"owned={colleague.pk}" in address


def test_who_sees_own_leads_has_the_numbers_of_those(signed_in, worked, tenant):
    tenant.company.lead_visibility = "OWN"
    tenant.company.save(update_fields=["lead_visibility"])
    assert Membership.objects.filter(company=tenant.company).exists()

    table = table_of(signed_in("colleague"), "owners")

    assert [row[0].value for row in table.rows] == [str(tenant.users["colleague"])]


def test_activity_is_counted_for_who_did_it(signed_in, worked, tenant):
    table = table_of(signed_in("manager"), "activity")

    [row] = table.rows
    assert [cell.value for cell in row] == [str(tenant.users["agent"]), 1, 0, 0, 0, 0, 1]


def test_a_report_ends_with_its_sums(signed_in, worked):
    page = signed_in("manager").get(reverse("admin:report", args=["owners"]), DAYS)

    table = page.context_data["table"]
    assert len(table.rows) > 1
    assert [cell.shown for cell in table.total] == ["Total", "2", "3", "40 %", "203 EUR", "208 EUR, 104 USD"]
    assert "<tfoot>" in page.content.decode()


def test_a_report_is_written_as_csv(signed_in, worked):
    response = signed_in("viewer").get(reverse("admin:report", args=["reasons"]), {**DAYS, "format": "csv"})

    assert response["Content-Disposition"] == 'attachment; filename="reasons.csv"'
    header, *rows = csv.reader(response.content.decode().splitlines())
    assert header == ["Reason", "Lost", "Amount"]
    assert [row[:2] for row in rows] == [["Too dear", "2"], ["No reason from the list", "1"]]


def test_a_name_like_a_formula_stays_a_text_in_the_file(signed_in, worked, tenant):
    LeadLostReason.objects.filter(company=tenant.company, name="Too dear").update(name="\uff1d1+1")

    asked = {**DAYS, "format": "csv"}
    response = signed_in("viewer").get(reverse("admin:report", args=["reasons"]), asked)

    assert "'\uff1d1+1,2" in response.content.decode()


def test_days_that_make_no_report_are_told(signed_in):
    client = signed_in("agent")
    address = reverse("admin:report", args=["funnel"])

    turned = client.get(address, {"days_from": "2026-06-30", "days_to": "2026-01-01"})
    assert turned.context["table"] is None
    assert "before from" in turned.content.decode()
    assert client.get(address, {"days_from": "soon"}).context["form"].errors["days_from"]
    assert client.get(reverse("admin:report", args=["nothing"])).status_code == 404
    too_many = client.get(
        reverse("admin:report", args=["new"]), {"days_from": "2020-01-01", "days_to": "2026-01-01"}
    )
    assert "has more than 367 days" in too_many.content.decode()


def test_addresses_of_lists_that_name_no_days_lead_back_to_the_list(signed_in):
    for query in (
        "closed=soon",
        "closed=2026-02-30..2026-03-01",
        "visited=x:2026-01-01..2026-01-02",
        "visited=1",
    ):
        response = signed_in("agent").get(f"/admin/leads/lead/?{query}")

        assert (response.status_code, response["Location"]) == (302, "/admin/leads/lead/?e=1"), query


def test_the_periods_that_are_offered():
    offered = {span.label: (span.first, span.last) for span in spans(date(2026, 2, 10))}

    assert offered == {
        "This month": (date(2026, 2, 1), date(2026, 2, 28)),
        "Last month": (date(2026, 1, 1), date(2026, 1, 31)),
        "This quarter": (date(2026, 1, 1), date(2026, 3, 31)),
        "Last 90 days": (date(2025, 11, 12), date(2026, 2, 10)),
        "This year": (date(2026, 1, 1), date(2026, 12, 31)),
        "Last year": (date(2025, 1, 1), date(2025, 12, 31)),
    }
