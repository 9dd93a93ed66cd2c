"""A stream that was idle for long on a real Redis: redis-py 8 gives up silent connections after 5 s."""

import asyncio

import pytest

from tests.events.layers import emit_events_async, layer_in_use, make_event, redis_layer
from tests.graphql.websocket.client import Client
from tests.graphql.websocket.conftest import agent, limit, make_member  # noqa: F401 - fixtures

pytestmark = pytest.mark.postgres

IDLE_SECONDS = 30


async def test_an_event_after_half_a_minute_of_silence_arrives(agent, settings, caplog, monkeypatch):  # noqa: F811
    settings.ALLOWED_HOSTS = ["testserver"]
    # So seldom that only a wake-up can bring the event in time.
    monkeypatch.setattr("crm.events.tail.POLL_SECONDS", 600)
    with layer_in_use(redis_layer()):
        async with Client() as client:
            await client.open(agent.payload)
            await client.listen("a", "subscription { thingUpdate { id } }")
            # Nothing can be awaited that would say that nothing happened: the time is what is tested.
            await asyncio.sleep(IDLE_SECONDS)
            while not client.socket.output_queue.empty():
                assert (await client.receive())["type"] == "ping"

            await emit_events_async(make_event(7, company_id=agent.company.pk))

            while (message := await client.receive())["type"] == "ping":
                pass
            assert message["payload"]["data"]["thingUpdate"]["id"] == "7"
    assert [record for record in caplog.records if record.levelname != "INFO"] == []
