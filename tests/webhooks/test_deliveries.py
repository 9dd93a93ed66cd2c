"""Failed messages: retries, pauses, and redelivery."""

import logging
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from crm.errors import Conflict, CursorExpired, Forbidden
from crm.events import journal, retention
from crm.events.cursor import Cursor, parse_cursor
from crm.events.sequencer import sequence
from crm.models import Event, WebhookDelivery, WebhookEndpoint
from crm.models.webhooks import DeliveryStatus
from crm.webhooks import deliveries, retrying
from crm.webhooks.contents import Unreadable
from crm.webhooks.deliveries import begin_attempt, next_due, redeliver, redeliver_after
from crm.webhooks.dispatching import advance_idle, claim_endpoints, dispatch, release
from crm.webhooks.endpoints import (
    create_endpoint,
    delete_endpoint,
    resume_endpoint,
    rotate_secret,
    save_endpoint,
    send_test,
)
from leads.graphql.webhooks import LeadContent
from leads.services.leads import create_lead, update_lead
from tests.leases import pass_time
from tests.webhooks.conftest import work
from tests.webhooks.receiving import is_signed

pytestmark = pytest.mark.django_db(transaction=True)

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def clock(time_machine, monkeypatch):
    """Return a function that moves the time on, which stands still otherwise; delays are not random."""
    monkeypatch.setattr(retrying, "JITTER", 0)
    time_machine.move_to(START, tick=False)
    at = START

    def advance(**parts):
        nonlocal at
        at += timedelta(**parts)
        time_machine.move_to(at, tick=False)

    return advance


@pytest.fixture
def make_event(actors):
    """Return a function that creates a lead, which is one event."""
    return lambda title="Deal": create_lead({"title": title}, actor=actors.agent)


def only():
    return WebhookDelivery.objects.get()


def test_a_message_is_tried_ten_times_in_three_days(clock, endpoint, receiver, make_event):
    receiver.answers(500)
    make_event()
    seconds = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]

    for attempt, delay in enumerate(seconds, start=1):
        work()
        assert len(receiver.received) == attempt
        assert (only().status, only().attempts) == (DeliveryStatus.PENDING, attempt)
        clock(seconds=delay - 1)
        work()
        assert len(receiver.received) == attempt, "not before it is time"
        clock(seconds=1)
    work()

    assert len(receiver.received) == 10
    assert len(set(receiver.ids)) == 1
    given_up = only()
    assert (given_up.status, given_up.attempts, given_up.next_attempt_at) == ("FAILED", 10, None)
    assert (given_up.response_status, given_up.error) == (500, "HTTP 500.")
    clock(days=1)
    assert work() == 0
    assert len(receiver.received) == 10


def test_a_message_that_arrives_at_last_is_the_same_message(clock, endpoint, receiver, make_event):
    receiver.answers(503)
    make_event()
    work()
    receiver.answers(204)
    clock(seconds=5)

    assert work() == 1

    first, second = receiver.received
    assert first.id == second.id
    assert first.data["cursor"] == second.data["cursor"]
    assert int(second.headers["webhook-timestamp"]) - int(first.headers["webhook-timestamp"]) == 5
    assert is_signed(second, endpoint.secret)
    delivery = only()
    assert (delivery.status, delivery.attempts, delivery.error) == ("DELIVERED", 2, "")
    endpoint.refresh_from_db()
    assert (endpoint.failing_since, endpoint.failures, endpoint.held_until) == (None, 0, None)


def test_one_message_that_is_refused_does_not_keep_the_others(clock, endpoint, receiver, make_event):
    make_event("Bad")
    make_event("Good")
    receiver.answer = lambda request: (400 if request.data["lead"]["title"] == "Bad" else 200, {}, b"")

    assert work() == 1

    assert [each.data["lead"]["title"] for each in receiver.received] == ["Bad", "Good"]
    make_event("Better")
    clock(seconds=5)
    assert work() == 1
    assert [each.data["lead"]["title"] for each in receiver.received][2:] in (
        ["Bad", "Better"],
        ["Better", "Bad"],
    )


def test_a_receiver_that_is_down_is_tried_once_and_then_left_alone(clock, endpoint, receiver, make_event):
    receiver.answers(502)
    for number in range(20):
        make_event(str(number))

    work()
    work()

    assert len(receiver.received) == 1
    endpoint.refresh_from_db()
    assert endpoint.held_until == START + timedelta(seconds=5)
    receiver.answers(200)
    clock(seconds=5)
    assert work() == 20
    assert [each.data["lead"]["title"] for each in receiver.received][1:] == [
        *(str(number) for number in range(1, 20)),
        "0",
    ]


def test_a_receiver_that_refuses_all_is_left_alone_too(clock, endpoint, receiver, make_event):
    receiver.answers(401)
    for number in range(20):
        make_event(str(number))

    work()

    assert len(receiver.received) == 5


def test_retry_after_is_heeded(clock, endpoint, receiver, make_event):
    receiver.answers(429, {"Retry-After": "600"})
    make_event()
    make_event()
    work()
    receiver.answers(200)

    clock(seconds=599)
    assert work() == 0
    assert len(receiver.received) == 1
    clock(seconds=1)
    assert work() == 2


def test_a_receiver_that_is_gone_is_paused_at_once(clock, endpoint, receiver, make_event, caplog):
    receiver.answers(410)
    make_event()

    with caplog.at_level(logging.WARNING):
        work()

    endpoint.refresh_from_db()
    assert (endpoint.paused_at, endpoint.pause_reason) == (START, "The receiver answered 410 Gone.")
    assert f"Webhook endpoint {endpoint.pk} is paused: The receiver answered 410" in caplog.text
    make_event()
    clock(days=1)
    assert work() == 0
    assert len(receiver.received) == 1


def test_a_receiver_that_fails_for_days_is_paused_and_goes_on_where_it_was(
    clock, endpoint, receiver, make_event, actors, settings
):
    settings.WEBHOOK_PAUSE_AFTER_DAYS = 2
    receiver.answers(500)
    make_event("First")
    work()
    clock(days=1, hours=23)
    work()
    endpoint.refresh_from_db()
    assert (endpoint.paused_at, endpoint.failing_since) == (None, START)

    clock(hours=2)
    work()
    endpoint.refresh_from_db()
    assert endpoint.paused_at == START + timedelta(days=2, hours=1)
    assert endpoint.pause_reason == "No message was accepted for 2 days. Last error: HTTP 500."
    tried = len(receiver.received)
    make_event("Second")
    clock(days=1)
    work()
    assert len(receiver.received) == tried

    receiver.answers(200)
    resume_endpoint(endpoint, actor=actors.admin)
    assert work() == 2
    assert [each.data["lead"]["title"] for each in receiver.received][tried:] == ["First", "Second"]
    with pytest.raises(Conflict):
        resume_endpoint(endpoint, actor=actors.admin)


def test_a_success_in_between_ends_the_failing(clock, endpoint, receiver, make_event):
    receiver.answers(500)
    make_event()
    work()
    clock(days=3)
    receiver.answers(200)
    work()
    clock(days=3)
    receiver.answers(500)
    make_event()

    work()

    endpoint.refresh_from_db()
    assert endpoint.paused_at is None
    assert endpoint.failing_since == START + timedelta(days=6)


def test_both_secrets_sign_for_a_day_after_a_rotation(clock, endpoint, receiver, make_event, actors):
    before = endpoint.secret

    after = rotate_secret(endpoint, actor=actors.admin)
    make_event()
    work()
    clock(hours=23, minutes=59)
    make_event()
    work()
    clock(minutes=1)
    make_event()
    work()

    assert before != after
    assert [is_signed(each, before) for each in receiver.received] == [True, True, False]
    assert [is_signed(each, after) for each in receiver.received] == [True, True, True]


def test_chosen_deliveries_are_sent_again_under_their_ids(clock, endpoint, receiver, make_event, actors):
    make_event("First")
    make_event("Second")
    work()
    first = WebhookDelivery.objects.order_by("pk")[0]

    assert redeliver([first], actor=actors.admin) == 1
    assert work() == 1

    assert [each.data["lead"]["title"] for each in receiver.received] == ["First", "Second", "First"]
    assert receiver.ids[2] == receiver.ids[0]
    assert WebhookDelivery.objects.count() == 2


def test_what_followed_a_cursor_is_sent_again(clock, make_endpoint, receiver, make_event, actors):
    make_event("Before")
    endpoint = make_endpoint()
    for title in ("First", "Second", "Third"):
        make_event(title)
    work()
    after_first = parse_cursor(receiver.received[0].data["cursor"])

    redeliver_after(endpoint, after_first, actor=actors.admin)
    assert work() == 2

    assert [each.data["lead"]["title"] for each in receiver.received][3:] == ["Second", "Third"]
    assert receiver.ids[3:] == receiver.ids[1:3]
    assert WebhookDelivery.objects.count() == 3

    # Also what happened before the endpoint was there.
    redeliver_after(endpoint, Cursor(after_first.epoch, 0), actor=actors.admin)
    assert work() == 4
    assert [each.data["lead"]["title"] for each in receiver.received[5:]] == [
        "Before",
        "First",
        "Second",
        "Third",
    ]
    assert WebhookDelivery.objects.count() == 4


def test_redelivery_from_a_future_or_expired_cursor_is_refused(endpoint, make_event, actors):
    make_event()
    work()
    end = journal.end()

    with pytest.raises(Conflict):
        redeliver_after(endpoint, end, actor=actors.admin)
    retention.prune(before=datetime(2100, 1, 1, tzinfo=UTC))
    with pytest.raises(CursorExpired):
        redeliver_after(endpoint, Cursor(end.epoch, end.seq - 1), actor=actors.admin)
    with pytest.raises(CursorExpired):
        redeliver_after(endpoint, Cursor("0" * 12, end.seq - 1), actor=actors.admin)


def test_pruned_events_become_one_bulk_message_and_the_rest_follows(
    clock, endpoint, receiver, make_event, actors, caplog
):
    make_event("Gone")
    clock(days=8)
    retention.prune()
    make_event("Kept")

    with caplog.at_level(logging.WARNING):
        assert work() == 2

    assert receiver.types == ["lead.bulk", "lead.created"]
    assert receiver.received[0].data["refetch"] is True
    assert receiver.received[1].data["lead"]["title"] == "Kept"
    endpoint.refresh_from_db()
    assert endpoint.missed_at == START + timedelta(days=8)
    assert f"before webhook endpoint {endpoint.pk} was sent them" in caplog.text
    assert work() == 0


def test_a_company_without_events_misses_none(
    clock, endpoint, receiver, make_event, other_actors, django_assert_num_queries
):
    create_lead({"title": "Theirs"}, actor=other_actors.agent)
    assert work() == 0
    # One statement, so that all it compares is of one moment.
    with django_assert_num_queries(1):
        assert advance_idle() == 1
    assert advance_idle() == 0
    clock(days=8)
    retention.prune()
    make_event("Kept")

    assert work() == 1

    assert receiver.types == ["lead.created"]


def test_idle_endpoints_do_not_jump_over_events(clock, endpoint, receiver, make_event):
    make_event("Waiting")

    assert advance_idle() == 0

    clock(days=8)
    retention.prune()
    assert advance_idle() == 0
    work()
    assert receiver.types == ["lead.bulk"]


def test_done_deliveries_go_with_the_events(clock, endpoint, receiver, make_event):
    make_event("Arrived")
    work()
    receiver.answers(500)
    make_event("Waiting")
    work()
    clock(days=8)

    assert deliveries.prune() == 1

    assert only().status == DeliveryStatus.PENDING


def test_a_lead_that_cannot_be_read_does_not_count_against_the_receiver(
    clock, endpoint, receiver, make_event, monkeypatch
):
    make_event("Broken")
    make_event("Good")
    real = LeadContent.read
    broken = Event.objects.order_by("pk")[0].object_id

    def read(self, object_id, *, actor):
        if object_id == broken:
            raise Unreadable("Reference 123.")
        return real(self, object_id, actor=actor)

    monkeypatch.setattr("leads.graphql.webhooks.LeadContent.read", read)

    assert work() == 1

    first = WebhookDelivery.objects.order_by("pk")[0]
    assert (first.status, first.attempts, first.error) == ("PENDING", 1, "Reference 123.")
    endpoint.refresh_from_db()
    assert (endpoint.failures, endpoint.failing_since) == (0, None)


def test_a_worker_that_died_leaves_its_message_to_be_sent(endpoint, receiver, make_event):
    make_event()
    sequence()
    [claim] = claim_endpoints(10)
    dispatch(claim)
    delivery = next_due(claim)
    assert delivery is not None
    assert begin_attempt(delivery, claim)

    pass_time(WebhookEndpoint, share=0.5)
    assert claim_endpoints(10) == []
    pass_time(WebhookEndpoint, share=0.6)
    assert work() == 1

    assert only().attempts == 2
    # The worker that was taken for dead changes nothing.
    release(claim)
    assert not begin_attempt(delivery, claim)
    assert (only().status, only().attempts) == ("DELIVERED", 2)


def test_a_worker_that_lost_its_lease_does_nothing_more(endpoint, receiver, make_event):
    make_event("First")
    sequence()
    [slow] = claim_endpoints(10)
    dispatch(slow)
    delivery = next_due(slow)
    assert delivery is not None
    make_event("Second")
    sequence()
    pass_time(WebhookEndpoint)
    [quick] = claim_endpoints(10)

    assert not begin_attempt(delivery, slow)
    assert not dispatch(slow)
    release(slow)

    assert list(WebhookDelivery.objects.values_list("attempts", flat=True)) == [0]
    assert claim_endpoints(10) == []
    assert begin_attempt(delivery, quick)


def test_a_delivery_redelivered_while_it_is_sent_is_sent_again(endpoint, receiver, make_event, actors):
    make_event()

    def answer(_request):
        if len(receiver.received) == 1:
            thread = threading.Thread(target=_redeliver_all, args=[actors.admin])
            thread.start()
            thread.join()
        return 200, {}, b""

    receiver.answer = answer

    assert work() == 2

    assert len(receiver.received) == 2
    assert (only().status, only().attempts) == ("DELIVERED", 1)


def _redeliver_all(actor):
    redeliver(WebhookDelivery.objects.all(), actor=actor)
    connection.close()


def test_only_managers_of_the_company_set_up_endpoints(endpoint, receiver, make_event, actors):
    make_event()
    work()
    delivery = only()
    stranger = actors.manager

    for refused in (
        lambda: create_endpoint(WebhookEndpoint(name="x", url=receiver.url), actor=stranger),
        lambda: save_endpoint(endpoint, actor=stranger),
        lambda: delete_endpoint(endpoint, actor=stranger),
        lambda: rotate_secret(endpoint, actor=stranger),
        lambda: send_test(endpoint, actor=stranger),
        lambda: resume_endpoint(endpoint, actor=stranger),
        lambda: redeliver([delivery], actor=stranger),
        lambda: redeliver_after(endpoint, journal.end(), actor=stranger),
    ):
        with pytest.raises(Forbidden):
            refused()

    assert WebhookEndpoint.objects.count() == 1
    assert only().status == "DELIVERED"


def test_deliveries_of_another_company_are_not_sent_again(endpoint, receiver, make_event, other_actors):
    make_event()
    work()

    assert redeliver([only()], actor=other_actors.admin) == 0
    assert only().status == "DELIVERED"


def test_columns_of_workers_are_not_overwritten(endpoint, receiver, make_event, actors):
    stale = type(endpoint).objects.get(pk=endpoint.pk)
    make_event()
    work()
    stale.name = "Other name"

    save_endpoint(stale, actor=actors.admin)

    endpoint.refresh_from_db()
    assert endpoint.name == "Other name"
    assert endpoint.position == journal.end().seq
    assert work() == 0


def test_nothing_is_sent_while_an_endpoint_is_off(endpoint, receiver, make_event, actors):
    lead = make_event("First")
    endpoint.is_active = False
    save_endpoint(endpoint, actor=actors.admin)
    assert work() == 0
    with pytest.raises(Conflict):
        send_test(endpoint, actor=actors.admin)
    update_lead(lead.pk, {"title": "Second"}, actor=actors.agent)

    endpoint.is_active = True
    save_endpoint(endpoint, actor=actors.admin)

    assert work() == 2
    assert receiver.types == ["lead.created", "lead.updated"]


def test_nothing_is_sent_of_a_company_that_is_not_active(endpoint, receiver, make_event, company):
    make_event()
    company.is_active = False
    company.save()
    assert work() == 0

    company.is_active = True
    company.save()
    assert work() == 1


def test_an_endpoint_deleted_while_it_is_sent_to_ends_its_turn(endpoint, receiver, make_event, caplog):
    make_event()
    make_event()

    def delete(_request):
        # Not on the connection of the worker, which waits for the answer.
        thread = threading.Thread(target=_delete_endpoints)
        thread.start()
        thread.join()
        return 500, {}, b""

    receiver.answer = delete
    with caplog.at_level(logging.ERROR):
        assert work() == 0

    assert len(receiver.received) == 1
    assert not WebhookDelivery.objects.exists()
    assert caplog.text == ""


def _delete_endpoints():
    WebhookEndpoint.objects.all().delete()
    connection.close()


def test_no_endpoint_is_sent_more_than_its_rate(endpoint, receiver, make_event, settings):
    settings.WEBHOOK_MESSAGES_PER_MINUTE = 12
    for number in range(3):
        make_event(str(number))

    # Ten seconds' worth, which is two, then nothing for that time.
    begun = timezone.now()
    at_once, again = work(), work()
    endpoint.refresh_from_db()
    pause = endpoint.leased_until - begun
    pass_time(WebhookEndpoint)
    later = work()

    assert (at_once, again, later) == (2, 0, 1)
    assert pause >= timedelta(seconds=10)
    assert len({request.id for request in receiver.received}) == len(receiver.received) == 3
