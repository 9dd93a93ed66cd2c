import asyncio
import threading

from channels.layers import InMemoryChannelLayer

from crm.events import wakeups
from tests.events.layers import in_memory_layer, layer_in_use, listening
from tests.patience import PATIENCE_SECONDS


async def test_a_wakeup_of_a_thread_reaches_listeners_of_this_process():
    with layer_in_use(in_memory_layer()):
        async with listening() as counter:
            await asyncio.to_thread(wakeups.publish)

            await counter.next()


async def test_a_listener_that_stopped_is_not_woken():
    with layer_in_use(in_memory_layer()):
        async with listening() as counter:
            pass

        wakeups.publish()
        await asyncio.sleep(0)

        assert counter.is_empty


def test_publishing_without_a_listener_does_nothing():
    with layer_in_use(in_memory_layer()):
        wakeups.publish()

        assert wakeups.flush(1)


def test_publishing_to_a_closed_loop_does_nothing():
    loop = asyncio.new_event_loop()
    sender = wakeups.Sender(loop)
    wakeups._listening[loop] = lambda: None
    loop.close()

    with layer_in_use(in_memory_layer()):
        wakeups.publish()
    sender.request()

    assert sender.idle.is_set()
    assert loop not in wakeups._listening


class HungLayer:
    """Finishes sending only when it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()

    async def group_send(self, group, message):
        await asyncio.to_thread(self.let_go.wait, PATIENCE_SECONDS)


def test_a_hung_layer_delays_no_caller(monkeypatch):
    monkeypatch.setattr(wakeups, "SEND_LIMIT_SECONDS", PATIENCE_SECONDS)
    with layer_in_use(HungLayer()) as hung:
        wakeups.publish()

        assert not wakeups.flush(0)
        hung.let_go.set()
        assert wakeups.flush(PATIENCE_SECONDS)


def test_a_wakeup_that_a_hung_layer_does_not_take_is_lost(monkeypatch, caplog):
    monkeypatch.setattr(wakeups, "SEND_LIMIT_SECONDS", 0.05)
    with layer_in_use(HungLayer()) as hung:
        wakeups.publish()

        assert wakeups.flush(PATIENCE_SECONDS)
        hung.let_go.set()

    [record] = caplog.records
    assert "lost" in record.message


class SlowLayer:
    """Finishes sending once ``opened`` is set."""

    def __init__(self) -> None:
        self.entered, self.opened, self.sent = asyncio.Event(), asyncio.Event(), 0

    async def group_send(self, group, message):
        self.entered.set()
        await self.opened.wait()
        self.sent += 1


async def test_wakeups_requested_while_one_is_sent_become_one():
    with layer_in_use(SlowLayer()) as slow:
        sender = wakeups.Sender(asyncio.get_running_loop())
        sender.request()
        await slow.entered.wait()
        for _ in range(100):
            sender.request()
        slow.opened.set()
        assert sender._task is not None
        await sender._task

    assert (slow.sent, sender.idle.is_set()) == (2, True)


class FragileLayer(InMemoryChannelLayer):
    """Fails the first attempts to join, to receive or to leave."""

    def __init__(self, *, joins: int = 0, receives: int = 0) -> None:
        super().__init__()
        self.joins, self.receives = joins, receives

    async def group_add(self, group, channel):
        self.joins -= 1
        if self.joins >= 0:
            raise ConnectionError("away")
        await super().group_add(group, channel)

    async def receive(self, channel):
        self.receives -= 1
        if self.receives >= 0:
            raise ConnectionError("away")
        return await super().receive(channel)

    async def group_discard(self, group, channel):
        raise ConnectionError("away")


async def test_after_the_layer_failed_wakeups_arrive_again(monkeypatch, caplog):
    monkeypatch.setattr(wakeups, "RETRY_SECONDS", 0.01)
    monkeypatch.setattr(wakeups, "crosses_processes", lambda: True)
    with layer_in_use(FragileLayer(joins=2, receives=2)) as fragile:
        async with listening() as counter:
            while fragile.receives >= 0:
                await asyncio.sleep(0.01)
            while not counter.is_empty:
                await counter.next()

            await fragile.group_send(wakeups.GROUP, {"type": "crm.event"})
            await counter.next()

    assert len([record for record in caplog.records if "do not arrive" in record.message]) == 4
