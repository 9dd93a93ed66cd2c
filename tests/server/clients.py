"""Clients that are slow, rude or neither, on plain sockets."""

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar

from tests.patience import PATIENCE_SECONDS


def request(
    path: str, body: bytes = b"", *, length: int | None = None, headers: str = "", method: str = "POST"
) -> bytes:
    """Return a request; ``length`` is what it declares, if that is not what it has."""
    declared = len(body) if length is None else length
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {declared}\r\n{headers}\r\n"
    return head.encode() + body


class Client:
    """One connection; the fixture in conftest.py closes all of them."""

    opened: ClassVar[list[socket.socket]] = []

    def __init__(self, port: int, sent: bytes = b"", *, buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.opened.append(self.socket)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(("127.0.0.1", port))
        self._ahead = b""
        self.head = b""
        if sent:
            self.socket.sendall(sent)

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> tuple[int, bytes]:
        """Return status and body of the next answer.

        :raises ConnectionError: if the server closes before.
        """
        while b"\r\n\r\n" not in self._ahead:
            self._more()
        head, _, self._ahead = self._ahead.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        length = next(int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:"))
        while len(self._ahead) < length:
            self._more()
        body, self._ahead = self._ahead[:length], self._ahead[length:]
        self.head = head
        return int(head.split()[1]), body

    def _more(self) -> None:
        data = self.socket.recv(1 << 20)
        if not data:
            raise ConnectionError(f"closed after {len(self._ahead)} bytes")
        self._ahead += data

    def rest(self) -> bytes:
        """Return all that comes until the server closes."""
        try:
            while True:
                self._more()
        except ConnectionError:
            return self._ahead

    @property
    def is_open(self) -> bool:
        """Return whether the server has neither answered nor closed."""
        self.socket.setblocking(False)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(PATIENCE_SECONDS)
        return False

    def leave(self) -> None:
        """Close as a crash does."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


@contextmanager
def held(port: int, number: int, sent: bytes, *, buffer: int | None = None) -> Iterator[list[Client]]:
    """Hold connections that sent something and wait."""
    clients = [Client(port, sent, buffer=buffer) for _ in range(number)]
    yield clients
    for client in clients:
        client.socket.close()
