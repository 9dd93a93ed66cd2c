"""The socket behind the server of the product: what a client reads on the wire."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn
from channels.db import database_sync_to_async
from channels.routing import ProtocolTypeRouter
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from config.asgi import application as product
from crm.graphql.websocket import GraphQLSocket, connections
from crm.management.commands.serve import server_config
from crm.models.tokens import new_raw_token
from leads.services.leads import create_lead
from tests.events.layers import emit_events_async, make_event
from tests.events.small_schema import schema
from tests.factories.crm import ApiTokenFactory, Tenant, tenant
from tests.patience import PATIENCE_SECONDS

small = ProtocolTypeRouter({"websocket": GraphQLSocket.as_asgi(schema=schema)})
LONG_EVENTS = (
    "subscription { thingUpdate { id " + " ".join(f"text_{number}: text" for number in range(10)) + " } }"
)


@contextlib.asynccontextmanager
async def served(application: Any) -> AsyncIterator[tuple[uvicorn.Server, str]]:
    """Serve an application as the product is served; gives the server and the address of its socket."""
    config = server_config("127.0.0.1", 0)
    config.loaded_app = application
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not server.started:
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield server, f"ws://127.0.0.1:{port}/graphql"
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, PATIENCE_SECONDS)


def open_socket(address: str, **options: Any) -> connect:
    return connect(address, subprotocols=["graphql-transport-ws"], compression=None, **options)  # type: ignore[list-item]  # a NewType of str


async def send(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def receive(socket: ClientConnection) -> Any:
    async with asyncio.timeout(PATIENCE_SECONDS):
        return json.loads(await socket.recv())


async def close_code(socket: ClientConnection) -> int:
    with contextlib.suppress(ConnectionClosed):
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                await socket.recv()
    assert socket.close_code is not None
    return socket.close_code


async def initialise(socket: ClientConnection, payload: dict[str, str]) -> None:
    await send(socket, type="connection_init", payload=payload)
    assert (await receive(socket))["type"] == "connection_ack"


async def listen(socket: ClientConnection, query: str) -> None:
    await send(socket, type="subscribe", id="a", payload={"query": query})
    await send(socket, type="ping")
    assert await receive(socket) == {"type": "pong"}


async def test_code_of_our_close_reaches_the_client():
    async with served(small) as (_, address), connect(address, compression=None) as socket:
        assert await close_code(socket) == 4406


async def test_foreign_origin_is_answered_with_403():
    async with served(small) as (_, address):
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(address, origin="http://evil.example")

    assert refused.value.response.status_code == 403


async def test_frame_over_the_limit_is_closed_with_1009(agent):
    async with served(small) as (_, address), open_socket(address) as socket:
        await initialise(socket, agent.payload)
        await socket.send('{"type":"ping"}' + " " * 65_536)

        assert await close_code(socket) == 1009


async def test_shutdown_closes_with_1012(agent):
    async with served(small) as (server, address), open_socket(address) as socket:
        await initialise(socket, agent.payload)
        await listen(socket, "subscription { thingUpdate { id } }")
        server.should_exit = True

        assert await close_code(socket) == 1012


async def test_client_that_vanishes_leaves_nothing(agent):
    async with served(small) as (_, address):
        async with open_socket(address) as socket:
            await initialise(socket, agent.payload)
            await listen(socket, "subscription { thingUpdate { id } }")
            socket.transport.abort()

        async with asyncio.timeout(PATIENCE_SECONDS):
            while connections.per_user:
                await asyncio.sleep(0.01)


async def test_a_stalled_client_is_disconnected_and_affects_nobody_else(agent, limit, make_member):
    limit(waiting_events=20, stalled_seconds=0.3, close_seconds=0.1)
    reader = await make_member(company=agent.company)
    async with served(small) as (_, address), open_socket(address) as healthy:
        stalled = await open_socket(address, max_queue=1)
        await initialise(healthy, reader.payload)
        await initialise(stalled, agent.payload)
        await listen(healthy, LONG_EVENTS)
        await listen(stalled, LONG_EVENTS)

        number = 0
        while agent.user.pk in connections.per_user:
            number += 1
            assert number < 1_000
            await emit_events_async(make_event(number, company_id=agent.company.pk))
            message = await receive(healthy)
            assert message["payload"]["data"]["thingUpdate"]["id"] == str(number)

        await close_code(stalled)
        await emit_events_async(make_event(0, company_id=agent.company.pk))
        assert (await receive(healthy))["payload"]["data"]["thingUpdate"]["id"] == "0"


async def test_other_addresses_have_no_socket():
    async with served(product) as (_, address):
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(address + "/stream")

    assert refused.value.response.status_code == 403


def company_with_token() -> tuple[Tenant, str]:
    made, raw = tenant(), new_raw_token()
    ApiTokenFactory(company=made.company, user=made.users["agent"], raw=raw)
    return made, raw


async def test_lead_created_by_a_service_reaches_a_socket_of_the_product(transactional_db):
    made, raw = await database_sync_to_async(company_with_token)()
    async with served(product) as (_, address), open_socket(address) as socket:
        await initialise(socket, {"Authorization": f"Bearer {raw}"})
        await listen(socket, "subscription { leadUpdate { title } }")

        await database_sync_to_async(create_lead)({"title": "Told"}, actor=made.actors.manager)

        payload = (await receive(socket))["payload"]
        assert payload["data"] == {"leadUpdate": {"title": "Told"}}
        assert payload["extensions"]["kind"] == "created"
