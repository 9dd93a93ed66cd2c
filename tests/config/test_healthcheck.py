import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from config.healthcheck import is_up


class Recorder(HTTPServer):
    status = 200
    requests: list[tuple[str, str | None]]


class Handler(BaseHTTPRequestHandler):
    server: Recorder

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Host"]))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture
def container() -> Iterator[Recorder]:
    with Recorder(("127.0.0.1", 0), Handler) as server:
        server.requests = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_probe_sends_an_allowed_host(container, monkeypatch):
    monkeypatch.setenv("DJANGO_ALLOWED_HOSTS", ".example.com,other.example.com")

    assert is_up(container.server_port)
    assert container.requests == [("/healthz", "example.com")]


def test_error_status_is_not_up(container):
    container.status = 503

    assert not is_up(container.server_port)


def test_no_answer_is_not_up(container):
    port = container.server_port
    container.server_close()

    assert not is_up(port)
