import logging

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import path

CSP = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"


def echo(request):
    return HttpResponse(request.headers["X-Request-ID"])


async def own_policy(request):
    return HttpResponse(headers={"Content-Security-Policy": "sandbox"})


urlpatterns = [path("echo", echo), path("own", own_policy)]
pytestmark = pytest.mark.urls(__name__)


@pytest.mark.parametrize("address", ["/echo", "/missing", "/static/admin/css/base.css"])
def test_every_answer_has_the_security_headers(address):
    answer = Client().get(address)

    assert {name: answer.headers.get(name) for name in EXPECTED} == EXPECTED
    assert "Server" not in answer.headers


EXPECTED = {
    "Content-Security-Policy": CSP,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


async def test_view_may_set_its_own_policy():
    answer = await AsyncClient().get("/own")

    assert answer.headers["Content-Security-Policy"] == "sandbox"
    assert answer.headers["Permissions-Policy"] == EXPECTED["Permissions-Policy"]


def test_request_id_of_a_client_is_replaced():
    answer = Client().get("/echo", headers={"X-Request-ID": "chosen-by-client"})

    assert answer.headers["X-Request-ID"] == answer.content.decode()
    assert len(answer.headers["X-Request-ID"]) == 32


def test_request_id_of_a_trusted_proxy_is_kept(settings):
    settings.TRUSTED_PROXY_COUNT = 1

    kept = Client().get("/echo", headers={"X-Request-ID": "from-the-proxy-1"})
    malformed = Client().get("/echo", headers={"X-Request-ID": "with a\tspace"})

    assert kept.headers["X-Request-ID"] == "from-the-proxy-1"
    assert len(malformed.headers["X-Request-ID"]) == 32


@pytest.mark.parametrize("client", [async_to_sync(AsyncClient().get), Client().get])
def test_end_of_request_is_logged_without_its_query(client, caplog):
    caplog.set_level(logging.INFO, "crm.requests")

    client("/echo?email=anna@example.com")

    (record,) = [record for record in caplog.records if record.name == "crm.requests"]
    assert record.getMessage().startswith("GET /echo 200 ")
    assert (record.method, record.path, record.status) == ("GET", "/echo", 200)
    assert "anna" not in caplog.text


def test_line_break_in_a_path_does_not_forge_a_log_line(caplog):
    caplog.set_level(logging.INFO, "crm.requests")

    Client().get("/missing%0AINFO forged")

    (record,) = [record for record in caplog.records if record.name == "crm.requests"]
    assert record.path == "/missing%0AINFO%20forged"
