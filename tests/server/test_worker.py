"""The worker with a small application: deadlines, limits, and answers that nobody reads."""

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.config.processes import PRODUCTION, environment
from tests.e2e.servers import Lines, free_port, running
from tests.patience import PATIENCE_SECONDS
from tests.server.clients import Client, held, request
from tests.server.tiny import LARGE

THREADS = 4
CONNECTIONS = 60
FOREVER = str(10 * PATIENCE_SECONDS)
PATIENT = {"CLIENT_HEAD_SECONDS": FOREVER, "CLIENT_BODY_SECONDS": FOREVER}
STRICT = {"CLIENT_HEAD_SECONDS": "1", "CLIENT_BODY_SECONDS": "1", "CLIENT_BYTE_RATE": "100000000"}


@contextmanager
def gunicorn(**changes: str) -> Iterator[tuple[int, Lines]]:
    port = free_port()
    env = environment(
        PRODUCTION,
        DJANGO_SETTINGS_MODULE="config.settings",
        CLIENT_CONNECTIONS=str(CONNECTIONS),
        WEB_CONCURRENCY="1",
        PORT=str(port),
        **changes,
    )
    with running(sys.executable, "-m", "gunicorn", "tests.server.tiny", env=env) as lines:
        while "Booting worker" not in lines.next():
            pass
        yield port, lines


@pytest.fixture(scope="module")
def patient() -> Iterator[int]:
    with gunicorn(**PATIENT) as (port, _):
        yield port


@pytest.fixture(scope="module")
def strict() -> Iterator[int]:
    with gunicorn(**STRICT) as (port, _):
        yield port


def echo(body: bytes) -> tuple[int, bytes]:
    return 200, f"{len(body)} {hashlib.sha256(body).hexdigest()}".encode()


def ask(port: int, body: bytes = b"others") -> None:
    """Ask on a new connection, and on it again."""
    client = Client(port)
    for _ in range(2):
        client.send(request("/echo", body))
        assert client.answer() == echo(body)
    client.socket.close()


ATTACKS = {
    "half a head": request("/echo", b"x")[:30],
    "half a body": request("/echo", b"x", length=2_000),
    "a body declared and never sent": request("/echo", length=2_000),
    "a body that waits for 100 Continue": request("/echo", length=9, headers="Expect: 100-continue\r\n"),
    "nothing": b"",
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_held_requests_take_no_thread(patient, attack):
    with held(patient, 10 * THREADS, ATTACKS[attack]) as clients:
        for _ in range(5):
            ask(patient)

        # All were held while the others were answered.
        assert all(client.is_open for client in clients) or "Expect" in ATTACKS[attack].decode()


@pytest.mark.parametrize("path", ["/large", "/file"])
def test_answers_that_nobody_reads_take_no_thread_and_lose_nothing(patient, path):
    with held(patient, 5 * THREADS, request(path) * 2, buffer=32_768) as clients:
        for _ in range(5):
            ask(patient)

        # Who reads late gets all of it, and the answer to the next request.
        assert [clients[0].answer(), clients[0].answer()] == [(200, bytes(LARGE))] * 2


def test_connections_of_one_client_do_not_shut_out_others(patient):
    with held(patient, 3 * CONNECTIONS, ATTACKS["half a head"]) as clients:
        for _ in range(5):
            ask(patient)

        # Room is made by closing the oldest.
        assert not clients[0].is_open
        assert clients[-1].is_open


def test_idle_connections_give_way_before_requests_do(patient):
    with held(patient, 10, ATTACKS["half a body"]) as requests:
        for _ in range(2 * CONNECTIONS):
            idle = Client(patient, request("/echo"))
            assert idle.answer() == echo(b"")

        assert all(client.is_open for client in requests)


@pytest.mark.parametrize("attack", ["half a head", "half a body", "a body declared and never sent"])
def test_slow_request_is_told_that_its_time_is_over(strict, attack):
    client = Client(strict, ATTACKS[attack])

    assert client.rest().startswith(b"HTTP/1.1 408 Request Timeout\r\n")


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nX-Long: ", request("/echo", length=100_000)])
def test_a_byte_now_and_then_is_not_enough(strict, begun):
    client = Client(strict, begun)
    client.socket.settimeout(0.05)
    sent = 0
    answer = b""
    while not answer and sent < PATIENCE_SECONDS * 20:
        sent += 1
        try:
            client.send(b"x")
            answer = client.socket.recv(100)
        except TimeoutError:
            continue
        except ConnectionError:
            break

    assert answer.startswith(b"HTTP/1.1 408 ") or sent < PATIENCE_SECONDS * 20


def test_answer_that_is_not_read_in_time_is_dropped(strict):
    client = Client(strict, request("/large"), buffer=4_096)
    # Deadlines are looked at once a second: the second request is refused only after the first one's.
    assert Client(strict, ATTACKS["half a head"]).rest()
    assert Client(strict, ATTACKS["half a head"]).rest()

    assert len(client.rest()) < LARGE


@pytest.mark.parametrize("pieces", [1, 7])
def test_large_body_arrives_whole(patient, pieces):
    body = bytes(range(256)) * 4_000
    client = Client(
        patient,
        request(
            "/graphql", b"", length=len(body), headers="Cookie: a\r\nContent-Type: multipart/form-data\r\n"
        ),
    )
    size = len(body) // pieces + 1
    for start in range(0, len(body), size):
        client.send(body[start : start + size])

    assert client.answer() == echo(body)


def test_body_of_who_waits_for_100_continue_is_asked_for(patient):
    client = Client(patient, request("/echo", length=3, headers="Expect: 100-continue\r\n"))
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.send(b"abc")

    assert client.answer() == echo(b"abc")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
        (b"GET /" + b"x" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        (b"NONSENSE\r\n\r\n", 400),
    ],
)
def test_what_is_no_request_is_refused(patient, sent, status):
    client = Client(patient, sent)

    assert client.answer()[0] == status
    assert client.rest() == b""


def test_unread_body_is_no_further_request(patient):
    smuggled = request("/ignored", request("/smuggled"))
    client = Client(patient, smuggled + request("/echo", b"next"))

    assert client.answer() == echo(b"")
    assert client.answer() == echo(b"next")


def test_end_lets_requests_finish_and_the_log_is_json_without_what_clients_sent():
    with gunicorn(**PATIENT) as (port, lines):
        for sent in (
            b"NONSENSE secret\r\n\r\n",
            b"GET /?secret HTTP/9.9\r\n\r\n",
            b"GET / HTTP/1.1\r\nse cret: 1\r\n\r\n",
        ):
            assert Client(port, sent).answer()[0] == 400
        for sent in (request("/large"), request("/echo", b"x", length=5), b""):
            Client(port, sent).leave()
        ask(port)
        begun, idle = Client(port, request("/echo", b"a", length=2)), Client(port, request("/echo"))
        assert idle.answer() == echo(b"")

        lines.process.terminate()
        assert idle.rest() == b""
        begun.send(b"b")

        assert begun.answer() == echo(b"ab")
        assert begun.rest() == b""
        assert lines.process.wait(PATIENCE_SECONDS) == 0
    written = [*lines.seen, *remaining(lines)]
    parsed = [json.loads(line) for line in written]
    assert "Starting gunicorn" in parsed[0]["message"]
    assert [line["message"] for line in parsed if "Refused" in line["message"]] == [
        "Refused a request with 400: InvalidRequestLine",
        "Refused a request with 400: InvalidHTTPVersion",
        "Refused a request with 400: InvalidHeaderName",
    ]
    assert not [line for line in parsed if line["level"] not in ("INFO", "WARNING") or "exception" in line]
    assert "secret" not in "".join(written)


def remaining(lines: Lines) -> Iterator[str]:
    while True:
        try:
            yield lines.next()
        except EOFError:
            return


def test_answers_name_no_server(patient):
    client = Client(patient, request("/echo"))
    client.answer()

    assert b"server:" not in client.head.lower()
