"""Moves of entries of the calendar to other days, by dragging and by a form; entries done in place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.models import Activity, User
from crm.services.activities import complete_task, create_activity, update_activity
from crm.services.snoozing import Snooze, snooze
from tests.admin.conftest import messages_of
from tests.admin.planned import CALENDAR, MONDAY, at, plan

pytestmark = pytest.mark.django_db


def move(client: Any, activity: Activity, day: object, **fields: Any) -> Any:
    address = reverse("admin:crm_activity_move", args=[activity.pk])
    sent = {"day": str(day), "version": activity.version, "next": CALENDAR, **fields}
    return client.post(address, sent, follow=True)


def stored() -> list[tuple[object, ...]]:
    return list(
        Activity.objects.order_by("pk").values_list("pk", "version", "due_at", "starts_at", "done_at")
    )


def test_a_move_keeps_the_hour_over_a_change_to_summer_time(signed_in, actors):
    User.objects.filter(pk=actors.agent.user_id).update(timezone="Europe/Berlin")
    nine = datetime(2031, 3, 28, 8, 0, tzinfo=UTC)
    task = plan(actors.agent, nine, remind_at=nine - timedelta(hours=13))
    call = plan(actors.agent, nine, kind="CALL", minutes=30)
    client = signed_in("agent")

    said = move(client, task, "2031-03-31")
    move(client, call, "2031-03-30")

    task.refresh_from_db()
    call.refresh_from_db()
    assert task.due_at == datetime(2031, 3, 31, 7, 0, tzinfo=UTC)
    # The reminder stays at eight in the evening of the day before.
    assert task.remind_at == datetime(2031, 3, 30, 18, 0, tzinfo=UTC)
    assert (call.starts_at, call.due_at) == (datetime(2031, 3, 30, 7, 0, tzinfo=UTC), None)
    (message,) = messages_of(said)
    assert "is on Monday, 31 March 2031." in message
    assert 'name="version" value="2"' in message
    assert 'name="day" value="2031-03-28"' in message
    move(client, task, "2031-03-28")
    task.refresh_from_db()
    assert (task.due_at, task.version) == (nine, 3)


def test_a_task_that_is_put_off_takes_its_reminder_along(actors):
    due = timezone.now().replace(hour=12, microsecond=0) - timedelta(days=2)
    task = plan(actors.agent, due, remind_at=due - timedelta(hours=1))

    moved = snooze(task.pk, Snooze.TOMORROW, actor=actors.agent)

    assert moved.due_at is not None
    assert moved.remind_at == moved.due_at - timedelta(hours=1)


def test_a_refused_move_says_why_and_changes_nothing(signed_in, actors, other_actors):
    client = signed_in("agent")
    task = plan(actors.agent, at(MONDAY), subject="Offer")
    update_activity(task.pk, {"subject": "Better offer"}, actor=actors.colleague)
    finished = plan(actors.agent, at(MONDAY), subject="Finished")
    finished = complete_task(finished.pk, actor=actors.agent)
    note = create_activity(
        {"entity_type": "LEAD", "entity_id": task.object_id, "kind": "NOTE", "text": "A note"},
        actor=actors.agent,
    )
    foreign = plan(other_actors.agent, at(MONDAY))
    before = stored()
    tuesday = MONDAY + timedelta(1)

    stale = move(client, task, tuesday)
    assert messages_of(stale) == [
        "Somebody changed “Better offer” meanwhile. Here it is as it is now: move it again."
    ]
    assert stale.redirect_chain == [(CALENDAR, 302)]
    task.refresh_from_db()
    only = "Only a task, call or meeting that is not done can be moved to another day."
    expected = "Expected a date such as 2026-01-31."
    years = "Choose a day between the years 100 and 9998."
    for activity, day, said in (
        (task, "tomorrow", f"“Better offer” stays where it is: {expected}"),
        (task, "", f"“Better offer” stays where it is: {expected}"),
        (
            task,
            "0050-01-01",
            f"“Better offer” stays where it is: {years}",
        ),
        (finished, tuesday, f"“Finished” stays where it is: {only}"),
        (note, tuesday, f"“A note” stays where it is: {only}"),
    ):
        assert messages_of(move(client, activity, day)) == [said]
    unversioned = move(client, task, tuesday, version="")
    assert messages_of(unversioned) == ["Open the calendar again: this form is of no version."]
    for key in (foreign.pk, 10**9):
        address = reverse("admin:crm_activity_move", args=[key])
        assert client.post(address, {"day": tuesday, "version": 1}).status_code == 404
        assert client.get(address).status_code == 404
    own = reverse("admin:crm_activity_move", args=[task.pk])
    assert signed_in("viewer").post(own, {"day": tuesday, "version": 2}).status_code == 403
    assert signed_in("viewer").get(own).status_code == 403
    assert stored() == before


def test_the_form_that_moves_is_a_page_and_a_dialog(signed_in, actors):
    task = plan(actors.agent, at(MONDAY), subject="Offer")
    client = signed_in("agent")
    address = reverse("admin:crm_activity_move", args=[task.pk])

    page = client.get(address, {"next": CALENDAR}).content.decode()
    dialog = client.get(address, headers={"HX-Request": "true"}).content.decode()

    assert "<html" in page
    assert 'hx-post="' not in page
    for field in (
        'name="version" value="1"',
        f'name="day" value="{MONDAY}"',
        f'name="next" value="{CALENDAR}"',
    ):
        assert field in page
    assert "<html" not in dialog
    assert f'hx-post="{address}"' in dialog


def test_a_task_is_done_and_opened_again_in_place(signed_in, actors):
    task = plan(actors.agent, at(MONDAY), subject="Offer")
    client = signed_in("agent")
    back = f"{CALENDAR}?day={MONDAY}"

    done = client.post(reverse("admin:crm_activity_done", args=[task.pk]), {"next": back}, follow=True)

    assert done.redirect_chain == [(back, 302)]
    assert f'formaction="{reverse("admin:crm_activity_reopen", args=[task.pk])}"' in done.content.decode()
    assert "data-move=" not in done.content.decode()
