"""When an activity took place: the rule in Python and in SQL says the same of every row."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from django.utils import timezone

from crm.models import Activity, ActivityKind
from crm.models.activities import took_place_at
from leads.services.leads import create_lead

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MOMENTS = [None, NOW - timedelta(days=2), NOW, NOW + timedelta(seconds=1)]


@pytest.fixture
def rows(actors, time_machine):
    time_machine.move_to(NOW, tick=False)
    lead = create_lead({"title": "Deal"}, actor=actors.agent)
    for kind, starts_at, done_at in product(ActivityKind, MOMENTS, MOMENTS[:3]):
        Activity.objects.create(
            company_id=actors.agent.company_id,
            entity=lead,
            kind=kind,
            text="A",
            starts_at=starts_at,
            done_at=done_at,
        )
    return Activity.objects.all()


def test_both_forms_of_the_rule_agree(rows):
    annotated = rows.annotate(happened_at=took_place_at(timezone.now()))

    assert len(annotated) == len(ActivityKind) * 12
    for row in annotated:
        assert row.took_place(NOW) == row.happened_at, (row.kind, row.starts_at, row.done_at)


def test_what_is_planned_did_not_take_place(rows):
    planned = rows.planned(NOW)

    assert {row.kind for row in planned} == {"TASK", "CALL", "MEETING"}
    assert [row.took_place(NOW) for row in planned] == [None] * len(planned)


def test_what_was_entered_before_its_time_is_to_do_until_it_is_done(rows):
    Activity.objects.filter(pk__in=list(rows.values_list("pk", flat=True))[::2]).update(
        created_at=NOW - timedelta(days=3), due_at=NOW - timedelta(days=1)
    )
    to_do, overdue = rows.to_do(), rows.overdue(NOW)

    assert {row.pk for row in to_do} == {row.pk for row in rows if row.is_open}
    assert {row.pk for row in overdue} == {row.pk for row in rows if row.is_overdue(NOW)}
    assert {row.kind for row in overdue} == {"TASK", "CALL", "MEETING"}
    assert not [row for row in to_do if row.kind != "TASK" and row.starts_at <= row.created_at]
