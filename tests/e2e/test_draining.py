"""A server process that is terminated ends its connections one after the other, then itself."""

import asyncio
import json
import signal
import urllib.error
import urllib.request
from typing import Any

import pytest
from channels.db import database_sync_to_async

from tests.config.test_serve import free_port, server
from tests.events.processes import of_test_database
from tests.graphql.websocket.client import Member, member
from tests.graphql.websocket.test_server import close_code, initialise, listen, open_socket
from tests.patience import PATIENCE_SECONDS

SOCKETS = 10


def ready(port: int) -> tuple[int, Any]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=PATIENCE_SECONDS) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


async def stream_of(port: int, agent: Member) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open an event stream, and read its head."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    body = json.dumps({"query": "subscription { leadUpdate { id } }"})
    head = [
        "POST /graphql/stream HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: text/event-stream",
        "Content-Type: application/json",
        f"Authorization: Bearer {agent.raw}",
        f"Content-Length: {len(body)}",
    ]
    writer.write(("\r\n".join(head) + "\r\n\r\n" + body).encode())
    assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    return reader, writer


@pytest.mark.django_db(transaction=True)
async def test_connections_end_one_after_the_other_then_the_process() -> None:
    agent = await database_sync_to_async(member)()
    port = free_port()
    address = f"ws://127.0.0.1:{port}/graphql"
    ended_at: list[float] = []

    async def follow(socket: Any) -> int:
        await asyncio.wait_for(socket.wait_closed(), PATIENCE_SECONDS)
        ended_at.append(asyncio.get_running_loop().time())
        return int(socket.close_code)

    async with server(of_test_database(PORT=str(port))) as process:
        sockets = [await open_socket(address) for _ in range(SOCKETS)]
        for socket in sockets:
            await initialise(socket, agent.payload)
            await listen(socket, "subscription { leadUpdate { id } }")
        stream, writer = await stream_of(port, agent)
        late = await open_socket(address)
        status, parts = await asyncio.to_thread(ready, port)
        assert (status, parts["status"]) == (200, "ok")
        assert parts["tail_age_seconds"] < 10

        following = [asyncio.create_task(follow(socket)) for socket in sockets]
        process.send_signal(signal.SIGTERM)
        assert await following[0] == 1012
        status, parts = await asyncio.to_thread(ready, port)
        assert (status, parts["problems"]) == (503, {"server": "ending"})
        await late.send(json.dumps({"type": "connection_init", "payload": agent.payload}))

        assert await close_code(late) == 1012
        assert await asyncio.gather(*following) == [1012] * SOCKETS
        # The body ends properly, but without ``complete``, so that the client returns.
        rest = await asyncio.wait_for(stream.read(), PATIENCE_SECONDS)
        writer.close()
        await writer.wait_closed()
        assert rest.endswith(b"0\r\n\r\n")
        assert b"event: complete" not in rest
        assert await asyncio.wait_for(process.wait(), PATIENCE_SECONDS) in (0, -signal.SIGTERM)

    # Half a second each, as ten sockets and a stream share five seconds.
    assert max(ended_at) - min(ended_at) > 2
