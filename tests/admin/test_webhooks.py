"""The pages of endpoints of webhooks and of what was sent to them."""

import json
import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm.models import WebhookDelivery, WebhookEndpoint
from crm.models.webhooks import default_kinds
from crm.webhooks.endpoints import create_endpoint, pause_endpoint, send_test
from tests.admin.conftest import errors_of, form_of, messages_of, posted

ENDPOINTS = "/admin/crm/webhookendpoint/"
DELIVERIES = "/admin/crm/webhookdelivery/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/]{43}=")


@pytest.fixture
def endpoint(actors):
    chosen = WebhookEndpoint(name="Receiver", url="https://receiver.example.com/hook")
    return create_endpoint(chosen, actor=actors.admin)[0]


@pytest.fixture
def browser(signed_in):
    return signed_in("admin")


def act(browser, page, action, *rows):
    data = {"action": action, "_selected_action": [row.pk for row in rows]}
    return browser.post(page, data, follow=True)


@pytest.mark.parametrize(
    ("member", "status"), [("admin", 200), ("manager", 403), ("agent", 403), ("viewer", 403)]
)
def test_administrators_alone_look_and_write(signed_in, endpoint, actors, member, status):
    test = send_test(endpoint, actor=actors.admin)
    client = signed_in(member)

    for page in (ENDPOINTS, f"{ENDPOINTS}add/", f"{ENDPOINTS}{endpoint.pk}/change/", DELIVERIES):
        assert client.get(page).status_code == status, page
    assert client.get(f"{DELIVERIES}{test.pk}/change/").status_code == status


def test_a_new_endpoint_shows_its_secret_once(browser, company):
    page = browser.get(f"{ENDPOINTS}add/")
    values = posted(page, name="Orders", url="https://receiver.example.com/hook", kinds=["lead.created"])

    answer = browser.post(f"{ENDPOINTS}add/", values, follow=True)

    endpoint = WebhookEndpoint.objects.get()
    assert (endpoint.company, endpoint.name, endpoint.kinds) == (company, "Orders", ["lead.created"])
    [shown] = SECRET.findall(" ".join(messages_of(answer)))
    assert shown == endpoint.secret
    for later in (ENDPOINTS, f"{ENDPOINTS}{endpoint.pk}/change/", f"{ENDPOINTS}{endpoint.pk}/history/"):
        assert not SECRET.search(browser.get(later).content.decode())


@pytest.mark.parametrize(
    ("changes", "field", "said"),
    [
        ({"url": "ftp://example.com"}, "url", "must begin with"),
        ({"url": "https://user:pw@example.com"}, "url", "must not contain a user or a password"),
        ({"url": "https://169.254.169.254/"}, "url", "not a public internet address"),
        ({"kinds": []}, "kinds", "required"),
        ({"kinds": ["lead.bulk"]}, "kinds", "lead.bulk"),
        ({"filter": "[1]"}, "filter", "where of leads"),
        ({"filter": "{"}, "filter", "where of leads"),
        ({"filter": '{"column": "SALARY", "value": 1}'}, "filter", "SALARY"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field(browser, changes, field, said):
    page = browser.get(f"{ENDPOINTS}add/")
    values = posted(page, name="Orders", url="https://receiver.example.com/hook") | changes

    answer = browser.post(f"{ENDPOINTS}add/", values)

    assert answer.status_code == 200
    errors = errors_of(answer)
    assert list(errors) == [field]
    assert said in errors[field][0]
    assert not WebhookEndpoint.objects.exists()


def test_private_addresses_are_refused_where_they_are_not_allowed(browser, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    settings.WEBHOOK_PORTS = frozenset({8443})
    page = browser.get(f"{ENDPOINTS}add/")

    for url, said in (
        ("http://example.com/", "https://"),
        ("https://10.0.0.1/", "private network"),
        ("https://example.com:22/", "Nothing is sent to port 22: use 443, 8443,"),
    ):
        answer = browser.post(f"{ENDPOINTS}add/", posted(page, name="Orders", url=url))
        assert said in errors_of(answer)["url"][0]


def test_an_endpoint_is_changed_and_keeps_the_rest(browser, endpoint):
    address = f"{ENDPOINTS}{endpoint.pk}/change/"
    where = '{"column": "TITLE", "operator": "LIKE", "value": "Big%"}'

    answer = browser.post(address, form_of(browser, address, name="Other", filter=where))

    assert answer.status_code == 302
    changed = WebhookEndpoint.objects.get()
    assert (changed.name, changed.filter, changed.kinds) == ("Other", json.loads(where), default_kinds())
    assert changed.secret == endpoint.secret
    assert browser.post(address, form_of(browser, address, filter="")).status_code == 302
    assert WebhookEndpoint.objects.get().filter is None


def test_a_paused_endpoint_says_why_and_is_resumed(browser, endpoint):
    pause_endpoint(endpoint.pk, reason="No message was accepted for 5 days.", now=timezone.now())

    for page in (ENDPOINTS, f"{ENDPOINTS}{endpoint.pk}/change/"):
        assert "ago. No message was accepted for 5 days." in browser.get(page).content.decode()
    assert messages_of(act(browser, ENDPOINTS, "send_test_selected", endpoint)) == [
        "Receiver: Nothing is sent to this endpoint now: activate it, or resume it if it is paused."
    ]
    assert messages_of(act(browser, ENDPOINTS, "resume_selected", endpoint)) == [
        "Resumed 1 webhook endpoint."
    ]
    assert messages_of(act(browser, ENDPOINTS, "resume_selected", endpoint)) == [
        "Receiver: This endpoint is not paused."
    ]
    assert "Sending" in browser.get(ENDPOINTS).content.decode()


def test_a_failing_endpoint_says_since_when(browser, endpoint):
    WebhookEndpoint.objects.update(failing_since=timezone.now() - timedelta(hours=3), failures=7)

    text = browser.get(ENDPOINTS).content.decode()

    assert "Failing for 3\xa0hours, 7 times in a row" in text


def test_new_secrets_are_shown_once(browser, endpoint):
    answer = act(browser, ENDPOINTS, "rotate_selected", endpoint)

    stored = WebhookEndpoint.objects.get()
    assert SECRET.findall(" ".join(messages_of(answer))) == [stored.secret]
    assert stored.previous_secret == endpoint.secret
    assert not SECRET.search(browser.get(f"{ENDPOINTS}{endpoint.pk}/change/").content.decode())


def test_a_test_waits_to_be_sent_and_is_sent_again(browser, endpoint):
    act(browser, ENDPOINTS, "send_test_selected", endpoint)
    delivery = WebhookDelivery.objects.get()
    assert (delivery.type, delivery.status) == ("webhook.test", "PENDING")
    WebhookDelivery.objects.update(status="FAILED", attempts=10, error="HTTP 500.", next_attempt_at=None)

    answer = act(browser, DELIVERIES, "redeliver_selected", delivery)

    assert messages_of(answer) == ["Queued again: 1 webhook delivery."]
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.error) == ("PENDING", 0, "")


def test_deliveries_are_neither_added_nor_changed_nor_deleted(browser, endpoint, actors):
    delivery = send_test(endpoint, actor=actors.admin)

    assert browser.get(f"{DELIVERIES}add/").status_code == 403
    assert browser.post(f"{DELIVERIES}{delivery.pk}/change/", {"type": "x"}).status_code == 403
    assert browser.post(f"{DELIVERIES}{delivery.pk}/delete/", {"post": "yes"}).status_code == 403
    assert WebhookDelivery.objects.get().type == "webhook.test"


def test_deliveries_are_found_by_message_and_status(browser, endpoint, actors):
    one, other = (send_test(endpoint, actor=actors.admin) for _ in range(2))
    WebhookDelivery.objects.filter(pk=other.pk).update(status="DELIVERED")

    found = browser.get(DELIVERIES, {"q": one.message_id}).context["cl"].queryset
    waiting = browser.get(DELIVERIES, {"status__exact": "PENDING"}).context["cl"].queryset

    assert list(found) == [one]
    assert list(waiting) == [one]
    assert browser.get(DELIVERIES, {"endpoint__id__exact": endpoint.pk}).context["cl"].queryset.count() == 2


def test_an_endpoint_is_deleted_with_its_deliveries(browser, endpoint, actors):
    send_test(endpoint, actor=actors.admin)

    assert browser.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"}).status_code == 302

    assert not WebhookEndpoint.objects.exists()
    assert not WebhookDelivery.objects.exists()


@pytest.mark.parametrize("page", [ENDPOINTS, DELIVERIES])
def test_lists_take_as_many_statements_for_many_rows(browser, endpoint, actors, page):
    def statements():
        with CaptureQueriesContext(connection) as counted:
            browser.get(page)
        return len(counted)

    send_test(endpoint, actor=actors.admin)
    few = statements()
    for number in range(5):
        chosen = WebhookEndpoint(name=str(number), url="https://receiver.example.com/")
        send_test(create_endpoint(chosen, actor=actors.admin)[0], actor=actors.admin)

    assert statements() == few
