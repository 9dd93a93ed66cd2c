"""Putting tasks, calls and meetings off on My day, and what is planned for later than this week."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.services.snoozing import Snooze
from leads.admin.my_day import MOST_SHOWN
from tests.admin.conftest import messages_of
from tests.admin.test_my_day import HOME, make_call, make_lead, make_task

BERLIN = ZoneInfo("Europe/Berlin")


def put_off(client: Any, activity: Any, **fields: str) -> Any:
    return client.post(
        reverse("admin:crm_activity_snooze", args=[activity.pk]), {"next": HOME, **fields}, follow=True
    )


@pytest.mark.parametrize("make", [make_task, make_call])
def test_tasks_and_calls_have_the_same_choices_and_keep_their_hour(signed_in, actors, make):
    activity = make(actors.agent, make_lead(actors.agent), 0.01)
    before = activity.planned_for
    client = signed_in("agent")

    assert client.get(HOME).content.decode().count('name="when" value="tomorrow"') == 1
    put_off(client, activity, when="week")

    activity.refresh_from_db()
    assert activity.planned_for.weekday() == 0
    assert 1 <= (activity.planned_for.date() - timezone.now().date()).days <= 7
    assert activity.planned_for.time() == before.time()


def test_a_meeting_goes_to_a_day_and_a_time_and_back_by_undo(signed_in, actors):
    meeting = make_call(actors.agent, make_lead(actors.agent), 1, subject="Visit")
    before = meeting.starts_at
    assert before is not None
    client = signed_in("agent")

    page = put_off(client, meeting, day="2031-03-05", time="14:30")

    meeting.refresh_from_db()
    assert meeting.starts_at == datetime(2031, 3, 5, 14, 30, tzinfo=UTC)
    assert "“Visit” is put off: 5 Mar 2031, 14:30." in messages_of(page)[0]
    put_off(client, meeting, day=before.date().isoformat(), time=before.time().isoformat())
    meeting.refresh_from_db()
    assert meeting.starts_at == before
    assert f'name="time" value="{before.time().isoformat()}"' in messages_of(page)[0]


def test_the_moments_of_the_choices():
    # A Sunday: the next week begins tomorrow.
    noon = datetime(2026, 3, 1, 12, 20, tzinfo=BERLIN)

    assert Snooze.LATER.moment(noon, BERLIN) == (date(2026, 3, 1), time(15))
    assert Snooze.TOMORROW.moment(noon, BERLIN) == (date(2026, 3, 2), None)
    assert Snooze.NEXT_WEEK.moment(noon, BERLIN) == (date(2026, 3, 2), None)
    assert Snooze.NEXT_WEEK.moment(noon + timedelta(days=1), BERLIN) == (date(2026, 3, 9), None)
    assert Snooze.LATER.moment(noon.replace(hour=21), BERLIN) is None


def test_what_is_planned_later_is_paged_and_stays_open_where_it_is_acted_on(signed_in, actors):
    lead = make_lead(actors.agent)
    for number in range(MOST_SHOWN + 2):
        make_task(actors.agent, lead, 20 + number / 100, subject=f"Task {number:02}")
    make_call(actors.agent, lead, 21, subject="Call")
    make_task(actors.agent, lead, 40, subject="Far away")
    client = signed_in("agent")

    first = client.get(HOME)
    assert (first.context["later"]["is_open"], len(first.context["later"]["rows"])) == (False, MOST_SHOWN)
    assert '<details id="later" class="later">' in first.content.decode()
    second = client.get(HOME, {"later": first.context["later"]["after"]})
    assert [str(row["activity"]) for row in second.context["later"]["rows"]] == ["Task 15", "Task 16", "Call"]
    assert (second.context["later"]["before"], second.context["later"]["after"]) == (1, 0)
    assert '<details id="later" class="later" open>' in second.content.decode()
    assert 'name="next" value="/admin/?later=2"' in second.content.decode()
