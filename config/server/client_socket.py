"""A client's socket on which sending never waits."""

import socket
import struct
from tempfile import SpooledTemporaryFile
from typing import IO

#: Bytes of an answer that are kept in memory for a client that does not read; more goes to a temporary file.
MEMORY = 128 * 1024
PIECE = 64 * 1024


class ClientSocket(socket.socket):
    """A socket whose ``sendall()`` keeps what the system does not take; ``flush()`` sends it later.

    A thread that writes an answer is free as soon as the answer is complete, whether the client reads or not.
    """

    __slots__ = ("_sent", "_unsent")

    def __init__(self, accepted: socket.socket) -> None:
        super().__init__(accepted.family, accepted.type, accepted.proto, fileno=accepted.detach())
        self._unsent: SpooledTemporaryFile[bytes] | None = None
        self._sent = 0

    @property
    def has_unsent(self) -> bool:
        return self._unsent is not None

    @property
    def flushed_bytes(self) -> int:
        """Return how many of the kept bytes were sent."""
        return self._sent

    def sendall(self, data: bytes, flags: int = 0, /) -> None:  # type: ignore[override]  # gunicorn has bytes
        if self._unsent is not None and not self.flush():
            self._keep(data)
            return
        sent = self._send_now(data)
        if sent < len(data):
            self._keep(data[sent:])

    def sendfile(self, file: IO[bytes], offset: int = 0, count: int | None = None) -> int:  # type: ignore[override]  # gunicorn has files of bytes
        """Send a file as ``sendall()`` does: the system's own call would wait for the client."""
        file.seek(offset)
        sent = 0
        while piece := file.read(PIECE if count is None else min(PIECE, count - sent)):
            self.sendall(piece)
            sent += len(piece)
        return sent

    def flush(self) -> bool:
        """Send what the system takes now; return whether nothing is left.

        :raises OSError: if the client has left.
        """
        while self._unsent is not None:
            self._unsent.seek(self._sent)
            piece = self._unsent.read(PIECE)
            if not piece:
                self.forget()
                return True
            sent = self._send_now(piece)
            self._sent += sent
            if sent < len(piece):
                return False
        return True

    def forget(self) -> None:
        """Drop what was not sent."""
        if self._unsent is not None:
            self._unsent.close()
            self._unsent = None
        self._sent = 0

    def reset(self) -> None:
        """Close at once: without this, the system would keep what was sent and not read for minutes."""
        self.forget()
        try:
            self.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        finally:
            self.close()

    def _send_now(self, data: bytes) -> int:
        try:
            return self.send(data, socket.MSG_DONTWAIT)
        except (BlockingIOError, InterruptedError):
            return 0

    def _keep(self, data: bytes) -> None:
        if self._unsent is None:
            self._unsent = SpooledTemporaryFile(MEMORY)  # noqa: SIM115  # closed by forget()
        self._unsent.seek(0, 2)
        self._unsent.write(data)
