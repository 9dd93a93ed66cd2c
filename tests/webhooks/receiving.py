"""A receiver of webhooks on this machine, with the answers that a test sets."""

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE_SECONDS

#: Key and certificate of ``receiver.test``, which nothing but these tests trusts.
CERTIFICATE = Path(__file__).parent / "receiver.pem"


@dataclass(frozen=True)
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        return json.loads(self.body)

    @property
    def type(self) -> str:
        kind: str = self.message["type"]
        return kind

    @property
    def data(self) -> Any:
        return self.message["data"]

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Receiver:
    """The requests received so far, and the answer to the next ones."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    answer: Callable[[Received], Answer] = lambda _request: (204, {}, b"")
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def types(self) -> list[str]:
        return [each.type for each in self.received]

    @property
    def ids(self) -> list[str]:
        return [each.id for each in self.received]

    def wait_for(self, number: int) -> None:
        """Wait until so many requests have arrived."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.received) >= number, PATIENCE_SECONDS)

    def answers(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """Set the answer from now on."""
        self.answer = lambda _request: (status, headers or {}, body)


@contextmanager
def receiving(*, tls: bool = False) -> Iterator[Receiver]:
    """Receive until the end of the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            request = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            with receiver.arrived:
                receiver.received.append(request)
                receiver.arrived.notify_all()
            status, headers, content = receiver.answer(request)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

        def handle(self) -> None:
            # A sender may hang up at any time.
            with suppress(OSError):
                super().handle()

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass

    server = Server(("127.0.0.1", 0), Handler)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    host = "receiver.test" if tls else "127.0.0.1"
    receiver.url = f"{'https' if tls else 'http'}://{host}:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def is_signed(request: Received, secret: str) -> bool:
    """Return whether a request is signed with a secret as Standard Webhooks defines it."""
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = (
        f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    )
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return f"v1,{wanted}" in request.headers["webhook-signature"].split(" ")
