"""Tasks, calls and meetings at given times, for the tests of the calendar."""

from datetime import UTC, date, datetime
from typing import Any, cast

from django.urls import reverse

from crm.models import Activity
from crm.services.activities import create_activity
from crm.services.activity_input import ActivityValues
from leads.services.leads import create_lead

CALENDAR = reverse("admin:crm_activity_calendar")
#: A Monday, far from today.
MONDAY = date(2031, 6, 2)


def at(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


def plan(actor: Any, moment: datetime, record: Any = None, **values: Any) -> Activity:
    record = record or create_lead({"title": "Deal"}, actor=actor)
    given = {
        "entity_type": record.entity_kind,
        "entity_id": record.pk,
        "kind": "TASK",
        "subject": f"{moment:%d %H:%M}",
        "assignee_id": actor.user_id,
    }
    given["starts_at" if values.get("kind") in ("CALL", "MEETING") else "due_at"] = moment
    return create_activity(cast(ActivityValues, given | values), actor=actor)
