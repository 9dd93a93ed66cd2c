"""The page of a webhook's deliveries: a test sent by the worker, its answer, and sending again."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm.models import WebhookDelivery, WebhookEndpoint
from crm.webhooks.endpoints import create_endpoint, pause_endpoint, send_test
from tests.admin.conftest import messages_of
from tests.webhooks.conftest import endpoint, make_endpoint, receiver, work

__all__ = ["endpoint", "make_endpoint", "receiver"]


@pytest.fixture
def browser(signed_in):
    return signed_in("admin")


def page(endpoint, name="deliveries", *more):
    return reverse(f"admin:crm_webhookendpoint_{name}", args=[endpoint.pk, *more])


def part(browser, address):
    """Return what htmx gets, which asks until there is an outcome."""
    return browser.get(address, headers={"HX-Request": "true"}).content.decode()


def test_a_test_is_sent_by_the_worker_and_its_answer_is_shown(browser, endpoint, receiver):
    watching = browser.post(page(endpoint, "test")).url
    before = part(browser, watching)
    assert work() == 1
    after = part(browser, watching)

    assert 'hx-trigger="every 1s"' in before
    assert "Being sent" in before
    assert "hx-trigger" not in after
    assert "The answer was HTTP 204, after" in after
    whole = browser.get(watching)
    assert [row.type for row in whole.context_data["rows"]] == ["webhook.test"]
    assert receiver.types == ["webhook.test"]


def test_a_failure_says_why_and_is_sent_again_at_once(browser, endpoint, receiver):
    receiver.answers(500, body=b"no room left")
    watching = browser.post(page(endpoint, "test")).url
    work()
    failed = part(browser, watching)
    delivery = WebhookDelivery.objects.get()
    again = browser.post(page(endpoint, "send_again", delivery.pk)).url
    waits = part(browser, again)
    WebhookEndpoint.objects.update(held_until=None)
    receiver.answers(200)
    work()

    assert "HTTP 500: no room left" in failed
    assert "It is sent again at" in failed
    assert "hx-trigger" not in failed
    # The endpoint is left alone for a while after a failure.
    assert "After the last failures it waits until" in waits
    assert "The answer was HTTP 200" in part(browser, again)


def test_no_worker_and_an_endpoint_that_is_off_are_told_apart(browser, endpoint, actors):
    delivery = send_test(endpoint, actor=actors.admin)
    address = f"{page(endpoint)}?watch={delivery.pk}"
    WebhookDelivery.objects.update(updated_at=timezone.now() - timedelta(minutes=2))

    late = part(browser, address)
    pause_endpoint(endpoint.pk, reason="Gone.", now=timezone.now())
    paused = browser.get(address).content.decode()
    refused = browser.post(page(endpoint, "test"), follow=True)
    resumed = browser.post(page(endpoint, "resume"), follow=True)

    assert "No worker seems to run" in late
    assert 'hx-trigger="every' not in late
    assert "It is sent once the webhook is active again." in paused
    assert "Gone." in paused
    assert "Nothing is sent to this endpoint now" in messages_of(refused)[0]
    assert messages_of(resumed) == ["“Receiver” goes on from where it stopped."]
    assert WebhookEndpoint.objects.get().paused_at is None


def test_deliveries_are_narrowed_by_state_and_paged(browser, endpoint, actors, monkeypatch):
    monkeypatch.setattr("crm.admin.setup.deliveries.PAGE", 2)
    keys = [send_test(endpoint, actor=actors.admin).pk for _ in range(3)]
    WebhookDelivery.objects.filter(pk=keys[0]).update(status="DELIVERED")

    first = browser.get(page(endpoint)).context_data
    second = browser.get(page(endpoint), {"before": first["last"]}).context_data
    waiting = browser.get(page(endpoint), {"state": "PENDING"}).context_data
    unknown = browser.get(page(endpoint), {"state": "x", "before": "y", "watch": "z"}).context_data

    assert [row.pk for row in first["rows"]] == keys[:0:-1]
    assert [row.pk for row in second["rows"]] == keys[:1]
    assert (second["last"], waiting["last"]) == (None, None)
    assert [row.pk for row in waiting["rows"]] == keys[:0:-1]
    assert [row.pk for row in unknown["rows"]] == keys[:0:-1]


def test_administrators_alone_and_only_their_own(signed_in, endpoint, actors, other_actors):
    foreign, _secret = create_endpoint(
        WebhookEndpoint(name="Foreign", url="https://receiver.example.com/"), actor=other_actors.admin
    )
    theirs = send_test(foreign, actor=other_actors.admin)
    delivery = send_test(endpoint, actor=actors.admin)
    posts = [("test",), ("resume",), ("send_again", delivery.pk)]
    for role in ("viewer", "agent", "manager"):
        client = signed_in(role)
        assert client.get(page(endpoint)).status_code == 403
        assert [client.post(page(endpoint, *each)).status_code for each in posts] == [403, 403, 403]
    admin = signed_in("admin")

    assert admin.get(page(foreign)).status_code == 404
    assert admin.post(page(foreign, "test")).status_code == 404
    assert admin.post(page(endpoint, "send_again", theirs.pk)).status_code == 404
    assert admin.get(f"{page(endpoint)}?watch={theirs.pk}").context_data["watched"] is None
    assert WebhookDelivery.objects.count() == 2


def test_a_new_endpoint_leads_to_its_test_and_statements_stay_the_same(browser, endpoint, actors):
    listed = browser.get(reverse("admin:crm_webhookendpoint_changelist")).content.decode()
    counts = []
    for number in (1, 5):
        for _ in range(number):
            send_test(endpoint, actor=actors.admin)
        browser.get(page(endpoint))
        with CaptureQueriesContext(connection) as captured:
            browser.get(page(endpoint))
        counts.append(len(captured))

    assert page(endpoint) in listed
    assert counts[0] == counts[1]


def test_an_endpoint_of_another_company_is_not_there(browser, make_endpoint, other_actors):
    theirs = make_endpoint(actor=other_actors.admin)
    delivery = send_test(theirs, actor=other_actors.admin)

    answers = [
        browser.get(page(theirs)),
        browser.post(page(theirs, "test")),
        browser.post(page(theirs, "resume")),
        browser.post(page(theirs, "send_again", delivery.pk)),
    ]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert WebhookDelivery.objects.count() == 1
