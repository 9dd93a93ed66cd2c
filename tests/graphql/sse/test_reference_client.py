"""The npm client graphql-sse, through a connection that is killed."""

import asyncio
import contextlib
import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from crm.graphql.sse import GraphQLStream
from tests.config.processes import environment
from tests.events.layers import emit_events_async, make_event
from tests.events.small_schema import schema
from tests.graphql.websocket.test_server import served
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.node

NODE = Path(__file__).parents[2] / "node"


class Wire:
    """A TCP proxy whose connections can be cut."""

    def __init__(self, port):
        self.port = port
        self.connections = 0
        self._writers = set()

    async def __aenter__(self):
        return self

    async def __aexit__(self, *exception):
        self._server.close()
        await self.cut()

    async def open(self):
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        return self._server.sockets[0].getsockname()[1]

    async def cut(self):
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _connect(self, reader, writer):
        self.connections += 1
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self.port)
        self._writers |= {writer, onward_writer}
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(_copy(reader, onward_writer), _copy(onward_reader, writer))


async def _copy(reader, writer):
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def running(*command):
    process = await asyncio.create_subprocess_exec(
        "node", *command, cwd=NODE, env=environment(), stdout=asyncio.subprocess.PIPE
    )

    assert process.stdout is not None
    output = process.stdout

    async def line():
        return json.loads(await asyncio.wait_for(output.readline(), PATIENCE_SECONDS))

    try:
        yield line
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_a_query_is_answered_and_completed(agent):
    async with served(GraphQLStream(schema=schema)) as (_, address):
        url = f"http://127.0.0.1:{urlsplit(address).port}/graphql/stream"
        async with running("stream.mjs", url, agent.raw, "{ ping }") as line:
            assert [await line(), await line()] == [{"data": {"ping": "pong"}}, "complete"]


async def test_a_killed_connection_resumes_without_loss_or_repetition(agent):
    total = 40
    query = "subscription { thingUpdate { id } }"
    async with served(GraphQLStream(schema=schema)) as (_, address), Wire(urlsplit(address).port) as wire:
        url = f"http://127.0.0.1:{await wire.open()}/graphql/stream"
        async with running("stream.mjs", url, agent.raw, query) as line:
            waiting = asyncio.create_task(line())
            # The protocol does not confirm a subscription: only a first event shows that it has started.
            while not waiting.done():
                await emit_events_async(make_event(0, company_id=agent.company.pk))
                await asyncio.wait([waiting], timeout=0.2)
            assert waiting.result()["data"]["thingUpdate"] == {"id": "0"}
            received: list[str] = []
            for number in range(1, total + 1):
                await emit_events_async(make_event(number, company_id=agent.company.pk))
                if number % 10 == 0:
                    await wire.cut()
            while not received or received[-1] != str(total):
                received.append((await line())["data"]["thingUpdate"]["id"])

    assert [each for each in received if each != "0"] == [str(number) for number in range(1, total + 1)]
    assert wire.connections >= 2
