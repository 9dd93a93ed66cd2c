"""Slow and rude clients against the production servers, with and without the shipped proxies.

The deadlines are far away: what is held stays held, and others have to be answered beside it.
"""

import json
import re
from contextlib import ExitStack

import pytest

from tests.e2e.test_files import form
from tests.file_samples import png
from tests.server.clients import Client, held
from tests.server.sites import ANSWER, DOORS, JSON, QUERY, Site, get, post

pytestmark = pytest.mark.postgres

FILE = png() + bytes(15_000_000)


def ask(site: Site, door: str, times: int = 8) -> None:
    """Ask as others do: by program with a token, for a file, and as the system's own probe."""
    authorization = f"{JSON}Authorization: Bearer {site.token}\r\n"
    for _ in range(times):
        assert Client(site.port(door), post(QUERY, authorization)).answer() == (200, ANSWER)
    assert Client(site.port(door), get("/files/8c1f5a0e-0000-4000-8000-000000000000")).answer()[0] == 401
    probe = Client(site.port(door), get("/healthz"))
    assert probe.answer()[0] == 200
    named = re.findall(rb"\r\n(?:server|via): ([^\r]*)", probe.head.lower())
    # nginx always names itself.
    assert named == ([b"nginx"] if door == "nginx" else [])


ATTACKS = {
    "half heads": (b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nX-", 24),
    "half bodies": (post(QUERY[:9], length=200_000), 50),
    "bodies declared and never sent": (post(b"", length=200_000), 24),
    "half forms": (post(b"--x\r\n", "Content-Type: multipart/form-data; boundary=x\r\n", length=100_000), 24),
    "half deliveries": (post(b"{", path="/receivers/8c1f5a0e-0000-4000-8000-000000000000", length=1_000), 24),
    "endless heads": (b"GET / HTTP/1.1\r\nX: " + b"x" * 9_000, 8),
    "idle connections": (b"", 50),
}


@pytest.mark.parametrize("door", DOORS)
def test_others_are_answered_beside_what_is_held(site, door):
    with ExitStack() as stack:
        for sent, number in ATTACKS.values():
            stack.enter_context(held(site.port(door), number, sent))
        ask(site, door)


@pytest.mark.parametrize("door", DOORS)
def test_file_of_15_mb_goes_in_and_clients_that_do_not_read_it_stop_nobody(site, door):
    body, content_type = form(FILE)
    authorization = f"Authorization: Bearer {site.token}\r\n"
    uploading = Client(site.port(door), post(body, f"Content-Type: {content_type}\r\n{authorization}"))
    status, answer = uploading.answer()
    assert status == 200
    [row] = json.loads(answer)["data"].values()
    download = get(row["url"], authorization)

    with held(site.port(door), 12, download, buffer=32_768):
        ask(site, door)

        assert Client(site.port(door), download).answer() == (200, FILE)


@pytest.mark.parametrize("door", DOORS)
def test_bodies_over_their_limit_are_refused_unread(site, door):
    form_type = "Content-Type: multipart/form-data; boundary=x\r\n"
    refused = {
        "query": post(b"", length=300_000 if door == "gunicorn" else 3_000_000),
        "form of nobody": post(b"", form_type, length=3_000_000),
        "delivery": post(b"", path="/receivers/8c1f5a0e-0000-4000-8000-000000000000", length=3_000_000),
        "form": post(b"", f"{form_type}Cookie: a\r\n", length=400_000_000),
    }
    for name, sent in refused.items():
        client = Client(site.port(door), sent)

        # Proxies wait for bodies; nginx refuses by the length alone what is over its own limit.
        if door in ("gunicorn", "serve") or (door, name) == ("nginx", "form"):
            assert client.answer()[0] == 413, name


def test_stream_through_the_proxies_reaches_its_server(site):
    stream = f"Accept: text/event-stream\r\n{JSON}Authorization: Bearer {site.token}\r\n"
    document = b'{"query": "subscription { leadUpdate { id } }"}'
    for door in ("caddy", "nginx"):
        client = Client(site.port(door), post(document, stream, path="/graphql/stream"))
        first = client.socket.recv(10_000).lower()
        assert first.startswith(b"http/1.1 200"), first
        assert b"text/event-stream" in first
        key = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
        version = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n"
        socket = get("/graphql", key + version)
        assert Client(site.port(door), socket).socket.recv(1_000).startswith(b"HTTP/1.1 101 ")


def test_log_has_one_line_for_a_foreign_host_and_no_traceback(site):
    foreign = get("/", "Connection: close\r\n").replace(b"Host: 127.0.0.1", b"Host: evil.example")
    for door in ("gunicorn", "serve"):
        lines = site.processes[door]
        for _ in range(3):
            assert Client(site.port(door), foreign).rest().startswith(b"HTTP/1.1 400 ")
            Client(site.port(door), b"NONSENSE\r\n\r\n").rest()
            Client(site.port(door), post(QUERY)).leave()
        assert (
            Client(site.port(door), get("/last", "Connection: close\r\n")).rest().startswith(b"HTTP/1.1 404 ")
        )
        written: list[str] = []
        while not written or '"/last"' not in written[-1]:
            written.append(lines.next())
        parsed = [json.loads(line) for line in written if line.startswith("{")]
        assert len(parsed) >= 4
        assert {line["level"] for line in parsed} <= {"INFO", "WARNING"}, parsed
        assert not [line for line in parsed if "exception" in line]
        assert sum("evil.example" in line for line in written) <= 1
