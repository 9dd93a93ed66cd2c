"""The worker: several endpoints at once, several workers, and how they end."""

import logging
import signal
import subprocess
import sys
import threading
from collections import Counter
from contextlib import contextmanager

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import OperationalError, connections

from crm.background.worker import working
from crm.events import journal
from crm.events.sequencer import sequence
from crm.models import WebhookDelivery, WebhookEndpoint
from crm.webhooks import turns, worker
from crm.webhooks.dispatching import claim_endpoints, dispatch, release
from crm.webhooks.worker import Worker
from leads.services.leads import create_lead
from tests.config.processes import ROOT
from tests.events.processes import of_test_database
from tests.patience import PATIENCE_SECONDS
from tests.webhooks.receiving import receiving

pytestmark = pytest.mark.django_db(transaction=True)

FLAGS = {"WEBHOOK_ALLOW_PRIVATE": "true"}


@pytest.fixture
def make_event(actors):
    return lambda title="Deal": create_lead({"title": title}, actor=actors.agent)


@contextmanager
def command(*arguments):
    """Run the command in another process, on the database of the test."""
    with subprocess.Popen(
        [sys.executable, "manage.py", "deliver_webhooks", *arguments],
        cwd=ROOT,
        env=of_test_database(**FLAGS),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def in_threads(number, work):
    """Run a function in threads at the same time; return the exceptions."""
    raised = []
    together = threading.Barrier(number)

    def run():
        try:
            together.wait(PATIENCE_SECONDS)
            work()
        except Exception as error:
            raised.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return raised


def test_once_sends_what_is_due_and_ends(endpoint, receiver, make_event, capsys):
    for number in range(5):
        make_event(str(number))

    call_command("deliver_webhooks", once=True)

    assert capsys.readouterr().out == "5 webhooks were accepted.\n"
    assert [each.data["lead"]["title"] for each in receiver.received] == list("01234")


@pytest.mark.parametrize("wrong", [{"poll": 0.0}, {"poll": -1.0}, {"threads": 0}])
def test_wrong_usage(db, wrong):
    with pytest.raises(CommandError, match="greater than zero"):
        call_command("deliver_webhooks", once=True, **wrong)


def test_a_slow_receiver_does_not_keep_others(make_endpoint, receiver, make_event):
    let_go = threading.Event()
    with receiving() as slow:
        slow.answer = lambda _request: ((let_go.wait(PATIENCE_SECONDS) and 200) or 500, {}, b"")
        make_endpoint(name="Slow", url=slow.url)
        make_endpoint(name="Quick")
        for number in range(3):
            make_event(str(number))
        stopped = threading.Event()
        worker = Worker(stopped, threads=2)
        thread = threading.Thread(target=worker.run, kwargs={"seconds": 0.05})
        thread.start()
        try:
            receiver.wait_for(3)
            assert len(slow.received) == 1
            make_event("Later")
            receiver.wait_for(4)
            assert len(slow.received) == 1
            let_go.set()
            slow.wait_for(4)
        finally:
            let_go.set()
            stopped.set()
            thread.join(PATIENCE_SECONDS)

    assert not thread.is_alive()
    assert worker.sent == 8


def test_workers_that_race_make_one_delivery_of_each_event(make_endpoint, receiver, make_event):
    """Several dispatch from the same endpoints at the same time, while leads are made."""
    endpoints = [make_endpoint(name=str(number)) for number in range(3)]
    begin = journal.end().seq

    def work():
        for _ in range(6):
            make_event()
            sequence()
            for claim in claim_endpoints(2):
                dispatch(claim)
                release(claim)

    raised = in_threads(4, work)
    sequence()
    for claim in claim_endpoints(10):
        dispatch(claim)
        release(claim)

    assert raised == []
    end = journal.end().seq
    assert end - begin == 24
    for endpoint in endpoints:
        made = Counter(endpoint.deliveries.values_list("seq", flat=True))
        assert made == Counter(range(begin + 1, end + 1))
        endpoint.refresh_from_db()
        assert endpoint.position == end


def test_an_endpoint_has_one_worker_at_a_time(make_endpoint, receiver, make_event):
    for number in range(4):
        make_endpoint(name=str(number))
    make_event()
    sequence()
    claimed = []

    raised = in_threads(4, lambda: claimed.extend(claim_endpoints(2)))

    assert raised == []
    assert len(claimed) <= 8
    assert len({claim.endpoint_id for claim in claimed}) == len(claimed)
    claimed.extend(claim_endpoints(10))
    assert len(claimed) == 4
    assert claim_endpoints(10) == []


def test_workers_that_race_send_each_message_once(make_endpoint, receiver, make_event):
    endpoints = [make_endpoint(name=str(number)) for number in range(3)]
    for number in range(10):
        make_event(str(number))

    raised = in_threads(3, lambda: Worker(threading.Event(), threads=2).run_once())

    assert raised == []
    assert len(receiver.received) == 30
    assert len(set(receiver.ids)) == 30
    assert set(WebhookDelivery.objects.values_list("status", "attempts")) == {("DELIVERED", 1)}
    for endpoint in endpoints:
        own = list(endpoint.deliveries.order_by("seq").values_list("message_id", flat=True))
        assert [each for each in receiver.ids if each in own] == own, "in the order of the log"


def test_a_worker_that_is_killed_while_sending_loses_nothing(endpoint, receiver, make_event):
    hang = threading.Event()
    receiver.answer = lambda _request: ((hang.wait(PATIENCE_SECONDS) and 200) or 200, {}, b"")
    make_event()
    with command() as process:
        receiver.wait_for(1)
        process.kill()
        process.wait(PATIENCE_SECONDS)
    hang.set()

    [delivery] = WebhookDelivery.objects.all()
    assert (delivery.status, delivery.attempts) == ("PENDING", 1)
    # Its lease is still good, and another worker does not take it.
    assert claim_endpoints(1) == []
    WebhookEndpoint.objects.update(leased_until=delivery.created_at)
    assert Worker(threading.Event()).run_once() == 1

    assert len(receiver.received) == 2
    assert len(set(receiver.ids)) == 1
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("DELIVERED", 2)


def test_a_worker_that_is_stopped_finishes_what_it_is_sending(endpoint, receiver, make_event):
    hang = threading.Event()
    receiver.answer = lambda _request: ((hang.wait(PATIENCE_SECONDS) and 200) or 500, {}, b"")
    for number in range(3):
        make_event(str(number))
    with command("--poll", "0.1") as process:
        receiver.wait_for(1)
        process.send_signal(signal.SIGTERM)
        hang.set()
        assert process.wait(PATIENCE_SECONDS) == 0
        assert process.stdout.read() == ""

    assert list(receiver.ids) == [
        delivery.message_id for delivery in WebhookDelivery.objects.filter(status="DELIVERED").order_by("seq")
    ]
    assert WebhookEndpoint.objects.get().leased_by == ""


def test_a_stopped_worker_sends_no_further_message(endpoint, receiver, make_event):
    stopped = threading.Event()

    def answer(_request):
        stopped.set()
        return 200, {}, b""

    receiver.answer = answer
    for number in range(3):
        make_event(str(number))

    Worker(stopped).run()

    assert len(receiver.received) == 1
    assert sorted(WebhookDelivery.objects.values_list("status", flat=True)) == [
        "DELIVERED",
        "PENDING",
        "PENDING",
    ]
    assert WebhookEndpoint.objects.get().leased_by == ""


def test_the_worker_waits_for_a_database_that_is_away(endpoint, receiver, make_event, monkeypatch, caplog):
    make_event()
    stopped = threading.Event()
    looks = []
    real = claim_endpoints

    def claim(limit):
        looks.append(limit)
        if len(looks) == 1:
            raise OperationalError("away")
        return real(limit)

    monkeypatch.setattr(worker, "claim_endpoints", claim)
    thread = threading.Thread(target=Worker(stopped).run, kwargs={"seconds": 0.05})
    with caplog.at_level(logging.ERROR):
        thread.start()
        receiver.wait_for(1)
        stopped.set()
        thread.join(PATIENCE_SECONDS)

    assert "The webhook worker lost the database." in caplog.text


def test_one_endpoint_that_cannot_be_served_does_not_keep_others(
    make_endpoint, receiver, make_event, monkeypatch, caplog
):
    broken = make_endpoint(name="Broken")
    make_endpoint(name="Good", url=f"{receiver.url}/good")
    make_event()
    real = dispatch

    def dispatched(claim):
        if claim.endpoint_id == broken.pk:
            raise OperationalError("away")
        return real(claim)

    monkeypatch.setattr(turns, "dispatch", dispatched)

    assert Worker(threading.Event()).run_once() == 1

    assert [each.path for each in receiver.received] == ["/hook/good"]
    assert f"Webhook endpoint {broken.pk} could not be served." in caplog.text


def test_redeliver_command(endpoint, receiver, make_event, capsys):
    make_event("First")
    make_event("Second")
    call_command("deliver_webhooks", once=True)
    cursor = receiver.received[0].data["cursor"]

    call_command("redeliver_webhooks", str(endpoint.pk), after=cursor)
    call_command("deliver_webhooks", once=True)

    assert [each.data["lead"]["title"] for each in receiver.received] == ["First", "Second", "Second"]
    assert "The events after the cursor are sent to Receiver again." in capsys.readouterr().out
    for wrong, message in (
        ({"endpoint": "0", "after": cursor}, "There is no endpoint 0: take the id from the admin"),
        ({"endpoint": str(endpoint.pk), "after": "x"}, "This is not an event cursor."),
        ({"endpoint": str(endpoint.pk), "after": str(journal.end())}, "has not been sent anything"),
    ):
        with pytest.raises(CommandError, match=message):
            call_command("redeliver_webhooks", wrong["endpoint"], after=wrong["after"])


def test_finding_work_takes_as_many_statements_for_many_endpoints(
    make_endpoint, receiver, make_event, django_assert_num_queries
):
    for number in range(10):
        make_endpoint(name=str(number))
    make_event()
    sequence()

    # With the beginning and the end of the transaction.
    with django_assert_num_queries(5):
        assert len(claim_endpoints(10)) == 10
    with django_assert_num_queries(1):
        assert claim_endpoints(10) == []


def test_a_server_of_one_process_sends_too(endpoint, receiver, make_event):
    with working(["webhooks"]):
        make_event()
        receiver.wait_for(1)

    assert WebhookDelivery.objects.get().status == "DELIVERED"
