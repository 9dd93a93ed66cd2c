"""Reading a request completely before a thread is given it."""

from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Any

from gunicorn.http.body import Body, LengthReader
from gunicorn.http.errors import LimitRequestHeaders
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader

#: Bytes of request line and headers together.
LARGEST_HEAD = 64 * 1024
PIECE = 64 * 1024
#: Bytes of a body that are kept in memory; more goes to a temporary file.
MEMORY = 64 * 1024
END_OF_HEAD = b"\r\n\r\n"

#: Returns how many bytes the body of a request of gunicorn may have.
Limit = Callable[[Any], int]


class RequestReader(RequestParser):  # type: ignore[misc]  # gunicorn has no types
    """A parser that is fed by the event loop, and asked for the request by a thread when it is complete.

    Gunicorn's own parser decides what the head says; it never reads from the socket.
    """

    def __init__(self, cfg: Any, client: Any, limit: Limit) -> None:
        super().__init__(cfg, [], client)
        self.unreader = _Received()
        self.has_begun = False
        self.received = 0
        #: Bytes of the body that are still to come; None until the head is complete.
        self.missing: int | None = None
        self._limit = limit
        self._head = bytearray()
        self._failure: Exception | None = None

    @property
    def wanted(self) -> int:
        """Return how many bytes to read next: of a body never more than it has."""
        return PIECE if self.missing is None else min(PIECE, self.missing)

    @property
    def path(self) -> str:
        """The path of the complete request; empty if it cannot be parsed."""
        return "" if self._failure is not None else str(self.mesg.path)

    @property
    def expects_continue(self) -> bool:
        """Return, once, whether the client waits for "100 Continue" before it sends the body."""
        if not self.missing or not self.mesg._expected_100_continue:
            return False
        self.mesg._expected_100_continue = False
        return True

    def begin(self) -> bytes:
        """Prepare for the next request; return what was read of it together with the one before."""
        self.unreader.close()
        rest: bytes = self.unreader.take_buffered()
        self.has_begun, self.received, self.missing = False, 0, None
        self._head.clear()
        return rest

    def feed(self, data: bytes) -> bool:
        """Take bytes that arrived; return whether a thread can go on with the request."""
        self.has_begun = True
        self.received += len(data)
        if self.missing is not None:
            self.unreader.keep(data)
            self.missing -= len(data)
            return self.missing <= 0
        searched = max(0, len(self._head) - len(END_OF_HEAD))
        self._head += data
        if self._head.find(END_OF_HEAD, searched) < 0:
            if len(self._head) > LARGEST_HEAD:
                self._failure = LimitRequestHeaders("the head of the request is too large")
                return True
            # Lines that end otherwise are refused by the parser: the head would never be complete.
            if b"\n" not in data or self._head.count(b"\n") == self._head.count(b"\r\n"):
                return False
        return self._parse()

    def _parse(self) -> bool:
        self.unreader.unread(bytes(self._head))
        self._head.clear()
        try:
            request = super().__next__()
        except Exception as error:
            # Raised again where the thread asks for the request: there it is answered.
            self._failure = error
            return True
        reader = request.body.reader
        length = reader.length if isinstance(reader, LengthReader) else None
        if length is None or length > self._limit(request):
            # The application refuses it by its headers. What follows is no other request.
            request._expected_100_continue = False
            request.force_close()
            request.body = Body(LengthReader(self.unreader, 0))
            self.unreader.take_buffered()
            return True
        self.missing = max(0, length - self.unreader.buffered)
        if not self.missing:
            request._expected_100_continue = False
        return self.missing == 0

    def __next__(self) -> Any:
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure
        self.unreader.rewind()
        return self.mesg


class _Received(Unreader):  # type: ignore[misc]  # gunicorn has no types
    """The arrived part of a request: gunicorn's buffer, followed by a file for the rest of the body."""

    def __init__(self) -> None:
        super().__init__()
        self._rest: SpooledTemporaryFile[bytes] | None = None

    @property
    def buffered(self) -> int:
        return len(self.buf.getbuffer())

    def keep(self, data: bytes) -> None:
        if self._rest is None:
            self._rest = SpooledTemporaryFile(MEMORY)  # noqa: SIM115  # closed by close()
        self._rest.write(data)

    def rewind(self) -> None:
        if self._rest is not None:
            self._rest.seek(0)

    def chunk(self, size_hint: int | None = None) -> bytes:
        """Return the next bytes; none at the end, which gunicorn takes for the end of the connection."""
        return self._rest.read(size_hint or PIECE) if self._rest is not None else b""

    def close(self) -> None:
        if self._rest is not None:
            self._rest.close()
            self._rest = None
