"""A server that is about to end, within this process."""

import asyncio

import pytest

from crm.graphql.websocket import connections
from tests.graphql.websocket.client import Client
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def draining():
    yield connections
    connections.resume()


async def test_open_sockets_are_closed_and_new_ones_refused(agent, draining):
    async with Client() as open_, Client() as late:
        await open_.open(agent.payload)
        await late.connect()
        await connections.drain(0)

        assert await open_.close_code() == 1012
        assert await late.close_code() == 1012
    async with Client() as refused:
        await refused.connect()
        await refused.send({"type": "connection_init", "payload": agent.payload})

        assert await refused.close_code() == 1012


async def test_a_hurried_drain_does_not_wait(agent, draining):
    async with Client() as client:
        await client.open(agent.payload)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await connections.drain(10 * PATIENCE_SECONDS, hurry=lambda: True)

        assert await client.close_code() == 1012
