"""Half-sent bodies: how little they cost others while they are held, and that they end."""

import time

import pytest

from tests.e2e.servers import free_port
from tests.e2e.test_files import form
from tests.file_samples import png
from tests.server.clients import Client, held
from tests.server.sites import ANSWER, DOORS, JSON, QUERY, Site, caddy, get, nginx, post, wait_until_up

pytestmark = pytest.mark.postgres

HELD = 50
HALF = post(QUERY[:9], length=200_000)
#: Requests with and without held bodies in each round, and in each block of one kind.
ROUND, BLOCK = 200, 50
#: One round that holds is enough; the others are for a machine that is busy with something else.
ROUNDS = 10
LARGEST_RATIO = 2


def p99(times: list[float]) -> float:
    return sorted(times)[len(times) * 99 // 100]


def block(site: Site, door: str) -> list[float]:
    """Return the seconds from connecting to the answer of some requests, one after the other."""
    sent = post(QUERY, f"{JSON}Authorization: Bearer {site.token}\r\n")
    times = []
    for _ in range(BLOCK):
        started = time.perf_counter()
        client = Client(site.port(door), sent)
        assert client.answer() == (200, ANSWER)
        times.append(time.perf_counter() - started)
        client.socket.close()
    return times


def ratio_of_round(site: Site, door: str) -> float:
    """Return how many times as long the slowest of a hundred take beside held bodies.

    Blocks of both kinds take turns, so that the rest of the machine slows down one as much as the other.
    """
    alone: list[float] = []
    beside: list[float] = []
    for _ in range(ROUND // BLOCK):
        alone += block(site, door)
        with held(site.port(door), HELD, HALF) as clients:
            # The server has then accepted and read all that came before: only holding is measured.
            assert Client(site.port(door), get("/healthz")).answer()[0] == 200
            beside += block(site, door)
            assert all(client.is_open for client in clients)
    return p99(beside) / p99(alone)


@pytest.mark.parametrize("door", DOORS)
def test_others_take_at_most_twice_as_long_beside_fifty(site, door):
    block(site, door)
    ratios: list[float] = []
    while not ratios or (ratios[-1] > LARGEST_RATIO and len(ratios) < ROUNDS):
        ratios.append(ratio_of_round(site, door))

    assert min(ratios) <= LARGEST_RATIO, ratios


FORM = "Content-Type: multipart/form-data; boundary=x\r\n"
BEGUN = {
    "half a body": HALF,
    "half a small body": post(QUERY[:9], length=2_000),
    "a body declared and never sent": post(b"", length=2_000),
    "half a form": post(b"--x\r\n", FORM, length=20_000),
    "half a large form": post(b"--x\r\n", f"{FORM}Cookie: a\r\n", length=20_000_000),
}


@pytest.mark.parametrize("proxy", [caddy, nginx])
def test_proxies_end_them_though_the_servers_would_wait(site, tmp_path, proxy):
    port = free_port()
    ports = {"gunicorn": site.gunicorn, "serve": site.serve, proxy.__name__: port}
    with proxy(tmp_path, ports, body_seconds="1") as lines:
        wait_until_up(port, lines)
        clients = {name: Client(port, sent) for name, sent in BEGUN.items()}

        # Each with an error or nothing, and closed.
        for name, client in clients.items():
            assert client.rest()[:12] in (
                b"",
                b"HTTP/1.1 408",
                b"HTTP/1.1 499",
                b"HTTP/1.1 502",
                b"HTTP/1.1 504",
            ), name


def test_an_upload_that_moves_may_take_longer_behind_caddy(site, tmp_path):
    port = free_port()
    body, content_type = form(png() + bytes(2_000_000))
    upload = post(body, f"Content-Type: {content_type}\r\nAuthorization: Bearer {site.token}\r\n")
    with caddy(
        tmp_path, {"gunicorn": site.gunicorn, "serve": site.serve, "caddy": port}, body_seconds="1"
    ) as lines:
        wait_until_up(port, lines)
        uploading = Client(port, upload[:1_000_000])
        # It began later, and its time is over.
        Client(port, HALF).rest()
        uploading.send(upload[1_000_000:])

        assert uploading.answer()[0] == 200
