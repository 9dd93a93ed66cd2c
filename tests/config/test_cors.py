"""CORS on the API and receivers: alike on the fast path, under WSGI and ASGI, and nowhere else."""

import json
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from asgiref.testing import ApplicationCommunicator
from django.conf import settings as product
from django.core.exceptions import ImproperlyConfigured
from django.test import AsyncClient, Client

from config.asgi_middleware import with_body_limit
from config.environment import origins
from crm.graphql.limits import Limits
from leads.services.receiver_keys import HEADERS
from tests.config.both_paths import BothPaths, send
from tests.factories.leads import LeadReceiverFactory
from tests.patience import PATIENCE_SECONDS

LISTED, OTHER, FOREIGN = "https://app.example", "https://form.example", "https://evil.example"
ALLOW = "access-control-allow-origin"


@pytest.fixture
def listed(settings):
    settings.CORS_ALLOWED_ORIGINS = [LISTED]


def cors_of(headers):
    return {name.lower(): value for name, value in headers.items() if name.lower().startswith("access-")}


EXPOSED = {
    ALLOW: LISTED,
    "access-control-expose-headers": "Idempotent-Replayed, RateLimit, RateLimit-Policy, Retry-After,"
    " X-Request-ID",
}
#: The changes to a request, and whether the page may read the answer.
CASES: dict[str, tuple[dict[str, Any], bool]] = {
    "a listed origin": ({"HTTP_ORIGIN": LISTED}, True),
    "no origin": ({}, False),
    "a foreign origin": ({"HTTP_ORIGIN": FOREIGN}, False),
    "a file": ({"HTTP_ORIGIN": "null"}, False),
    "a star": ({"HTTP_ORIGIN": "*"}, False),
    "a listed origin as the beginning": ({"HTTP_ORIGIN": f"{LISTED}.evil.example"}, False),
    "another port": ({"HTTP_ORIGIN": f"{LISTED}:8443"}, False),
    "another scheme": ({"HTTP_ORIGIN": "http://app.example"}, False),
    "a bad token": ({"HTTP_ORIGIN": LISTED, "HTTP_AUTHORIZATION": "Bearer crm_x"}, True),
    "a bad document": ({"HTTP_ORIGIN": LISTED, "body": {"query": "{"}}, True),
    "too large": ({"HTTP_ORIGIN": LISTED, "body": b" " * (Limits().body + 1)}, True),
    "a cookie beside": ({"HTTP_ORIGIN": LISTED, "HTTP_COOKIE": f"sessionid={'x' * 32}"}, True),
}


@pytest.mark.parametrize("name", CASES)
def test_both_paths_answer_alike(listed, closings, both_paths, token, name):
    # Made after the setting: the fast path reads it when it starts.
    both_paths = BothPaths(both_paths.django)
    changes, readable = CASES[name]

    fast = send(both_paths.fast, token, **changes)

    assert both_paths.went_through_django == (name == "too large")
    assert fast == send(both_paths.django, token, **changes)
    assert cors_of(fast[1]) == (EXPOSED if readable else {})
    assert "Origin" in fast[1]["Vary"]


def preflight(path, origin, **headers):
    sent = {"Origin": origin, "Access-Control-Request-Method": "POST", **headers}
    return Client().options(path, headers=sent)


def test_preflights_are_answered(listed, db):
    for path in ("/graphql", "/graphql/stream", "/receivers/00000000-0000-4000-8000-000000000000"):
        answer = preflight(path, LISTED)
        assert (answer.status_code, answer[ALLOW]) == (200, LISTED)
        assert answer["access-control-allow-methods"] == "GET, OPTIONS, POST"
        allowed = answer["access-control-allow-headers"].split(", ")
        assert {"authorization", "content-type", "idempotency-key", "x-company", "last-event-id"} <= set(
            allowed
        )
        assert {name.lower() for name in HEADERS.values()} <= set(allowed)
        assert "access-control-allow-credentials" not in answer
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert cors_of(preflight(path, FOREIGN)) == {}
    assert preflight("/graphql", LISTED, Host="evil.example").status_code == 400


@pytest.mark.parametrize("path", ["/admin/login/", "/healthz", "/files/x", "/graphql/", "/static/x"])
def test_other_addresses_are_for_no_other_site(listed, db, path):
    for answer in (Client().get(path, headers={"Origin": LISTED}), preflight(path, LISTED)):
        assert cors_of(answer) == {}


def test_without_a_setting_nothing_is_sent(db, both_paths, token):
    assert cors_of(send(both_paths.fast, token, HTTP_ORIGIN=LISTED)[1]) == {}
    for path in ("/graphql", "/receivers/00000000-0000-4000-8000-000000000000"):
        refused = preflight(path, LISTED)
        assert (refused.status_code, cors_of(refused)) == (405, {})


def test_cookie_of_a_listed_site_does_not_count(listed, tenant, settings):
    client = Client(enforce_csrf_checks=True)
    client.force_login(tenant.users["admin"])
    client.cookies["csrftoken"] = "t" * 32

    answer = client.post(
        "/graphql",
        {"query": "{ me { displayname } }"},
        content_type="application/json",
        headers={"Origin": LISTED, "X-CSRFToken": "t" * 32},
    )

    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (403, "FORBIDDEN")
    assert answer[ALLOW] == LISTED


@pytest.mark.parametrize("server", ["wsgi", "asgi"])
@pytest.mark.django_db(transaction=True)
def test_receiver_names_its_own_sites(tenant, settings, server):
    own = LeadReceiverFactory(company=tenant.company, allowed_origins=[OTHER])
    plain = LeadReceiverFactory(company=tenant.company)

    def call(method, receiver, origin):
        sent = {"Origin": origin, "Access-Control-Request-Method": "POST"}
        sending: Any = {"content_type": "application/json", "headers": sent}
        address, body = f"/receivers/{receiver.uuid}", json.dumps({"firstname": "Jane"})
        if server == "wsgi":
            return Client().generic(method, address, body, **sending)

        async def call_async():
            return await AsyncClient().generic(method, address, body, **sending)

        return async_to_sync(call_async)()

    def allowed(receiver, origin):
        return [call(method, receiver, origin).get(ALLOW) for method in ("OPTIONS", "POST")]

    assert allowed(own, OTHER) == [OTHER, OTHER]
    assert allowed(own, FOREIGN) == allowed(plain, OTHER) == allowed(own, LISTED) == [None, None]
    # Where no page may post, a preflight is refused as any other method.
    assert call("OPTIONS", plain, OTHER).status_code == 405

    settings.CORS_ALLOWED_ORIGINS = [LISTED]
    assert allowed(own, LISTED) == allowed(plain, LISTED) == [LISTED, LISTED]
    assert allowed(own, OTHER) == [OTHER, OTHER]
    own.is_active = False
    own.save()
    assert allowed(own, OTHER) == [None, None]


def test_deliveries_of_servers_read_no_origins(tenant, django_assert_num_queries):
    receiver = LeadReceiverFactory(company=tenant.company, allowed_origins=[OTHER])
    with django_assert_num_queries(1):
        # Refused by what is read of the receiver alone.
        Client().post(f"/receivers/{receiver.uuid}", b"[]", content_type="application/json")


async def asgi(application, path, method="POST", headers=(), body=b""):
    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
    }
    communicator = ApplicationCommunicator(application, scope)
    await communicator.send_input({"type": "http.request", "body": body})
    start = await communicator.receive_output(PATIENCE_SECONDS)
    # To its end, which closes what holds the body.
    await communicator.receive_output(PATIENCE_SECONDS)
    await communicator.wait(PATIENCE_SECONDS)
    return start["status"], {name.decode(): value.decode() for name, value in start["headers"]}


@pytest.mark.django_db(transaction=True)
async def test_answers_that_django_does_not_see(listed, settings):
    from config.asgi import application

    post = [(b"accept", b"text/event-stream"), (b"content-type", b"application/json")]
    origin, foreign = (b"origin", LISTED.encode()), (b"origin", FOREIGN.encode())
    ask = (b"access-control-request-method", b"POST")

    status, headers = await asgi(application, "/graphql/stream", headers=[*post, origin], body=b"{}")
    assert (status, cors_of(headers)) == (401, EXPOSED)
    assert "Origin" in headers["vary"]
    status, headers = await asgi(application, "/graphql/stream", headers=[*post, foreign], body=b"{}")
    assert (status, cors_of(headers)) == (403, {})
    status, headers = await asgi(application, "/graphql/stream", "OPTIONS", [origin, ask])
    assert (status, headers[ALLOW]) == (200, LISTED)
    length = (b"content-length", b"99999999")
    status, headers = await asgi(with_body_limit(application), "/graphql", headers=[*post, origin, length])
    assert (status, cors_of(headers)) == (413, EXPOSED)

    settings.CORS_ALLOWED_ORIGINS = []
    status, headers = await asgi(application, "/graphql/stream", "OPTIONS", [origin, ask])
    assert (status, cors_of(headers)) == (405, {})


def test_setting_takes_origins_alone(monkeypatch):
    def read(text):
        import environ

        monkeypatch.setenv("CORS_ALLOWED_ORIGINS", text)
        return origins(environ.Env(), "CORS_ALLOWED_ORIGINS")

    assert read("") == []
    assert read("https://App.example:443/,http://localhost:3000") == [
        "https://app.example",
        "http://localhost:3000",
    ]
    for bad in (
        "*",
        "null",
        "app.example",
        "https://app.example/x",
        "https://*.example",
        "https://a:99999",
        "ftp://a",
    ):
        with pytest.raises(ImproperlyConfigured, match=r"CORS_ALLOWED_ORIGINS: .* is no origin"):
            read(bad)


def test_cookies_are_never_allowed():
    assert not getattr(product, "CORS_ALLOW_CREDENTIALS", False)
    assert not getattr(product, "CORS_ALLOW_ALL_ORIGINS", False)
