"""Deadlines and limits of ``manage.py serve``, with a small application."""

import asyncio
from typing import Any

import pytest

from config.server import asgi_protocol
from tests.graphql.websocket.test_server import served
from tests.patience import PATIENCE_SECONDS
from tests.server.clients import request

LARGE = 16 * 1024 * 1024


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Answer /large with 16 MB, and all else with the length of the body once that has arrived."""
    length = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        if not message["more_body"]:
            break
    body = bytes(LARGE) if scope["path"] == "/large" else str(length).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture
def short(settings: Any) -> None:
    settings.CLIENT_HEAD_SECONDS = settings.CLIENT_BODY_SECONDS = 0.2
    settings.CLIENT_BYTE_RATE = 10**9


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(address: str, sent: bytes = b"") -> Streams:
    port = int(address.rpartition(":")[2].partition("/")[0])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=4_096)
    writer.write(sent)
    return reader, writer


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await reader.read()
        except ConnectionError:
            return b"reset"


@pytest.mark.parametrize(
    "sent",
    [b"", b"GET / HTTP/1.1\r\nX-", request("/", b"x", length=9), request("/", length=300_000)],
    ids=["nothing", "half a head", "half a body", "no body"],
)
async def test_slow_request_is_told_that_its_time_is_over(short, sent):
    async with served(application) as (_, address):
        reader, writer = await connect(address, sent)

        assert (await rest(reader)).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        writer.close()


@pytest.mark.parametrize("begun", [b"GET / HTTP/1.1\r\nX-Long: ", request("/", length=100_000)])
async def test_a_byte_now_and_then_is_not_enough(short, begun):
    async with served(application) as (_, address):
        reader, writer = await connect(address, begun)
        answered = asyncio.create_task(rest(reader))
        while not answered.done():
            writer.write(b"x")
            await asyncio.sleep(0.01)

        assert (await answered).startswith((b"HTTP/1.1 408 ", b"reset"))
        writer.close()


async def test_who_is_in_time_keeps_the_connection_for_many_requests():
    async with served(application) as (_, address):
        reader, writer = await connect(address)
        for length in range(1, 4):
            for piece in (request("/", length=length), bytes(length)):
                writer.write(piece)
                await writer.drain()
            async with asyncio.timeout(PATIENCE_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 200 ")
                assert b"\r\nserver:" not in head.lower()
                assert await reader.readexactly(1) == str(length).encode()
        # Idle is no offence: only the server's time for idle connections runs.
        [waiting] = asgi_protocol._waiting
        assert (waiting._timer, waiting._is_idle) == (None, True)
        writer.close()


async def test_answer_that_is_not_read_in_time_is_dropped(short):
    async with served(application) as (server, address):
        _, writer = await connect(address, request("/large"))

        async with asyncio.timeout(PATIENCE_SECONDS):
            while not server.server_state.total_requests or server.server_state.connections:
                await asyncio.sleep(0.01)
        writer.close()


async def test_endless_head_is_refused():
    async with served(application) as (_, address):
        reader, writer = await connect(address, b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000)

        assert (await rest(reader)).startswith((b"HTTP/1.1 431 ", b"reset"))
        writer.close()


async def test_connections_of_one_client_do_not_shut_out_others(settings):
    settings.CLIENT_CONNECTIONS = 20
    async with served(application) as (_, address):
        held = [await connect(address, b"GET / HTTP/1.1\r\nX-") for _ in range(60)]
        reader, writer = await connect(address, request("/"))

        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        assert await rest(held[0][0]) in (b"", b"reset")
        assert len(asgi_protocol._waiting) <= 20 + 1
        for _, each in [*held, (reader, writer)]:
            each.close()
