"""Sending one message, over real sockets."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from crm.webhooks import sending
from crm.webhooks.sending import post
from tests.patience import PATIENCE_SECONDS
from tests.webhooks.receiving import CERTIFICATE, receiving

HEADERS = {"webhook-id": "msg_1"}


@pytest.fixture
def names(monkeypatch):
    """Set the answers of host look-ups, one after the other; the last one stays."""
    answers: dict[str, list[Any]] = {}
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def look_up(host, port, *args, **kwargs):
        looked_up.append(host)
        if host not in answers:
            return real(host, port, *args, **kwargs)
        found = answers[host].pop(0) if len(answers[host]) > 1 else answers[host][0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port)) for ip in found]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    answers["looked_up"] = looked_up
    return answers


@pytest.fixture
def trusted(monkeypatch):
    """Trust the certificate of ``receiver.test``."""
    context = ssl.create_default_context(cafile=str(CERTIFICATE))
    monkeypatch.setattr(sending, "tls_context", lambda: context)


@contextmanager
def speaking(script):
    """Run a script on the first connection to a bare server."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            connection, _ = server.accept()
            with connection, suppress(OSError):
                script(connection)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        thread.join(PATIENCE_SECONDS)


def test_a_message_arrives_as_it_is():
    with receiving() as receiver:
        attempt = post(f"{receiver.url}?a=b", b'{"x":1}', HEADERS)

    [request] = receiver.received
    assert (attempt.status, attempt.error, attempt.succeeded) == (204, "", True)
    assert (request.path, request.body) == ("/hook?a=b", b'{"x":1}')
    assert request.headers["content-type"] == "application/json"
    assert request.headers["host"] == receiver.url.split("/")[2]
    assert request.headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status):
    with receiving() as inside, receiving() as receiver:
        receiver.answers(status, {"Location": inside.url})
        attempt = post(receiver.url, b"{}", HEADERS)

    assert not attempt.succeeded
    assert attempt.error == f"HTTP {status}: redirects are not followed."
    assert inside.received == []


def test_a_refusal_is_quoted_in_short():
    with receiving() as receiver:
        receiver.answers(400, body=b"bad\r\n\x00 signature" + b"!" * 100_000)
        attempt = post(receiver.url, b"{}", HEADERS)

    assert attempt.error.startswith("HTTP 400: bad signature!!!")
    assert len(attempt.error) == 160
    assert attempt.refused_this


def test_certificate_is_verified_by_the_name(names, trusted):
    names["receiver.test"] = [["127.0.0.1"]]
    names["other.test"] = [["127.0.0.1"]]
    with receiving(tls=True) as receiver:
        good = post(receiver.url, b"{}", HEADERS)
        bad = post(receiver.url.replace("receiver.test", "other.test"), b"{}", HEADERS)

    assert good.succeeded
    assert bad.status is None
    assert bad.error.startswith("The certificate is not accepted: Hostname mismatch")
    assert len(receiver.received) == 1


def test_certificate_of_a_stranger_is_refused(names):
    names["receiver.test"] = [["127.0.0.1"]]
    with receiving(tls=True) as receiver:
        attempt = post(receiver.url, b"{}", HEADERS)

    assert attempt.error.startswith("The certificate is not accepted: self-signed certificate")
    assert receiver.received == []


def test_the_address_that_was_checked_is_the_one_that_is_called(names, trusted, settings, monkeypatch):
    """A name that points elsewhere at the second look (rebinding) is not looked up a second time."""
    settings.WEBHOOK_ALLOW_PRIVATE = False
    names["receiver.test"] = [["1.1.1.1"], ["127.0.0.1"]]
    called = []

    def refuse(address, **_):
        called.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with receiving(tls=True) as receiver:
        attempt = post(receiver.url, b"{}", HEADERS)

    assert called == ["1.1.1.1"]
    assert names["looked_up"].count("receiver.test") == 1
    assert attempt.error == "No connection: Connection refused."
    assert receiver.received == []


def test_a_name_that_leads_inside_is_not_called(names, trusted, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = False
    names["receiver.test"] = [["127.0.0.1"]]
    with receiving(tls=True) as receiver:
        attempt = post(receiver.url, b"{}", HEADERS)

    assert attempt.error == "Nothing is sent to this address: it is inside a private network."
    assert receiver.received == []


def test_a_port_that_is_not_allowed_any_more_is_not_called(settings):
    settings.WEBHOOK_PORTS = frozenset()
    with receiving() as receiver:
        attempt = post(receiver.url, b"{}", HEADERS)

    assert attempt.error.startswith("Nothing is sent to port ")
    assert (attempt.status, receiver.received) == (None, [])


def test_proxies_of_the_environment_are_not_used(monkeypatch):
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert post(receiver.url, b"{}", HEADERS).succeeded

    assert proxy.received == []


def test_the_second_address_is_tried(names):
    with receiving() as receiver:
        port = receiver.url.split(":")[2]
        # Nobody listens at the first.
        names["two.test"] = [["127.0.0.2", "127.0.0.1"]]
        attempt = post(f"http://two.test:{port}", b"{}", HEADERS)

    assert attempt.succeeded


def test_a_silent_receiver_takes_no_longer_than_the_limit():
    def listen(connection):
        # Until the other side has had enough.
        while connection.recv(65_536):
            pass

    with speaking(listen) as url:
        attempt = post(url, b"{}", HEADERS, limit=0.3)

    assert attempt.error == "No answer within 0.3 s."
    assert attempt.duration_ms >= 250


def test_a_trickling_receiver_takes_no_longer_than_the_limit():
    given_up = threading.Event()

    def trickle(connection):
        connection.recv(1_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nX-Endless: ")
        while not given_up.wait(0.05):
            connection.sendall(b"y")

    with speaking(trickle) as url:
        attempt = post(url, b"{}", HEADERS, limit=0.4)
        given_up.set()

    assert attempt.error == "No answer within 0.4 s."


@pytest.mark.parametrize(
    "content", [b"", b"SSH-2.0-OpenSSH_9\r\n", b"HTTP/1.1 99999 x\r\n\r\n", b"\x00" * 70_000]
)
def test_an_answer_that_is_not_http_is_a_failure(content):
    def speak(connection):
        connection.recv(10_000)
        connection.sendall(content)

    with speaking(speak) as url:
        attempt = post(url, b"{}", HEADERS, limit=PATIENCE_SECONDS)

    assert (attempt.status, attempt.succeeded) == (None, False)
    assert attempt.error


def test_endless_answers_are_not_read():
    def flood(connection):
        connection.recv(1_000)
        connection.sendall(b"HTTP/1.1 500 No\r\n\r\n")
        # Until the other side has had enough.
        while True:
            connection.sendall(b"x" * 100_000)

    with speaking(flood) as url:
        attempt = post(url, b"{}", HEADERS, limit=PATIENCE_SECONDS)

    assert attempt.status == 500


@pytest.mark.parametrize("host", ["nobody.invalid", "x" * 70 + ".invalid", "a..b.invalid"])
def test_unknown_host(host):
    assert post(f"https://{host}/", b"{}", HEADERS).error == "The host is unknown."


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert post(f"http://127.0.0.1:{port}/", b"{}", HEADERS).error == "No connection: Connection refused."


def test_retry_after_is_read():
    with receiving() as receiver:
        receiver.answers(429, {"Retry-After": "120"})
        attempt = post(receiver.url, b"{}", HEADERS)

    assert attempt.retry_after is not None
    assert attempt.retry_after.total_seconds() == 120
    assert not attempt.refused_this
