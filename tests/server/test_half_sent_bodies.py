"""Half-sent bodies end, in the proxies as in the servers."""

import pytest

from tests.e2e.servers import free_port
from tests.e2e.test_files import form
from tests.file_samples import png
from tests.server.clients import Client
from tests.server.sites import QUERY, caddy, nginx, post, wait_until_up

pytestmark = pytest.mark.postgres

HALF = post(QUERY[:9], length=200_000)

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
