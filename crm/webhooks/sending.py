"""Sends one message by HTTP: to a checked address, within a time limit, without following redirects."""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from django.utils import timezone

from crm.webhooks.addresses import BadAddress, Target, parse_target, resolve
from crm.webhooks.retrying import parse_retry_after

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

#: The limit for the whole exchange, after the host was looked up.
LIMIT_SECONDS = 15.0
#: Most bytes read of an answer, and most characters of it kept.
MOST_READ = 2_000
MOST_SHOWN = 160
MOST_ADDRESSES = 3
GONE = 410


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """The outcome of sending a message: the HTTP status, or the reason why there is none."""

    status: int | None = None
    error: str = ""
    retry_after: timedelta | None = None
    duration_ms: int = 0

    @property
    def succeeded(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """Whether the receiver asks for no more messages, ever."""
        return self.status == GONE

    @property
    def refused_this(self) -> bool:
        """Whether the receiver works and refused this message, so that others may be sent."""
        return self.status is not None and 400 <= self.status < 500 and self.status not in (408, 429)


def post(url: str, body: bytes, headers: Mapping[str, str], *, limit: float = LIMIT_SECONDS) -> Attempt:
    """Send a message and return the outcome, after at most ``limit`` seconds."""
    began = time.monotonic()
    try:
        status, error, retry_after = _exchange(parse_target(url), body, headers, limit)
    except (OSError, BadAddress, http.client.HTTPException, UnicodeError) as failure:
        status, error, retry_after = None, _reason(failure, limit), None
    return Attempt(
        status=status,
        error=error,
        retry_after=parse_retry_after(retry_after, now=timezone.now()),
        duration_ms=round((time.monotonic() - began) * 1000),
    )


def _exchange(
    target: Target, body: bytes, headers: Mapping[str, str], limit: float
) -> tuple[int, str, str | None]:
    connection = _Connection(target, limit)
    try:
        connection.putrequest("POST", target.path, skip_host=True, skip_accept_encoding=True)
        own = {
            "Host": target.host_header,
            "User-Agent": "open-crm-webhooks/1",
            "Content-Type": "application/json",
            "Content-Length": str(len(body)),
            "Connection": "close",
        }
        for name, value in {**own, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        error = "" if 200 <= response.status < 300 else _refusal(response)
        return response.status, error, response.getheader("Retry-After")
    finally:
        connection.hang_up()


def _refusal(response: http.client.HTTPResponse) -> str:
    if 300 <= response.status < 400:
        return f"HTTP {response.status}: redirects are not followed."
    try:
        content = response.read(MOST_READ)
    except (OSError, http.client.HTTPException):
        content = b""
    text = " ".join(
        "".join(
            each if each.isprintable() else " " for each in content.decode("utf-8", errors="replace")
        ).split()
    )
    return f"HTTP {response.status}: {text}"[:MOST_SHOWN] if text else f"HTTP {response.status}."


def _reason(failure: Exception, limit: float) -> str:
    if isinstance(failure, BadAddress):
        return str(failure)
    if isinstance(failure, TimeoutError):
        return f"No answer within {limit:g} s."
    if isinstance(failure, ssl.SSLCertVerificationError):
        return f"The certificate is not accepted: {failure.verify_message}."[:MOST_SHOWN]
    if isinstance(failure, ssl.SSLError):
        return f"TLS failed: {failure.reason}."[:MOST_SHOWN]
    if isinstance(failure, socket.gaierror | UnicodeError):
        return "The host is unknown."
    if isinstance(failure, OSError):
        return f"No connection: {failure.strerror or type(failure).__name__}."[:MOST_SHOWN]
    return "The answer is not HTTP."


@cache
def tls_context() -> ssl.SSLContext:
    """Return the context that verifies certificates by the authorities that the system trusts."""
    return ssl.create_default_context()


class _Connection(http.client.HTTPConnection):
    """A connection to addresses that were looked up and checked once: a second lookup may return others."""

    def __init__(self, target: Target, limit: float) -> None:
        super().__init__(target.host, target.port)
        self._target = target
        self._limit = limit
        self._plain: socket.socket | None = None

    def connect(self) -> None:
        addresses = resolve(self._target)
        # The limit starts after the lookup, which cannot be interrupted and has the limit of the system.
        deadline = time.monotonic() + self._limit
        self._plain = _open(addresses[:MOST_ADDRESSES], self._target.port, deadline)
        self._plain.settimeout(_left(deadline))
        if self._target.is_https:
            self._plain = tls_context().wrap_socket(self._plain, server_hostname=self._target.host)
        self.sock = _Timed(self._plain, deadline)

    def hang_up(self) -> None:
        # ``close`` does not close the socket: see ``_Timed``.
        if self._plain is not None:
            self._plain.close()


def _open(addresses: list[str], port: int, deadline: float) -> socket.socket:
    for address in addresses[:-1]:
        try:
            return socket.create_connection((address, port), timeout=_left(deadline) / len(addresses))
        except OSError:
            continue
    return socket.create_connection((addresses[-1], port), timeout=_left(deadline))


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


class _Timed:
    """A socket with one deadline for everything sent and received: a slow trickle does not extend it."""

    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain = plain
        self._deadline = deadline

    def sendall(self, data: bytes) -> None:
        self._plain.settimeout(_left(self._deadline))
        self._plain.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self._plain, self._deadline))

    def close(self) -> None:
        """Do nothing: http.client calls this after the headers, before the body is read."""


class _Reader(io.RawIOBase):
    def __init__(self, plain: socket.socket, deadline: float) -> None:
        self._plain = plain
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        self._plain.settimeout(_left(self._deadline))
        return self._plain.recv_into(buffer)
