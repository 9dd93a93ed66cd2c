import asyncio
import logging
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from crm.events import hub
from tests.events.layers import Heard, in_memory_layer, layer_in_use, lead_event


@pytest.fixture(autouse=True)
def layer():
    with layer_in_use(in_memory_layer()) as layer:
        yield layer


async def send(layer: Any, **fields: Any) -> None:
    await layer.group_send(hub.GROUP, {"type": "crm.event", "event": lead_event(**fields).to_message()})


async def test_an_event_reaches_every_listener_of_its_company(layer):
    first, second = Heard(), Heard()
    await hub.subscribe(1, first)
    await hub.subscribe(1, second)

    await send(layer, object_id=9)

    assert await first.next() == lead_event(9)
    assert await second.next() == lead_event(9)
    await hub.stop()


async def test_an_event_of_another_company_is_not_heard(layer):
    heard = Heard()
    await hub.subscribe(1, heard)

    await send(layer, object_id=8, company_id=2)
    await send(layer, object_id=9)

    assert (await heard.next()).object_id == 9
    await hub.stop()


async def test_who_ended_the_subscription_hears_no_more(layer):
    ended, stayed = Heard(), Heard()
    unsubscribe = await hub.subscribe(1, ended)
    await hub.subscribe(1, stayed)

    unsubscribe()
    await send(layer)

    await stayed.next()
    assert ended.events.empty()
    await hub.stop()


async def test_the_end_of_the_last_subscription_leaves_the_group(layer):
    unsubscribe = await hub.subscribe(1, Heard())
    assert list(layer.groups) == [hub.GROUP]
    [receiving] = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    unsubscribe()
    await asyncio.wait([receiving], timeout=5)

    assert receiving.cancelled()
    assert layer.groups == {}
    assert hub.listening_loop() is None


async def test_ending_a_subscription_twice_is_harmless(layer):
    heard = Heard()
    unsubscribe = await hub.subscribe(1, heard)
    unsubscribe()
    await hub.subscribe(1, heard)

    unsubscribe()
    await send(layer)

    await heard.next()
    await hub.stop()


async def test_a_subscription_can_follow_the_last_one_at_once(layer):
    heard = Heard()
    unsubscribe = await hub.subscribe(1, Heard())
    unsubscribe()
    await hub.subscribe(1, heard)

    await send(layer)

    await heard.next()
    assert heard.events.empty()
    await hub.stop()


async def test_a_failing_listener_does_not_hurt_the_others(layer, caplog):
    heard = Heard()

    def fail(event):
        raise RuntimeError("broken listener")

    await hub.subscribe(1, fail)
    await hub.subscribe(1, heard)

    await send(layer, object_id=1)
    await send(layer, object_id=2)

    assert [(await heard.next()).object_id, (await heard.next()).object_id] == [1, 2]
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.ERROR]
    await hub.stop()


async def test_an_unreadable_message_is_dropped(layer, caplog):
    heard = Heard()
    await hub.subscribe(1, heard)

    await layer.group_send(hub.GROUP, {"type": "crm.event", "event": {"company_id": 1}})
    await send(layer)

    await heard.next()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    await hub.stop()


class FragileLayer(InMemoryChannelLayer):
    """Fails the first attempts to join, or the first to receive."""

    def __init__(self, *, joins: int = 0, receives: int = 0) -> None:
        super().__init__()
        self.joins, self.receives = joins, receives

    async def group_add(self, group: str, channel: str) -> None:
        self.joins -= 1
        if self.joins >= 0:
            raise ConnectionError("away")
        await super().group_add(group, channel)

    async def receive(self, channel: str) -> Any:
        self.receives -= 1
        if self.receives >= 0:
            raise ConnectionError("away")
        return await super().receive(channel)


@pytest.mark.parametrize("failures", [{"joins": 2}, {"receives": 2}])
async def test_the_hub_joins_again_after_the_layer_failed(failures, monkeypatch, caplog):
    monkeypatch.setattr(hub, "RETRY_SECONDS", 0.01)
    with layer_in_use(FragileLayer(**failures)) as fragile:
        heard = Heard()
        await hub.subscribe(1, heard)

        while fragile.receives >= 0:
            await asyncio.sleep(0)
        while hub.GROUP not in fragile.groups:
            await asyncio.sleep(0)
        await send(fragile)

        await heard.next()
        assert len(caplog.records) == 2
        await hub.stop()


async def test_a_subscription_does_not_wait_for_a_layer_that_is_away(monkeypatch):
    monkeypatch.setattr(hub, "JOIN_LIMIT_SECONDS", 0.05)
    with layer_in_use(FragileLayer(joins=1_000)):
        async with asyncio.timeout(2):
            unsubscribe = await hub.subscribe(1, Heard())

        unsubscribe()
        assert hub.listening_loop() is None


async def test_a_subscription_that_is_given_up_while_it_joins_leaves_nothing():
    with layer_in_use(FragileLayer(joins=1_000)):
        joining = asyncio.create_task(hub.subscribe(1, Heard()))
        await asyncio.sleep(0)

        joining.cancel()
        await asyncio.wait([joining])

        assert joining.cancelled()
        assert hub.listening_loop() is None
