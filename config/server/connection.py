"""One client's connection, from its first byte to its end."""

import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn

from config.server.client_socket import ClientSocket
from config.server.patience import Patience
from config.server.request_reader import Limit, RequestReader

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
REQUEST_TIMEOUT = (
    b"HTTP/1.1 408 Request Timeout\r\nContent-Type: text/plain\r\nContent-Length: 37\r\n"
    b"Connection: close\r\n\r\nThe request did not arrive in time.\r\n"
)


class Connection(TConn):  # type: ignore[misc]  # gunicorn has no types
    """A connection that the event loop reads and writes, and that a thread has only for the application."""

    def __init__(self, cfg: Any, accepted: socket.socket, client: Any, server: Any, limit: Limit) -> None:
        super().__init__(cfg, ClientSocket(accepted), client, server)
        self.parser = RequestReader(cfg, client, limit)
        # Gunicorn would read the socket in the thread, until the first data and for HTTP/2.
        self.initialized = self.data_ready = True
        #: Whether it waits for a next request, and nothing is lost by closing it.
        self.is_idle = False
        #: When it is closed unless something happens before, on time.monotonic().
        self.deadline = 0.0
        self._began = time.monotonic()

    @property
    def address(self) -> str:
        return self.client[0] if isinstance(self.client, tuple) else str(self.client)

    def wait_for_request(self, seconds: float, *, idle: bool) -> None:
        self.is_idle = idle
        self._began = time.monotonic()
        self.deadline = self._began + seconds

    def wait_for_reader(self, patience: Patience) -> None:
        """Expect the client to take the rest of an answer."""
        self._began = time.monotonic()
        self.deadline = self._began + patience.for_bytes(0)

    def feed(self, data: bytes, patience: Patience) -> bool:
        """Take bytes that arrived; return whether a thread can go on with the request."""
        if self.is_idle:
            self.wait_for_request(patience.head, idle=False)
        if self.parser.feed(data):
            return True
        if self.parser.missing is not None:
            self.deadline = self._began + patience.for_bytes(self.parser.received)
            if self.parser.expects_continue:
                self.sock.sendall(CONTINUE)
        return False

    def flush(self, patience: Patience) -> bool:
        """Send more of the answer; return whether it is sent.

        :raises OSError: if the client has left.
        """
        done: bool = self.sock.flush()
        self.deadline = self._began + patience.for_bytes(self.sock.flushed_bytes)
        return done

    def expire(self) -> None:
        """Close it because the client was too slow, and say so if it had begun a request."""
        if self.parser.has_begun and not self.sock.has_unsent:
            try:
                self.sock.send(REQUEST_TIMEOUT, socket.MSG_DONTWAIT)
            except OSError:
                pass
            else:
                self.close()
                return
        self.abort()

    def abort(self) -> None:
        self.parser.unreader.close()
        self.sock.reset()

    def close(self, graceful: bool = False) -> None:
        self.parser.unreader.close()
        self.sock.forget()
        self.sock.close()
