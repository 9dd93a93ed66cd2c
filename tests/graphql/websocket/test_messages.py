"""The messages of graphql-transport-ws, word by word."""

import json

import pytest

from crm.graphql.websocket import consumer
from tests.graphql.websocket.client import Client
from tests.patience import PATIENCE_SECONDS

QUERY = {"query": "{ ping }"}
MALFORMED = [
    "",
    "{",
    "null",
    "[]",
    '"ping"',
    "NaN",
    '{"type":"ping","payload":{"a":NaN}}',
    '{"type":"ping","payload":{"a":"\\ud800"}}',
    json.dumps({"type": None}),
    json.dumps({"type": ["ping"]}),
    json.dumps({"id": "1"}),
    json.dumps({"type": "unknown"}),
    json.dumps({"type": "start", "id": "1", "payload": QUERY}),
    json.dumps({"type": "connection_ack"}),
    json.dumps({"type": "next", "id": "1", "payload": {}}),
    json.dumps({"type": "connection_init", "payload": "token"}),
    json.dumps({"type": "ping", "payload": []}),
    json.dumps({"type": "complete"}),
    json.dumps({"type": "complete", "id": 1}),
    json.dumps({"type": "subscribe", "payload": QUERY}),
    json.dumps({"type": "subscribe", "id": 1, "payload": QUERY}),
    json.dumps({"type": "subscribe", "id": "", "payload": QUERY}),
    json.dumps({"type": "subscribe", "id": "1"}),
    json.dumps({"type": "subscribe", "id": "1", "payload": None}),
    json.dumps({"type": "subscribe", "id": "1", "payload": "{ ping }"}),
    '{"type":"ping","payload":' + '{"a":' * 20_000 + "1" + "}" * 20_001,
]


@pytest.mark.parametrize("text", MALFORMED, ids=lambda text: text[:60])
async def test_malformed_message_is_closed_with_4400(text):
    async with Client() as client:
        await client.connect()
        await client.send_frame(text=text)

        assert await client.close_code() == 4400


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"query": 1},
        {**QUERY, "variables": []},
        {**QUERY, "operationName": 1},
        {**QUERY, "extensions": "x"},
    ],
)
async def test_malformed_parameter_is_closed_with_4400(agent, payload):
    async with Client() as client:
        await client.open(agent.payload)
        await client.send({"type": "subscribe", "id": "1", "payload": payload})

        assert await client.close_code() == 4400


async def test_binary_frame_is_closed_with_4400():
    async with Client() as client:
        await client.connect()
        await client.send_frame(bytes=b'{"type":"ping"}')

        assert await client.close_code() == 4400


@pytest.mark.parametrize("character", ["x", "é"])
async def test_frame_may_have_64_kib_and_no_more(character):
    def ping(size):
        frame = json.dumps({"type": "ping", "payload": {"a": ""}})
        filling = character * ((size - len(frame)) // len(character.encode()))
        frame = frame.replace('""', f'"{filling}"')
        return frame + " " * (size - len(frame.encode()))

    async with Client() as client:
        await client.connect()
        await client.send_frame(text=ping(65_536))
        assert await client.receive() == {"type": "pong"}
        await client.send_frame(text=ping(65_537))

        assert await client.close_code() == 4400


async def test_ping_is_answered_before_init():
    async with Client() as client:
        await client.connect()
        await client.send({"type": "ping", "payload": {"a": 1}})

        assert await client.receive() == {"type": "pong"}


async def test_pong_and_unknown_complete_are_ignored(agent):
    async with Client() as client:
        await client.connect()
        await client.send({"type": "pong"})
        await client.send({"type": "complete", "id": "unknown"})
        await client.send({"type": "connection_init", "payload": agent.payload})
        assert (await client.receive())["type"] == "connection_ack"
        await client.send({"type": "pong", "payload": None})
        await client.send({"type": "complete", "id": "unknown"})
        await client.send({"type": "ping"})

        assert await client.receive() == {"type": "pong"}


async def test_subscribe_before_the_ack_is_closed_with_4401():
    async with Client() as client:
        await client.connect()
        await client.subscribe("1", "{ ping }")

        assert await client.close_code() == 4401


async def test_we_send_pings(agent, limit):
    limit(ping_seconds=0.05)
    async with Client() as client:
        await client.open(agent.payload)

        assert await client.receive() == {"type": "ping"}
        await client.send({"type": "pong"})
        assert await client.receive() == {"type": "ping"}


async def test_silent_client_is_closed_with_1013(agent, limit):
    limit(ping_seconds=0.1, silence_seconds=1)
    async with Client() as client:
        await client.open(agent.payload)

        frames = [await client.socket.receive_output(PATIENCE_SECONDS)]
        while frames[-1]["type"] == "websocket.send":
            frames.append(await client.socket.receive_output(PATIENCE_SECONDS))

    *pings, close = frames
    assert {ping["text"] for ping in pings} <= {'{"type":"ping"}'}
    assert close["code"] == 1013


async def test_fault_outside_an_operation_is_logged_and_closed_with_4500(agent, monkeypatch, caplog):
    def fail(*arguments):
        raise RuntimeError("an unexpected fault")

    monkeypatch.setattr(consumer, "authenticate", fail)
    async with Client() as client:
        await client.connect()
        await client.send({"type": "connection_init", "payload": agent.payload})

        assert await client.close_code() == 4500

    [record] = caplog.records
    assert "an unexpected fault" in str(record.exc_info)


async def test_failing_task_is_logged_and_closed_with_4500(agent, monkeypatch, caplog):
    async def fail(self):
        raise RuntimeError("an unexpected fault")

    monkeypatch.setattr("crm.graphql.websocket.delivery.Delivery.run", fail)
    async with Client() as client:
        await client.open(agent.payload)

        assert await client.close_code() == 4500

    [record] = caplog.records
    assert "an unexpected fault" in str(record.exc_info)
