import asyncio
import time

from crm.events import hints, hub
from tests.events.layers import Heard, in_memory_layer, layer_in_use, lead_event


async def test_an_event_published_by_a_thread_reaches_the_hub_of_this_process():
    with layer_in_use(in_memory_layer()):
        heard = Heard()
        await hub.subscribe(1, heard)

        await asyncio.to_thread(hints.publish, lead_event(9))

        assert await heard.next() == lead_event(9)
        await hub.stop()


async def test_a_burst_arrives_whole_and_in_order():
    with layer_in_use(in_memory_layer()):
        heard = Heard()
        await hub.subscribe(1, heard)

        for number in range(1_000):
            hints.publish(lead_event(number))

        assert [(await heard.next()).object_id for _ in range(1_000)] == list(range(1_000))
        await hub.stop()


def test_publishing_without_a_listener_does_nothing():
    with layer_in_use(in_memory_layer()):
        hints.publish(lead_event())

        assert hints.flush(1)


def test_publishing_to_a_closed_loop_does_nothing():
    with layer_in_use(in_memory_layer()):
        loop = asyncio.new_event_loop()
        sender = hints.Sender(loop)
        loop.close()

        sender.put({"type": "crm.event"})

        assert sender.idle.is_set()


class HungLayer:
    """Never finishes sending."""

    async def group_send(self, group, message):
        await asyncio.Event().wait()


def test_a_hung_layer_delays_no_caller(monkeypatch, caplog):
    monkeypatch.setattr(hints, "SEND_LIMIT_SECONDS", 0.05)
    with layer_in_use(HungLayer()):
        started = time.monotonic()
        hints.publish(lead_event())
        called = time.monotonic() - started

        assert hints.flush(5)

    assert called < 0.04
    [record] = caplog.records
    assert "lost" in record.message


def test_what_piles_up_is_bounded(monkeypatch, caplog):
    monkeypatch.setattr(hints, "MOST_PENDING", 3)
    loop = asyncio.new_event_loop()
    sender = hints.Sender(loop)

    for _ in range(5):
        sender.put({"type": "crm.event"})
    loop.close()

    assert len(caplog.records) == 2
