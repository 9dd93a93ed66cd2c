"""The rule of rotting: its condition, its annotation and its reason say the same of every lead."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import product
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.utils import timezone as clock

from leads.models import LastActivity, Lead, StatusCategory
from leads.models.rotting import (
    is_lead_rotting,
    is_rotting,
    is_rotting_in,
    record_activity,
    rotting_flag,
    rotting_reason,
)
from pipelines.models import Stage
from tests.factories.leads import LeadFactory, LeadStatusFactory
from tests.factories.pipelines import StageFactory
from tests.module_tenant import made_tenant, tenant

__all__ = ["made_tenant", "tenant"]

pytestmark = pytest.mark.django_db

#: A day after clocks went forward in America, and three weeks before they do in Europe.
NOW = datetime(2026, 3, 9, 12, tzinfo=UTC)
LIMITS = (0, 1, 7, 3650)
MICROSECOND = timedelta(microseconds=1)
#: The time between the last activity and the moment at which the lead's limit is reached.
MARGINS = (-timedelta(hours=1), -MICROSECOND, timedelta(0), MICROSECOND, timedelta(hours=1), timedelta(400))
ZONES = (UTC, ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), timezone(timedelta(hours=14)))


@pytest.fixture
def grid(tenant):
    """Make one lead of each category, limit and margin; return which of them should rot."""
    first = LeadFactory(company=tenant.company)
    stages = {
        days: StageFactory(company=tenant.company, pipeline=first.pipeline, rotting_days=days)
        for days in LIMITS
    }
    statuses = {
        category: LeadStatusFactory(company=tenant.company, category=category) for category in StatusCategory
    }
    first.delete()
    expected = {}
    for (category, status), (days, stage), margin in product(statuses.items(), stages.items(), MARGINS):
        last = NOW - timedelta(days=days) - margin
        lead = LeadFactory(company=tenant.company, status=status, stage=stage)
        Lead.objects.filter(pk=lead.pk).update(last_activity_at=last)
        expected[lead.pk] = category == StatusCategory.OPEN and days > 0 and margin >= timedelta(0)
    return expected


@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_condition_annotation_reason_and_python_agree(grid, zone):
    with time_machine.travel(NOW, tick=False), clock.override(zone):
        rotting = set(Lead.objects.filter(is_rotting()).values_list("pk", flat=True))
        fresh = set(Lead.objects.filter(~is_rotting()).values_list("pk", flat=True))
        opened = Lead.objects.filter(status__category=StatusCategory.OPEN)
        of_open = set(opened.filter(is_rotting_in(Stage.objects.all())).values_list("pk", flat=True))
        flagged = dict(Lead.objects.annotate(flag=rotting_flag()).values_list("pk", "flag"))
        leads = list(Lead.objects.select_related("stage", "status"))
        in_python = {lead.pk: is_lead_rotting(lead) for lead in leads}
        with_reason = {lead.pk: rotting_reason(lead) is not None for lead in leads}

    assert flagged == grid
    assert in_python == grid
    assert with_reason == grid
    assert rotting == {pk for pk, rots in grid.items() if rots}
    assert fresh == grid.keys() - rotting
    assert of_open == rotting


def test_the_reason_names_days_activity_and_limit(tenant):
    lead = LeadFactory(company=tenant.company)
    lead.stage.rotting_days = 7
    lead.last_activity_at, lead.last_activity = NOW, LastActivity.NOTE

    with time_machine.travel(NOW + timedelta(days=12, hours=1), tick=False):
        assert rotting_reason(lead) == "12 days since note of 9 March, limit 7"


@pytest.mark.parametrize(("days", "activity"), [(-1, "STAGE"), (0, "STAGE"), (1, "TASK")])
def test_only_newer_activity_is_recorded(tenant, days, activity):
    lead = LeadFactory(company=tenant.company)
    at = lead.last_activity_at + timedelta(days=days)

    assert record_activity(lead, LastActivity.TASK, at=at) is (activity == "TASK")
    assert lead.last_activity == activity
